// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_LIMITS_H
#define CONFORMANCE_LIMITS_H

#include "listing.h"

struct test;

// Why this host cannot have the test pass, if one of its facts is listed for the host; else NULL. Only a binding test
// has a limit: an observation may see anything.
const char *limit_of(const struct listing *limits, const struct test *test);

#endif
