// SPDX-License-Identifier: MIT
#ifndef BENCH_REGION_H
#define BENCH_REGION_H

#include "host_counts.h"

// How the process stands: all its threads, and the memory that it alone holds.
struct process_look {
    size_t threads;
    double private_bytes;
};

struct process_look process_look(void);
double process_cpu_ms(void);
// Zero when the host does not tell.
double private_bytes(void);
// Once they stay the same: the pool's threads, which give back most of their stacks, may have been started only now.
double steady_private_bytes(void);
// Reports a growth of private memory for each of some objects.
void report_growth(const char *measure, double from, size_t count);

#endif
