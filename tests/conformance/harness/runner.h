// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include "listing.h"
#include "options.h"
#include "suite.h"

// What is known beforehand; any of them may be NULL.
struct known {
    const struct listing *deviations;   // tests that fail on this host, and why
    const struct listing *observations; // what tests must have seen
    const struct listing *limits;       // facts that a host makes impossible
};

// Runs the chosen tests, each in a process of its own, and reports. Gives the exit code.
int run_all(const struct options *options, const struct known *known, struct test **tests, size_t count);

#endif
