// SPDX-License-Identifier: MIT
#ifndef BENCH_RUNNER_H
#define BENCH_RUNNER_H

#include "results.h"

// Runs a workload once, in a process of its own, and adds what it gave.
void run_once(const struct options *options, const struct workload *workload, const char *dll, struct side *side);

#endif
