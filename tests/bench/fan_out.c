// SPDX-License-Identifier: MIT
//
// Callbacks that submit two more each.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#define DEPTH 18

static size_t depth_by_scale(void)
{
    size_t leaves = scaled((size_t)1 << DEPTH, 16), depth = 0;
    while (((size_t)2 << depth) <= leaves)
        depth++;
    return depth;
}

static void CALLBACK branch(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    size_t depth = (size_t)context;
    for (int i = 0; depth && i < 2; i++)
        require(api.TrySubmitThreadpoolCallback(branch, (void *)(depth - 1), NULL), "a post was refused: error %lu",
                GetLastError());
    tally();
}

static void fan_out(void)
{
    size_t depth = depth_by_scale();
    uint64_t callbacks = ((uint64_t)2 << depth) - 1;
    region_begin();
    double start = now();
    require(api.TrySubmitThreadpoolCallback(branch, (void *)depth, NULL), "the first post was refused: error %lu",
            GetLastError());
    tally_await(callbacks);
    double end = now();
    region_end();
    report("per-op", (end - start) / (double)callbacks);
    // The main thread is the application's.
    report("threads", (double)process_look().threads - 1);
}

static const struct workload list[] = {
    {.name = "fan-out",
     .what = "recursive TrySubmitThreadpoolCallback to depth 18, each submits two",
     .run = fan_out,
     .measures = {{.name = "per-op",
                   .unit = "ns",
                   .limit = "limit-plain-pool/per-op",
                   .least = {.ratio = 30},
                   .aim = {.ratio = 60}},
                  {.name = "threads", .unit = "threads", .aim = {.at_most = AT_MOST_PROCESSORS(1, 2)}}}},
};
FAMILY(fan_out, list);
