// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_CONTENTION_WORKLOADS_H
#define NTPOOL_TESTS_CONTENTION_WORKLOADS_H

#include <stdint.h>

/** Before a workload: which stream of numbers says how long its callbacks are. */
void workload_vary(unsigned sample);

/* What is counted. run starts from a pool whose workers have all run before, and gives how many callbacks ran. */
struct workload {
    const char *name;
    uint64_t (*run)(unsigned processors);
};

extern const struct workload workloads[];
extern const unsigned workload_count;

#endif
