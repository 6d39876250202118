// SPDX-License-Identifier: MIT
#include "families.h"

#include <string.h>

static const struct family *const families[] = {
    &limit_counter_family, &submit_family,      &simple_family,  &limit_pool_family, &fan_out_family,
    &limit_wake_family,    &life_family,        &latency_family, &limit_heap_family, &timer_family,
    &lateness_family,      &legacy_family,      &wait_family,    &io_file_family,    &io_pipe_family,
    &blocking_family,      &computing_family,   &mixed_family,   &fairness_family,   &group_family,
    &memory_family,        &limit_lines_family, &growth_family,  &idle_family,       &self_family,
};

const struct workload *workload_at(size_t index)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        if (index < families[i]->count)
            return &families[i]->workloads[index];
        index -= families[i]->count;
    }
    return NULL;
}

const struct workload *workload_named(const char *name)
{
    const struct workload *workload;
    for (size_t i = 0; (workload = workload_at(i)); i++)
        if (!strcmp(workload->name, name))
            return workload;
    return NULL;
}

size_t measures_of(const struct workload *workload)
{
    size_t count = 0;
    while (count < MEASURES_AT_MOST && workload->measures[count].name)
        count++;
    return count;
}

const struct measure *measure_named(const char *path, const struct workload **owner)
{
    size_t length = strcspn(path, "/");
    const struct workload *workload;
    for (size_t i = 0; (workload = workload_at(i)); i++) {
        if (strncmp(workload->name, path, length) || workload->name[length] || path[length] != '/')
            continue;
        for (size_t j = 0; j < measures_of(workload); j++)
            if (!strcmp(workload->measures[j].name, path + length + 1)) {
                *owner = workload;
                return &workload->measures[j];
            }
    }
    return NULL;
}

static bool matches(const char *pattern, const char *end, const char *name)
{
    if (pattern == end)
        return !*name;
    if (*pattern == '*')
        return matches(pattern + 1, end, name) || (*name && matches(pattern, end, name + 1));
    return *name && (*pattern == '?' || *pattern == *name) && matches(pattern + 1, end, name + 1);
}

bool pattern_matches(const char *patterns, const char *name)
{
    for (;;) {
        const char *end = patterns + strcspn(patterns, ",");
        if (matches(patterns, end, name))
            return true;
        if (!*end)
            return false;
        patterns = end + 1;
    }
}
