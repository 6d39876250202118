// SPDX-License-Identifier: MIT
//
// Callbacks that sleep and callbacks that compute, in one process that has not used its pool before. The first want
// many threads, the others as many as there are processors.
#include "harness/bench.h"
#include "harness/families.h"

#define EACH     64
#define SLEEP_MS 50

static DWORD sleep_ms;
static uint64_t steps;
static struct latch sleepers, computers;
static volatile LONG computing;
static volatile LONG computing_most;
static double sleeping_over, computing_over;

static void CALLBACK sleep_a_while(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    Sleep(sleep_ms);
    tally();
    latch_drop(&sleepers);
}

static void CALLBACK compute_a_while(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    LONG at_once = InterlockedIncrement(&computing), most = computing_most;
    while (at_once > most) {
        LONG seen = InterlockedCompareExchange(&computing_most, at_once, most);
        if (seen == most)
            break;
        most = seen;
    }
    compute(steps);
    InterlockedDecrement(&computing);
    tally();
    latch_drop(&computers);
}

static void post(PTP_SIMPLE_CALLBACK callback)
{
    require(api.TrySubmitThreadpoolCallback(callback, NULL, NULL), "a post was refused: error %lu", GetLastError());
}

static void prepare(size_t of_each)
{
    sleep_ms = (DWORD)scaled(SLEEP_MS, 1);
    steps = (uint64_t)(steps_per_millisecond() * sleep_ms);
    latch_prepare(&sleepers, of_each);
    latch_prepare(&computers, of_each);
}

static void await(void)
{
    latch_await(&computers);
    computing_over = now();
    latch_await(&sleepers);
    sleeping_over = now();
}

// Of two times, before and after, so that a machine that others use too counts alike for both.
static void at_once(size_t of_each)
{
    prepare(of_each);
    double ideal = computed_without_pool(of_each, steps);
    region_begin();
    double start = now();
    for (size_t i = 0; i < of_each; i++) {
        post(sleep_a_while);
        post(compute_a_while);
    }
    await();
    region_end();
    ideal = (ideal + computed_without_pool(of_each, steps)) / 2;
    tally_verify(2 * of_each);
    double end = sleeping_over > computing_over ? sleeping_over : computing_over;
    report("time", (end - start) / 1e6);
    report("over-ideal", (end - start) / ideal);
    report("workers", (double)tally_threads());
    report("computing", computing_most);
}

static void half_of_each(void)
{
    at_once(EACH / 2);
}

static void all_of_both(void)
{
    at_once(EACH);
}

static void one_after_the_other(void)
{
    prepare(EACH);
    double ideal = computed_without_pool(EACH, steps);
    region_begin();
    double start = now();
    for (size_t i = 0; i < EACH; i++)
        post(sleep_a_while);
    latch_await(&sleepers);
    double slept = now();
    for (size_t i = 0; i < EACH; i++)
        post(compute_a_while);
    latch_await(&computers);
    double end = now();
    region_end();
    ideal = (ideal + computed_without_pool(EACH, steps)) / 2;
    tally_verify(2 * EACH);
    report("sleep", (slept - start) / 1e6);
    report("compute", (end - slept) / 1e6);
    report("over-ideal", (end - slept) / ideal);
    report("computing", computing_most);
}

#define AT_ONCE                                                                                                        \
    {                                                                                                                  \
        {.name = "time", .unit = "ms"}, {.name = "over-ideal", .unit = "times"},                                       \
            {.name = "workers", .unit = "threads"},                                                                    \
        {                                                                                                              \
            .name = "computing", .unit = "at once"                                                                     \
        }                                                                                                              \
    }

static const struct workload list[] = {
    {.name = "sleep-then-compute",
     .what = "64 callbacks of Sleep(50), and after them 64 that compute for 50 ms, cold process",
     .run = one_after_the_other,
     .measures = {{.name = "sleep",
                   .unit = "ms",
                   .limit = "limit-sleep/one",
                   .least = {.ratio = 1},
                   .aim = {.at_most = AT_MOST(90)}},
                  {.name = "compute", .unit = "ms"},
                  {.name = "over-ideal", .unit = "times", .aim = {.at_most = AT_MOST(1.05)}},
                  {.name = "computing",
                   .unit = "at once",
                   .least = {.at_most = AT_MOST_PROCESSORS(2, 0)},
                   .aim = {.at_most = AT_MOST_PROCESSORS(1, 1)}}}},
    {.name = "sleep-and-compute",
     .what = "64 callbacks at once, half of Sleep(50), half computing for 50 ms",
     .run = half_of_each,
     .measures = AT_ONCE},
    {.name = "sleep-and-compute-128",
     .what = "64 callbacks of Sleep(50) and 64 that compute for 50 ms, posted in turn",
     .run = all_of_both,
     .measures = AT_ONCE},
};
FAMILY(mixed, list);
