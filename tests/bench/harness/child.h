// SPDX-License-Identifier: MIT
#ifndef BENCH_CHILD_H
#define BENCH_CHILD_H

#include "options.h"

// How a child tells its parent: a line each, the mark first.
#define MARK_VALUE   'v'
#define MARK_UNTOLD  'u'
#define MARK_COUNT   'c'
#define MARK_FAILURE 'f'

#define EXIT_DONE   0
#define EXIT_FAILED 1

// Runs the workload that the options name, and ends the process.
_Noreturn void child_main(const struct options *options);

#endif
