// SPDX-License-Identifier: MIT
#ifndef BENCH_FAMILIES_H
#define BENCH_FAMILIES_H

#include "workload.h"

// Workloads that belong together.
struct family {
    const struct workload *workloads;
    size_t count;
};

// Declared here, defined in the file of the family, and listed in registry.c.
#define FAMILY(name, list) const struct family name##_family = {list, sizeof(list) / sizeof *(list)}

extern const struct family limit_counter_family, limit_pool_family, limit_wake_family, limit_heap_family,
    limit_lines_family;
extern const struct family submit_family, simple_family, fan_out_family, life_family, latency_family;
extern const struct family timer_family, lateness_family, legacy_family, wait_family;
extern const struct family io_file_family, io_pipe_family, blocking_family, computing_family;
extern const struct family growth_family, mixed_family, fairness_family, group_family, memory_family, idle_family,
    self_family;

#endif
