// SPDX-License-Identifier: MIT
#include "statistics.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void series_add(struct series *series, double value)
{
    if (series->count < RUNS_AT_MOST)
        series->values[series->count++] = value;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double series_median(const struct series *series)
{
    size_t count = series->count;
    if (!count)
        return NAN;
    double sorted[RUNS_AT_MOST];
    memcpy(sorted, series->values, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double series_least(const struct series *series)
{
    double least = NAN;
    for (size_t i = 0; i < series->count; i++)
        least = fmin(least, series->values[i]);
    return least;
}

double series_most(const struct series *series)
{
    double most = NAN;
    for (size_t i = 0; i < series->count; i++)
        most = fmax(most, series->values[i]);
    return most;
}

char *number_text(double value, char *out, size_t size)
{
    double magnitude = fabs(value);
    if (isnan(value))
        snprintf(out, size, "-");
    else if (isinf(value))
        snprintf(out, size, "inf");
    else
        snprintf(out, size, "%.*f",
                 magnitude >= 100 || value == rint(value) ? 0
                 : magnitude >= 10                        ? 1
                 : magnitude >= 0.1                       ? 2
                                                          : 4,
                 value);
    return out;
}
