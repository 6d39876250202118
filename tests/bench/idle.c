// SPDX-License-Identifier: MIT
//
// A pool that has nothing to do.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#define TIMERS      1000
#define MANY_TIMERS 1000000
#define WAITS       1000
#define SETTLE_MS   500
#define WATCHED_MS  3000
#define HOUR_MS     3.6e6
#define STEP_LIMIT  30e9

static void CALLBACK no_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)context, (void)timer;
    fail("a timer that is due in an hour or more was called");
}

static void CALLBACK no_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance, (void)context, (void)wait, (void)result;
    fail("a wait was called that nobody signalled");
}

static void arm_timers(size_t count)
{
    double start = now();
    for (size_t i = 0; i < count; i++) {
        PTP_TIMER timer = api.CreateThreadpoolTimer(no_timer, NULL, NULL);
        require(timer, "timer %zu could not be created: error %lu", i, GetLastError());
        FILETIME due = due_in(HOUR_MS * (1 + (double)(random_number() % 1000)));
        api.SetThreadpoolTimer(timer, &due, 0, 0);
        require(i % 64 || now() - start < STEP_LIMIT, "only %zu of %zu timers were armed after %g s", i, count,
                STEP_LIMIT / 1e9);
    }
}

static void arm_waits(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
        PTP_WAIT wait = api.CreateThreadpoolWait(no_wait, NULL, NULL);
        require(event && wait, "wait %zu could not be created: error %lu", i, GetLastError());
        api.SetThreadpoolWait(wait, event, NULL);
    }
}

// The main thread only watches. Without finer counters the processor time is that of the whole process.
static void watch(void)
{
    pause_for((DWORD)scaled(SETTLE_MS, 100));
    region_begin();
    struct host_counts before, after;
    host_counts_begin(&before);
    double cpu = process_cpu_ms();
    Sleep((DWORD)scaled(WATCHED_MS, 10));
    cpu = process_cpu_ms() - cpu;
    host_counts_end(&after);
    region_end();
    if (before.switches_told && after.switches_told) {
        report("cpu", after.cpu_ms_of_others - before.cpu_ms_of_others);
        report("wake-ups", after.switches_of_others - before.switches_of_others);
    } else {
        report("cpu", cpu);
        report_untold("wake-ups", "this host does not tell the context switches of threads");
    }
}

static void with_timers_and_waits(void)
{
    arm_timers(scaled(TIMERS, 10));
    arm_waits(scaled(WAITS, 10));
    watch();
}

static void with_many_timers(void)
{
    arm_timers(scaled(MANY_TIMERS, 10));
    watch();
}

#define NOTHING .least = {.at_most = AT_MOST(0)}, .aim = {.at_most = AT_MOST(0)}

static const struct workload list[] = {
    {.name = "idle",
     .what = "3 seconds with 1,000 timers and 1,000 waits armed",
     .run = with_timers_and_waits,
     .measures = {{.name = "cpu", .unit = "ms", NOTHING}, {.name = "wake-ups", .unit = "switches", NOTHING}}},
    {.name = "idle-1000000",
     .what = "3 seconds with 1,000,000 timers armed",
     .run = with_many_timers,
     .measures = {{.name = "cpu", .unit = "ms", NOTHING}, {.name = "wake-ups", .unit = "switches", NOTHING}}},
};
FAMILY(idle, list);
