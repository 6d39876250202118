// SPDX-License-Identifier: MIT
//
// Callbacks that block, in a process that has not used its pool before.
#include "harness/bench.h"
#include "harness/families.h"

#define CALLBACKS      64
#define SLEEP_MS       50
#define FLOOD          100000
#define BLOCKERS       16
#define SETTLE_SPIN_MS 20

static struct latch all;
static DWORD sleep_ms;

static void post(PTP_SIMPLE_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    require(api.TrySubmitThreadpoolCallback(callback, context, environment), "a post was refused: error %lu",
            GetLastError());
}

static void CALLBACK sleep_a_while(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    Sleep(sleep_ms);
    tally();
    latch_drop(&all);
}

static void take_time(PTP_CALLBACK_ENVIRON environment)
{
    latch_prepare(&all, CALLBACKS);
    region_begin();
    double start = now();
    for (size_t i = 0; i < CALLBACKS; i++)
        post(sleep_a_while, NULL, environment);
    latch_await(&all);
    double end = now();
    region_end();
    tally_verify(CALLBACKS);
    report("time", (end - start) / 1e6);
    report("workers", (double)tally_threads());
}

static void all_sleep(void)
{
    sleep_ms = (DWORD)scaled(SLEEP_MS, 1);
    take_time(NULL);
}

static void all_sleep_on_four(void)
{
    sleep_ms = (DWORD)scaled(SLEEP_MS, 1);
    PTP_POOL pool = api.CreateThreadpool(NULL);
    require(pool, "no pool: error %lu", GetLastError());
    api.SetThreadpoolThreadMaximum(pool, 4);
    require(api.SetThreadpoolThreadMinimum(pool, 4), "no four threads: error %lu", GetLastError());
    TP_CALLBACK_ENVIRON environment;
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
    take_time(&environment);
}

static void just_sleep(void)
{
    double start = now();
    Sleep((DWORD)scaled(SLEEP_MS, 1));
    report("one", (now() - start) / 1e6);
    start = now();
    for (int i = 0; i < CALLBACKS / 4; i++)
        Sleep((DWORD)scaled(SLEEP_MS, 1));
    report("sixteen", (now() - start) / 1e6);
}

// ---- Progress beside blocked callbacks ------------------------------------------------------------------------

static HANDLE opened;
static struct latch blocked;

static void CALLBACK block(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    latch_drop(&blocked);
    WaitForSingleObject(opened, INFINITE);
}

static void CALLBACK count(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    tally();
}

static void make_gate(size_t blockers)
{
    latch_prepare(&blocked, blockers);
    opened = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(opened, "no event: error %lu", GetLastError());
}

static void flood_beside_blocked(void)
{
    size_t times = scaled(FLOOD, 100);
    make_gate(BLOCKERS);
    region_begin();
    double start = now();
    for (size_t i = 0; i < BLOCKERS; i++)
        post(block, NULL, NULL);
    for (size_t i = 0; i < times; i++)
        post(count, NULL, NULL);
    tally_await(times);
    double end = now();
    region_end();
    SetEvent(opened);
    report("time", (end - start) / 1e6);
}

static volatile bool spinning_over;

static void spin(size_t index, void *context)
{
    (void)index, (void)context;
    while (!spinning_over)
        YieldProcessor();
}

static void CALLBACK stamp(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    *(double *)context = now();
    latch_drop(&all);
}

static void progress_beside_spinning(void)
{
    static double started_at;
    size_t blockers = processors();
    make_gate(blockers);
    latch_prepare(&all, 1);
    for (size_t i = 0; i < blockers; i++)
        post(block, NULL, NULL);
    latch_await(&blocked);
    region_begin();
    crew_start(processors(), spin, NULL);
    crew_go();
    pause_for(SETTLE_SPIN_MS);
    double start = now();
    post(stamp, &started_at, NULL);
    latch_await(&all);
    spinning_over = true;
    crew_join();
    region_end();
    SetEvent(opened);
    report("progress", (started_at - start) / 1e6);
}

static const struct workload list[] = {
    {.name = "limit-sleep",
     .what = "Sleep(50), once and sixteen times",
     .run = just_sleep,
     .reference = true,
     .measures = {{.name = "one", .unit = "ms"}, {.name = "sixteen", .unit = "ms"}}},
    {.name = "sleep-64",
     .what = "64 callbacks of Sleep(50) at once, default pool, cold process",
     .run = all_sleep,
     .measures = {{.name = "time",
                   .unit = "ms",
                   .limit = "limit-sleep/one",
                   .least = {.ratio = 1},
                   .aim = {.at_most = AT_MOST(90)}},
                  {.name = "workers", .unit = "threads"}}},
    {.name = "sleep-64-exactly-4",
     .what = "the same on a pool of exactly four threads",
     .run = all_sleep_on_four,
     .measures = {{.name = "time", .unit = "ms", .limit = "limit-sleep/sixteen"},
                  {.name = "workers", .unit = "threads"}}},
    {.name = "flood-beside-blocked",
     .what = "100,000 small callbacks posted behind 16 that block until all have run",
     .run = flood_beside_blocked,
     .measures = {{.name = "time", .unit = "ms"}}},
    {.name = "spin-beside-blocked",
     .what = "each processor has a blocked callback and a spinning thread: when one more callback starts",
     .run = progress_beside_spinning,
     .measures =
         {{.name = "progress", .unit = "ms", .least = {.at_most = AT_MOST(150)}, .aim = {.at_most = AT_MOST(100)}}}},
};
FAMILY(blocking, list);
