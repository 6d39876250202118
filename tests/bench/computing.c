// SPDX-License-Identifier: MIT
//
// Callbacks that do nothing but compute. More threads than processors only cost.
#include "harness/bench.h"
#include "harness/families.h"

#define CALLBACKS  64
#define COMPUTE_MS 50

static struct latch all;
static uint64_t steps;

static void CALLBACK compute_once(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    compute(steps);
    tally();
    latch_drop(&all);
}

static void flood(void)
{
    steps = (uint64_t)(steps_per_millisecond() * (double)scaled(COMPUTE_MS, 1));
    latch_prepare(&all, CALLBACKS);
    // Of two times, before and after, so that a machine that others use too counts alike for both.
    double ideal = computed_without_pool(CALLBACKS, steps);
    region_begin();
    double start = now();
    for (size_t i = 0; i < CALLBACKS; i++)
        require(api.TrySubmitThreadpoolCallback(compute_once, NULL, NULL), "a post was refused: error %lu",
                GetLastError());
    latch_await(&all);
    double end = now();
    region_end();
    ideal = (ideal + computed_without_pool(CALLBACKS, steps)) / 2;
    tally_verify(CALLBACKS);
    report("time", (end - start) / 1e6);
    report("over-ideal", (end - start) / ideal);
    report("workers", (double)tally_threads());
}

static const struct workload list[] = {
    {.name = "compute-64",
     .what = "64 callbacks that compute for 50 ms each",
     .run = flood,
     .measures = {{.name = "time", .unit = "ms"},
                  {.name = "over-ideal", .unit = "times", .aim = {.at_most = AT_MOST(1.05)}},
                  {.name = "workers",
                   .unit = "threads",
                   .least = {.at_most = AT_MOST_PROCESSORS(2, 0)},
                   .aim = {.at_most = AT_MOST_PROCESSORS(1, 1)}}}},
};
FAMILY(computing, list);
