// SPDX-License-Identifier: MIT
//
// How the processes of a scenario end.
#ifndef CONFORMANCE_ENDINGS_H
#define CONFORMANCE_ENDINGS_H

#include "harness/suite.h"

struct ending {
    DWORD code;
    const char *before_detach; // what is said before any detach code runs
    const char *in_detach;     // and what it says
};

// Runs the scenario at most so often, and ends the test as soon as one process does not end like this.
void check_endings(const char *scenario, int rounds, const struct ending *ending);
// The same with the scenario of that level: nt_ and its name at NT level.
void check_endings_at(const struct level *at, const char *scenario, int rounds, const struct ending *ending);

#endif
