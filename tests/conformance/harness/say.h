// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_SAY_H
#define CONFORMANCE_SAY_H

// What a test's process tells the process that started it: lines on standard output, each with a mark, and an exit
// code.

#define MARK_FAILURE     'F'
#define MARK_OBSERVATION 'O'
#define MARK_REMARK      'R'
#define MARK_SKIP        'S'
#define MARK_CRASH       'C'
#define MARK_TOLD        'T'

#define EXIT_PASSED  0
#define EXIT_FAILED  1
#define EXIT_SKIPPED 77

#include <stdbool.h>

// Whether a check failed in this process.
bool has_failed(void);
// From now on an exception that nobody handles is told before the process ends with its code.
void say_crashes(void);

#endif
