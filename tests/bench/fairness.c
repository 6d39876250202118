// SPDX-License-Identifier: MIT
//
// Who has to wait while others run.
#include "harness/bench.h"
#include "harness/families.h"

#include <math.h>

#define OBJECTS        64
#define POSTS          2000
#define FLOODERS       4
#define STARVED_NS     3e9
#define LANE_CALLBACKS 20000

static PTP_POOL pool;
static TP_CALLBACK_ENVIRON environment;

static void make_pool(size_t threads)
{
    pool = api.CreateThreadpool(NULL);
    require(pool, "no pool: error %lu", GetLastError());
    api.SetThreadpoolThreadMaximum(pool, (DWORD)threads);
    InitializeThreadpoolEnvironment(&environment);
    SetThreadpoolCallbackPool(&environment, pool);
}

static PTP_WORK new_work(PTP_WORK_CALLBACK callback, void *context)
{
    PTP_WORK work = api.CreateThreadpoolWork(callback, context, &environment);
    require(work, "no work object: error %lu", GetLastError());
    return work;
}

// ---- Blocked workers, until everything is queued ---------------------------------------------------------------

static struct latch entered;
static HANDLE opened;

static void CALLBACK block(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
    latch_drop(&entered);
    WaitForSingleObject(opened, INFINITE);
}

static void occupy(size_t threads)
{
    opened = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(opened, "no event: error %lu", GetLastError());
    latch_prepare(&entered, threads);
    PTP_WORK work = new_work(block, NULL);
    for (size_t i = 0; i < threads; i++)
        api.SubmitThreadpoolWork(work);
    latch_await(&entered);
}

// ---- Objects ---------------------------------------------------------------------------------------------------

struct counted {
    _Alignas(64) volatile LONG ran;
    size_t at_quarter;
};

static struct counted objects[OBJECTS];
static volatile LONG64 ran;
static LONG64 quarter;

static void CALLBACK count(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)work;
    struct counted *own = context;
    InterlockedIncrement(&own->ran);
    if (InterlockedIncrement64(&ran) == quarter)
        for (size_t i = 0; i < OBJECTS; i++)
            objects[i].at_quarter = (size_t)objects[i].ran;
    tally();
}

static void between_objects(void)
{
    size_t posts = scaled(POSTS, 20);
    quarter = (LONG64)(posts * OBJECTS / 4);
    make_pool(processors());
    occupy(processors());
    for (size_t i = 0; i < OBJECTS; i++) {
        PTP_WORK work = new_work(count, &objects[i]);
        for (size_t j = 0; j < posts; j++)
            api.SubmitThreadpoolWork(work);
    }
    region_begin();
    double start = now();
    SetEvent(opened);
    tally_await(posts * OBJECTS);
    double end = now();
    region_end();
    double most = 0;
    for (size_t i = 0; i < OBJECTS; i++)
        most = fmax(most, (double)objects[i].at_quarter);
    report("most-served", most / ((double)posts / 4));
    report("per-op", (end - start) / (double)(posts * OBJECTS));
}

// ---- Lanes -----------------------------------------------------------------------------------------------------

static const char *const lane_names[] = {"high", "normal", "low"};
static double lane_mean[COUNT_OF(lane_names)];
static double *starts[COUNT_OF(lane_names)];
static volatile LONG lane_ran[COUNT_OF(lane_names)];

static void CALLBACK stamp(PTP_CALLBACK_INSTANCE instance, void *lane, PTP_WORK work)
{
    (void)instance, (void)work;
    LONG index = InterlockedIncrement(&lane_ran[(size_t)lane]) - 1;
    starts[(size_t)lane][index] = now();
    tally();
}

// As many in each lane, low first, all queued before any can run.
static void between_lanes(void)
{
    static const TP_CALLBACK_PRIORITY priorities[] = {TP_CALLBACK_PRIORITY_HIGH, TP_CALLBACK_PRIORITY_NORMAL,
                                                      TP_CALLBACK_PRIORITY_LOW};
    size_t times = scaled(LANE_CALLBACKS, 20);
    make_pool(processors());
    occupy(processors());
    for (size_t lane = COUNT_OF(lane_names); lane--;) {
        starts[lane] = zeroed(times, sizeof *starts[lane]);
        SetThreadpoolCallbackPriority(&environment, priorities[lane]);
        PTP_WORK work = new_work(stamp, (void *)lane);
        for (size_t i = 0; i < times; i++)
            api.SubmitThreadpoolWork(work);
    }
    region_begin();
    double start = now();
    SetEvent(opened);
    tally_await(times * COUNT_OF(lane_names));
    double end = now();
    region_end();
    // Means of the times at which a lane's callbacks started, as shares of the whole: 17, 50 and 83 when strictly in
    // turn.
    for (size_t lane = 0; lane < COUNT_OF(lane_names); lane++) {
        for (size_t i = 0; i < times; i++)
            lane_mean[lane] += (starts[lane][i] - start) / (double)times;
        report(lane_names[lane], 100 * lane_mean[lane] / (end - start));
    }
}

// ---- A lane that never runs dry --------------------------------------------------------------------------------

static volatile bool flood_over;
static volatile double low_started;

static void CALLBACK flood(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context;
    if (!flood_over)
        api.SubmitThreadpoolWork(work);
}

static void CALLBACK low(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
    low_started = now();
}

// Callbacks of high priority that post themselves anew keep each active worker busy; the pool may have many more. The
// flood ends after some time, so that a starved callback is told by its delay.
static void low_beside_flood(void)
{
    make_pool(64);
    SetThreadpoolCallbackPriority(&environment, TP_CALLBACK_PRIORITY_HIGH);
    for (size_t i = 0; i < FLOODERS; i++)
        api.SubmitThreadpoolWork(new_work(flood, NULL));
    pause_for(50);
    SetThreadpoolCallbackPriority(&environment, TP_CALLBACK_PRIORITY_LOW);
    PTP_WORK work = new_work(low, NULL);
    region_begin();
    double start = now();
    api.SubmitThreadpoolWork(work);
    while (low_started == 0 && now() - start < STARVED_NS)
        pause_for(1);
    bool starved = low_started == 0;
    flood_over = true;
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    region_end();
    report("delay", starved ? STARVED_NS / 1e6 : (low_started - start) / 1e6);
}

static const struct workload list[] = {
    {.name = "fair-objects",
     .what = "64 work objects posted 2,000 times each, one after the other: what the most served one has had after a "
             "quarter of all, against its share",
     .run = between_objects,
     .measures = {{.name = "most-served", .unit = "times"}, {.name = "per-op", .unit = "ns"}}},
    {.name = "fair-lanes",
     .what = "20,000 callbacks of each priority queued: when a lane's callbacks start, on average, in the time of all",
     .run = between_lanes,
     .measures = {{.name = "high", .unit = "%"}, {.name = "normal", .unit = "%"}, {.name = "low", .unit = "%"}}},
    {.name = "low-beside-flood",
     .what = "the delay of a low callback while high ones post themselves anew (3,000: until that was over)",
     .run = low_beside_flood,
     .measures = {{.name = "delay", .unit = "ms", .least = {.at_most = AT_MOST(2999)}}}},
};
FAMILY(fairness, list);
