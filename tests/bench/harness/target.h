// SPDX-License-Identifier: MIT
#ifndef BENCH_TARGET_H
#define BENCH_TARGET_H

#include "results.h"

// The numbers that a target is judged by; NAN where there is none.
struct judged {
    double first;
    double second;
    double limit;
    double other;
    double processors;
};

struct judged target_numbers(const struct results *results, const struct result *result, size_t measure);
// "at least 5x; aim 15x, 1.5x limit", or "" when a measure has no target.
void target_text(const struct measure *measure, double processors, char *out, size_t size);
// "aim", "met", "missed", "unknown" when numbers are missing, or "" without a target.
const char *target_verdict(const struct measure *measure, const struct judged *judged);

#endif
