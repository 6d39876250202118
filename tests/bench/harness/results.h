// SPDX-License-Identifier: MIT
#ifndef BENCH_RESULTS_H
#define BENCH_RESULTS_H

#include "options.h"
#include "statistics.h"
#include "workload.h"

#define COUNTS_AT_MOST 10

// A number beside the table, such as the count of threads.
struct count {
    char name[32];
    struct series series;
};

// What the runs of one workload gave with one DLL.
struct side {
    struct series values[MEASURES_AT_MOST];
    // Why the host does not tell a measure, or empty.
    char untold[MEASURES_AT_MOST][128];
    struct count counts[COUNTS_AT_MOST];
    // What kept a run from its end, or empty. There are no runs after it.
    char trouble[400];
};

struct result {
    const struct workload *workload;
    struct side sides[2];
};

struct results {
    const struct options *options;
    char machine[512];
    char host[128];
    double processors;
    struct result *list;
    size_t count;
    size_t sides;
};

// NULL when the workload was not run.
const struct result *result_of(const struct results *results, const struct workload *workload);
const struct series *count_of(const struct side *side, const char *name);
// The median of "workload/measure" on one side, or on the only one of a reference; NAN when there is none.
double median_of(const struct results *results, const char *path, size_t side);
// How many measures of all sides have neither a value nor a reason why the host does not tell.
size_t results_missing(const struct results *results);

#endif
