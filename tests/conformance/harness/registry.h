// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_REGISTRY_H
#define CONFORMANCE_REGISTRY_H

#include "suite.h"

// All tests, ordered by file and line. The array belongs to the registry.
struct test **all_tests(size_t *count);
struct test *find_test(const char *name);
struct scenario *find_scenario(const char *name);

// Whether the text matches a pattern in which * stands for any run of characters and ? for any one.
bool matches(const char *pattern, const char *text);
// The same for any of several patterns that are separated by commas.
bool matches_any(const char *patterns, const char *text);
// Whether one of the test's facts matches any of the patterns.
bool names_fact(const struct test *test, const char *patterns);

#endif
