// SPDX-License-Identifier: MIT
//
// Timer queues, the older API.
#include "harness/bench.h"
#include "harness/families.h"

#define TIMERS       10000
#define HOUR_MS      3600000
#define SOME_DAYS_MS 1000000000

static void CALLBACK never(void *context, BOOLEAN fired)
{
    (void)context, (void)fired;
    fail("a timer that is due in an hour or more was called");
}

static DWORD far_away(void)
{
    return HOUR_MS + (DWORD)(random_number() % SOME_DAYS_MS);
}

static void timer_queue(void)
{
    size_t count = scaled(TIMERS, 10);
    HANDLE *timers = zeroed(count, sizeof *timers);
    uint32_t *order = shuffled(count), *other = shuffled(count);
    HANDLE queue = api.CreateTimerQueue();
    require(queue, "no timer queue: error %lu", GetLastError());
    region_begin();
    double start = now();
    for (size_t i = 0; i < count; i++)
        require(api.CreateTimerQueueTimer(&timers[i], queue, never, NULL, far_away(), 0, 0),
                "timer %zu could not be created: error %lu", i, GetLastError());
    double created = now();
    for (size_t i = 0; i < count; i++)
        require(api.ChangeTimerQueueTimer(queue, timers[order[i]], far_away(), 0),
                "timer %zu could not be changed: error %lu", i, GetLastError());
    double changed = now();
    region_look();
    for (size_t i = 0; i < count; i++)
        require(api.DeleteTimerQueueTimer(queue, timers[other[i]], NULL) || GetLastError() == ERROR_IO_PENDING,
                "timer %zu could not be deleted: error %lu", i, GetLastError());
    double deleted = now();
    region_end();
    report("create", (created - start) / (double)count);
    report("change", (changed - created) / (double)count);
    report("delete", (deleted - changed) / (double)count);
}

static const struct workload list[] = {
    {.name = "timer-queue",
     .what = "10,000 timers of a timer queue created, changed and deleted",
     .run = timer_queue,
     .measures = {{.name = "create", .unit = "ns"},
                  {.name = "change", .unit = "ns"},
                  {.name = "delete", .unit = "ns"}}},
};
FAMILY(legacy, list);
