// SPDX-License-Identifier: MIT
//
// What an object costs while it is there, and what stays when it is closed.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#include <string.h>

#define WORKS   100000
#define TIMERS  20000
#define WAITS   10000
#define HOUR_MS 3.6e6

static void CALLBACK no_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
}

static void CALLBACK no_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)context, (void)timer;
}

static void CALLBACK no_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance, (void)context, (void)wait, (void)result;
}

// A place for all objects whose own pages are there before memory is looked at.
static void **places(size_t count)
{
    void **all = zeroed(count, sizeof *all);
    memset(all, 1, count * sizeof *all);
    return all;
}

// One object first: what the first one brings with it is the pool's, not an object's.
static void works(void)
{
    size_t count = scaled(WORKS, 100);
    void **all = places(count);
    require(api.CreateThreadpoolWork(no_work, NULL, NULL), "no work object: error %lu", GetLastError());
    region_begin();
    double before = steady_private_bytes();
    for (size_t i = 0; i < count; i++) {
        all[i] = api.CreateThreadpoolWork(no_work, NULL, NULL);
        require(all[i], "work %zu could not be created: error %lu", i, GetLastError());
    }
    report_growth("each", before, count);
    region_look();
    for (size_t i = 0; i < count; i++)
        api.CloseThreadpoolWork(all[i]);
    report_growth("kept", before, count);
    region_end();
}

static void timers(void)
{
    size_t count = scaled(TIMERS, 100);
    void **all = places(count);
    FILETIME due = due_in(HOUR_MS);
    PTP_TIMER first = api.CreateThreadpoolTimer(no_timer, NULL, NULL);
    require(first, "no timer: error %lu", GetLastError());
    api.SetThreadpoolTimer(first, &due, 0, 0);
    region_begin();
    double before = steady_private_bytes();
    for (size_t i = 0; i < count; i++) {
        all[i] = api.CreateThreadpoolTimer(no_timer, NULL, NULL);
        require(all[i], "timer %zu could not be created: error %lu", i, GetLastError());
    }
    report_growth("each", before, count);
    for (size_t i = 0; i < count; i++)
        api.SetThreadpoolTimer(all[i], &due, 0, 0);
    report_growth("armed", before, count);
    region_look();
    for (size_t i = 0; i < count; i++)
        api.CloseThreadpoolTimer(all[i]);
    report_growth("kept", before, count);
    region_end();
}

static void waits(void)
{
    size_t count = scaled(WAITS, 100);
    void **all = places(count);
    require(api.CreateThreadpoolWait(no_wait, NULL, NULL), "no wait object: error %lu", GetLastError());
    region_begin();
    double before = steady_private_bytes();
    for (size_t i = 0; i < count; i++) {
        all[i] = api.CreateThreadpoolWait(no_wait, NULL, NULL);
        require(all[i], "wait %zu could not be created: error %lu", i, GetLastError());
    }
    report_growth("each", before, count);
    region_look();
    for (size_t i = 0; i < count; i++)
        api.CloseThreadpoolWait(all[i]);
    report_growth("kept", before, count);
    region_end();
}

static const struct workload list[] = {
    {.name = "memory-work",
     .what = "private memory of each of 100,000 work objects",
     .run = works,
     .measures = {{.name = "each", .unit = "bytes", .least = {.ratio = 1}, .aim = {.at_most = AT_MOST(128)}},
                  {.name = "kept", .unit = "bytes"}}},
    {.name = "memory-timer",
     .what = "of each of 20,000 timers, before and after arming",
     .run = timers,
     .measures = {{.name = "each", .unit = "bytes", .least = {.ratio = 1}, .aim = {.at_most = AT_MOST(160)}},
                  {.name = "armed", .unit = "bytes", .least = {.ratio = 1}, .aim = {.at_most = AT_MOST(160)}},
                  {.name = "kept", .unit = "bytes"}}},
    {.name = "memory-wait",
     .what = "of each of 10,000 waits that are not armed (for armed ones see the row waits)",
     .run = waits,
     .measures = {{.name = "each", .unit = "bytes"}, {.name = "kept", .unit = "bytes"}}},
};
FAMILY(memory, list);
