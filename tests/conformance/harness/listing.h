// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_LISTING_H
#define CONFORMANCE_LISTING_H

#include <stdbool.h>

// A file of "test: text" lines: what is known about some tests; or of "FACT on HOST: text" lines: what is known about
// some facts on some hosts. # starts a comment, names of tests and hosts are patterns.
struct listing;

// Reads the file, once for the whole run. NULL after a message. A name that fits no test is an error.
const struct listing *listing_read(const char *file);
// The text for this test or this "FACT on HOST": that of the last line whose pattern fits. NULL if none does, or
// without a listing.
const char *listing_text(const struct listing *listing, const char *name);

#endif
