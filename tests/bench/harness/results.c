// SPDX-License-Identifier: MIT
#include "results.h"

#include <math.h>
#include <string.h>

const struct result *result_of(const struct results *results, const struct workload *workload)
{
    for (size_t i = 0; i < results->count; i++)
        if (results->list[i].workload == workload)
            return &results->list[i];
    return NULL;
}

const struct series *count_of(const struct side *side, const char *name)
{
    static const struct series none;
    for (size_t i = 0; i < COUNTS_AT_MOST; i++)
        if (!strcmp(side->counts[i].name, name))
            return &side->counts[i].series;
    return &none;
}

double median_of(const struct results *results, const char *path, size_t side)
{
    const struct workload *workload;
    const struct measure *measure = path ? measure_named(path, &workload) : NULL;
    const struct result *result = measure ? result_of(results, workload) : NULL;
    if (!result)
        return NAN;
    return series_median(&result->sides[workload->reference ? 0 : side].values[measure - workload->measures]);
}

static size_t missing_of(const struct side *side, size_t measures)
{
    size_t missing = 0;
    for (size_t i = 0; i < measures; i++)
        missing += !side->untold[i][0] && !side->values[i].count;
    return missing + (side->trouble[0] && !missing);
}

size_t results_missing(const struct results *results)
{
    size_t missing = 0;
    for (size_t i = 0; i < results->count; i++) {
        const struct result *result = &results->list[i];
        for (size_t side = 0; side < (result->workload->reference ? 1 : results->sides); side++)
            missing += missing_of(&result->sides[side], measures_of(result->workload));
    }
    return missing;
}
