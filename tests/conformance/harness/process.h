// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_PROCESS_H
#define CONFORMANCE_PROCESS_H

#include "suite.h"

// Another process of this executable, whose standard output goes to a temporary file.
struct child {
    HANDLE process;
    HANDLE job;
    HANDLE output;
    double started;
};

// Starts `this.exe [--dll ...] [--rounds N] VERB NAME`.
bool child_start(struct child *child, const char *verb, const char *name);
// Collects a child that has ended; with `hung` it is terminated first.
void child_finish(struct child *child, bool hung, struct outcome *outcome);

// What is handed on to every child so that it resolves the same entry points, and goes on for as many rounds.
void child_hand_on(const char *dll, int rounds);

#endif
