// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_DEVIATIONS_H
#define CONFORMANCE_DEVIATIONS_H

#include <stdbool.h>

// Reads a file of "test-name: reason" lines; # starts a comment, names are patterns. False after a message.
bool deviations_read(const char *file);
// The reason why this test is known to fail, or NULL.
const char *deviation_of(const char *test);

#endif
