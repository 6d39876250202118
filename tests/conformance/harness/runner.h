// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_RUNNER_H
#define CONFORMANCE_RUNNER_H

#include "listing.h"
#include "options.h"
#include "suite.h"

// Runs the chosen tests, each in a process of its own, and reports. Gives the exit code.
int run_all(const struct options *options, const struct listing *deviations, const struct listing *observations,
            struct test **tests, size_t count);

#endif
