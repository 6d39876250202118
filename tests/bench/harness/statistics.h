// SPDX-License-Identifier: MIT
#ifndef BENCH_STATISTICS_H
#define BENCH_STATISTICS_H

#include "options.h"

#include <stddef.h>

// What repeated runs gave for one number.
struct series {
    double values[RUNS_AT_MOST];
    size_t count;
};

void series_add(struct series *series, double value);
// NAN when there are no values.
double series_median(const struct series *series);
double series_least(const struct series *series);
double series_most(const struct series *series);

// A number with about three digits that count; "-" for NAN. Gives `out`.
char *number_text(double value, char *out, size_t size);

#endif
