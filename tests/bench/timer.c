// SPDX-License-Identifier: MIT
//
// Many armed timers: what setting one costs, by how many there are.
#include "harness/bench.h"
#include "harness/families.h"

#define HOUR_MS 3.6e6
#define HOURS   1000
// A pool that cannot hold so many timers says so after this time instead of going on for hours.
#define STEP_LIMIT 30e9

static void CALLBACK never(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)context, (void)timer;
    fail("a timer that is due in an hour or more was called");
}

static FILETIME far_away(void)
{
    return due_in(HOUR_MS * (1 + (double)(random_number() % 1000000) * HOURS / 1e6));
}

struct step {
    const char *name;
    size_t count;
    double start;
};

static void stop_when_hopeless(const struct step *step, size_t done)
{
    require(done % 64 || now() - step->start < STEP_LIMIT, "%s: only %zu of %zu after %g s", step->name, done,
            step->count, STEP_LIMIT / 1e9);
}

static void finish(const struct step *step)
{
    report(step->name, (now() - step->start) / (double)step->count);
}

static void arm_all(const char *name, PTP_TIMER *timers, const uint32_t *order, size_t count)
{
    struct step step = {name, count, now()};
    for (size_t i = 0; i < count; i++) {
        FILETIME due = far_away();
        api.SetThreadpoolTimer(timers[order[i]], &due, 0, 0);
        stop_when_hopeless(&step, i);
    }
    finish(&step);
}

static void cancel_all(PTP_TIMER *timers, const uint32_t *order, size_t count)
{
    struct step step = {"cancel", count, now()};
    for (size_t i = 0; i < count; i++) {
        api.SetThreadpoolTimer(timers[order[i]], NULL, 0, 0);
        stop_when_hopeless(&step, i);
    }
    finish(&step);
}

static void close_all(PTP_TIMER *timers, const uint32_t *order, size_t count)
{
    struct step step = {"close", count, now()};
    for (size_t i = 0; i < count; i++)
        api.CloseThreadpoolTimer(timers[order[i]]);
    finish(&step);
}

static void with_timers(size_t quantity)
{
    size_t count = scaled(quantity, 10);
    PTP_TIMER *timers = zeroed(count, sizeof *timers);
    uint32_t *order = shuffled(count), *other = shuffled(count);
    region_begin();
    struct step create = {"create", count, now()};
    for (size_t i = 0; i < count; i++) {
        timers[i] = api.CreateThreadpoolTimer(never, NULL, NULL);
        require(timers[i], "timer %zu could not be created: error %lu", i, GetLastError());
    }
    finish(&create);
    arm_all("arm", timers, order, count);
    arm_all("rearm", timers, other, count);
    region_look();
    cancel_all(timers, order, count);
    close_all(timers, other, count);
    region_end();
}

static void one_thousand(void)
{
    with_timers(1000);
}

static void many(void)
{
    with_timers(25000);
}

static void one_million(void)
{
    with_timers(1000000);
}

#define FIVE_HUNDRED .least = {.ratio = 500}, .aim = {.ratio = 1500}
#define TWICE        .least = {.times_other = 2}

static const struct workload list[] = {
    {.name = "timers-1000",
     .what = "1,000 timers armed, armed anew and cancelled in random order",
     .run = one_thousand,
     .measures = {{.name = "create", .unit = "ns"},
                  {.name = "arm", .unit = "ns", .limit = "limit-heap-1000/push"},
                  {.name = "rearm", .unit = "ns", .limit = "limit-heap-1000/move"},
                  {.name = "cancel", .unit = "ns", .limit = "limit-heap-1000/remove"},
                  {.name = "close", .unit = "ns"}}},
    {.name = "timers-25000",
     .what = "25,000 timers",
     .run = many,
     .measures = {{.name = "create", .unit = "ns"},
                  {.name = "arm", .unit = "ns", .limit = "limit-heap-25000/push", FIVE_HUNDRED},
                  {.name = "rearm", .unit = "ns", .limit = "limit-heap-25000/move", FIVE_HUNDRED},
                  {.name = "cancel", .unit = "ns", .limit = "limit-heap-25000/remove", FIVE_HUNDRED},
                  {.name = "close", .unit = "ns"}}},
    {.name = "timers-1000000",
     .what = "1,000,000 timers",
     .run = one_million,
     .measures =
         {{.name = "create", .unit = "ns"},
          {.name = "arm", .unit = "ns", .limit = "limit-heap-1000000/push", .than = "timers-1000/arm", TWICE},
          {.name = "rearm", .unit = "ns", .limit = "limit-heap-1000000/move", .than = "timers-1000/rearm", TWICE},
          {.name = "cancel", .unit = "ns", .limit = "limit-heap-1000000/remove", .than = "timers-1000/cancel", TWICE},
          {.name = "close", .unit = "ns"}}},
};
FAMILY(timer, list);
