// SPDX-License-Identifier: MIT
#ifndef BENCH_JSON_H
#define BENCH_JSON_H

#include "results.h"

// Writes every value of every run. False, after a complaint, when the file cannot be written.
bool json_write(const char *path, const struct results *results);

#endif
