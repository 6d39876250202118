// SPDX-License-Identifier: MIT
//
// A cleanup group with many members.
#include "harness/bench.h"
#include "harness/families.h"

#define MEMBERS 100000

static void CALLBACK count(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    tally();
}

static void members(void)
{
    size_t times = scaled(MEMBERS, 100);
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    require(group, "no cleanup group: error %lu", GetLastError());
    TP_CALLBACK_ENVIRON environment;
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackCleanupGroup(&environment, group, NULL);
    region_begin();
    double start = now();
    for (size_t i = 0; i < times; i++)
        require(api.TrySubmitThreadpoolCallback(count, NULL, &environment), "member %zu was refused: error %lu", i,
                GetLastError());
    api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    double end = now();
    tally_verify(times);
    region_end();
    api.CloseThreadpoolCleanupGroup(group);
    report("per-member", (end - start) / (double)times);
}

static const struct workload list[] = {
    {.name = "group",
     .what = "a cleanup group of 100,000 TrySubmitThreadpoolCallback members, closed and waited for",
     .run = members,
     .measures = {{.name = "per-member",
                   .unit = "ns",
                   .limit = "limit-heap/per-op",
                   .least = {.ratio = 50},
                   .aim = {.ratio = 100}}}},
};
FAMILY(group, list);
