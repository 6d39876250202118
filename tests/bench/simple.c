// SPDX-License-Identifier: MIT
//
// Callbacks without an object.
#include "harness/bench.h"
#include "harness/families.h"

#define CALLBACKS 500000

static void CALLBACK count(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    tally();
}

static DWORD WINAPI count_item(void *context)
{
    (void)context;
    tally();
    return 0;
}

static void finish(double start, size_t times)
{
    tally_await(times);
    double end = now();
    region_end();
    report("per-op", (end - start) / (double)times);
}

static void try_submit(PTP_CALLBACK_ENVIRON environment)
{
    size_t times = scaled(CALLBACKS, 100);
    region_begin();
    double start = now();
    for (size_t i = 0; i < times; i++)
        require(api.TrySubmitThreadpoolCallback(count, NULL, environment), "post %zu was refused: error %lu", i,
                GetLastError());
    finish(start, times);
}

static void on_default_pool(void)
{
    try_submit(NULL);
}

static void on_pool_of_two(void)
{
    PTP_POOL pool = api.CreateThreadpool(NULL);
    require(pool, "no pool: error %lu", GetLastError());
    api.SetThreadpoolThreadMaximum(pool, 2);
    TP_CALLBACK_ENVIRON environment;
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
    try_submit(&environment);
}

static void queue_items(void)
{
    size_t times = scaled(CALLBACKS, 100);
    region_begin();
    double start = now();
    for (size_t i = 0; i < times; i++)
        require(api.QueueUserWorkItem(count_item, NULL, 0), "item %zu was refused: error %lu", i, GetLastError());
    finish(start, times);
}

#define WITHOUT_BOUND                                                                                                  \
    {                                                                                                                  \
        {.name = "per-op",                                                                                             \
         .unit = "ns",                                                                                                 \
         .limit = "limit-heap/per-op",                                                                                 \
         .least = {.ratio = 100},                                                                                      \
         .aim = {.ratio = 200, .at_most = AT_MOST(100)}},                                                              \
    }

static const struct workload list[] = {
    {.name = "try-submit",
     .what = "500,000 of TrySubmitThreadpoolCallback, default pool",
     .run = on_default_pool,
     .measures = WITHOUT_BOUND},
    {.name = "try-submit-max-2",
     .what = "the same on a pool of at most two threads",
     .run = on_pool_of_two,
     .measures =
         {{.name = "per-op", .unit = "ns", .limit = "limit-heap/per-op", .least = {.ratio = 2}, .aim = {.ratio = 5}}}},
    {.name = "queue-user-work-item",
     .what = "500,000 of QueueUserWorkItem",
     .run = queue_items,
     .measures = WITHOUT_BOUND},
};
FAMILY(simple, list);
