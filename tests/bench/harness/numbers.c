// SPDX-License-Identifier: MIT
#include "bench.h"

#include <stdlib.h>

void *zeroed(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);
    require(memory, "no memory for %zu times %zu bytes", count, size);
    return memory;
}

// The same order in each run, so that runs are alike.
uint64_t random_number(void)
{
    static uint64_t state = 0x9E3779B97F4A7C15u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

uint32_t *in_turn(size_t count)
{
    uint32_t *order = zeroed(count, sizeof *order);
    for (size_t i = 0; i < count; i++)
        order[i] = (uint32_t)i;
    return order;
}

uint32_t *shuffled(size_t count)
{
    uint32_t *order = zeroed(count, sizeof *order);
    for (size_t i = 0; i < count; i++) {
        size_t j = (size_t)(random_number() % (i + 1));
        order[i] = order[j];
        order[j] = (uint32_t)i;
    }
    return order;
}

static int compare(const void *left, const void *right)
{
    double a = *(const double *)left, b = *(const double *)right;
    return (a > b) - (a < b);
}

double percentile(double *samples, size_t count, double share)
{
    require(count, "no samples");
    qsort(samples, count, sizeof *samples, compare);
    size_t index = (size_t)(share * (double)(count - 1) + 0.5);
    return samples[index];
}

FILETIME due_in(double milliseconds)
{
    ULARGE_INTEGER due = {.QuadPart = (ULONGLONG) - (LONGLONG)(milliseconds * 1e4)};
    return (FILETIME){.dwLowDateTime = due.LowPart, .dwHighDateTime = due.HighPart};
}
