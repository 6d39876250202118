// SPDX-License-Identifier: MIT
//
// Many armed timers: what setting one costs, by how many there are.
#include "harness/bench.h"
#include "harness/families.h"

#include <math.h>

#define HOUR_MS 3.6e6
#define HOURS   1000
// A pool that cannot hold as many timers as this says so after this time instead of going on for hours.
#define HOPELESS   100000
#define STEP_LIMIT 30e9

#define ROUNDS_AT_MOST 100
#define ROUNDS_NS      1e9

static void CALLBACK never(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)context, (void)timer;
    fail("a timer that is due in an hour or more was called");
}

static FILETIME far_away(void)
{
    return due_in(HOUR_MS * (1 + (double)(random_number() % 1000000) * HOURS / 1e6));
}

// One kind of operation on all timers, and how long it took so far.
struct step {
    const char *name;
    size_t count;
    double start;
    double taken;
    size_t rounds;
};

static void begin(struct step *step)
{
    step->start = now();
}

static void end(struct step *step)
{
    step->taken += now() - step->start;
    step->rounds++;
}

static void report_step(const struct step *step)
{
    report(step->name, step->taken / (double)(step->count * step->rounds));
}

static void stop_when_hopeless(const struct step *step, size_t done)
{
    require(done % 64 || step->count < HOPELESS || now() - step->start < STEP_LIMIT, "%s: only %zu of %zu after %g s",
            step->name, done, step->count, STEP_LIMIT / 1e9);
}

static void arm_all(struct step *step, PTP_TIMER *timers, const uint32_t *order)
{
    begin(step);
    for (size_t i = 0; i < step->count; i++) {
        FILETIME due = far_away();
        api.SetThreadpoolTimer(timers[order[i]], &due, 0, 0);
        stop_when_hopeless(step, i);
    }
    end(step);
}

static void cancel_all(struct step *step, PTP_TIMER *timers, const uint32_t *order)
{
    begin(step);
    for (size_t i = 0; i < step->count; i++) {
        api.SetThreadpoolTimer(timers[order[i]], NULL, 0, 0);
        stop_when_hopeless(step, i);
    }
    end(step);
}

static void create_all(struct step *step, PTP_TIMER *timers)
{
    begin(step);
    for (size_t i = 0; i < step->count; i++) {
        timers[i] = api.CreateThreadpoolTimer(never, NULL, NULL);
        require(timers[i], "timer %zu could not be created: error %lu", i, GetLastError());
    }
    end(step);
}

static void close_all(struct step *step, PTP_TIMER *timers, const uint32_t *order)
{
    begin(step);
    for (size_t i = 0; i < step->count; i++)
        api.CloseThreadpoolTimer(timers[order[i]]);
    end(step);
}

// Rounds go on for a while, so that what the pool does once, such as starting a thread, is not taken for a cost of
// each.
static void with_timers(size_t quantity, uint32_t *(*in_order)(size_t))
{
    size_t count = scaled(quantity, 10);
    PTP_TIMER *timers = zeroed(count, sizeof *timers);
    uint32_t *order = in_order(count), *other = in_order(count);
    struct step create = {"create", count, 0, 0, 0}, arm = {"arm", count, 0, 0, 0}, rearm = {"rearm", count, 0, 0, 0},
                cancel = {"cancel", count, 0, 0, 0}, close = {"close", count, 0, 0, 0};
    region_begin();
    double start = now();
    do {
        create_all(&create, timers);
        arm_all(&arm, timers, order);
        arm_all(&rearm, timers, other);
        if (create.rounds == 1)
            region_look();
        cancel_all(&cancel, timers, order);
        close_all(&close, timers, other);
    } while (create.rounds < ROUNDS_AT_MOST && now() - start < ROUNDS_NS * fmin(1, (double)count / (double)quantity));
    region_end();
    report_step(&create);
    report_step(&arm);
    report_step(&rearm);
    report_step(&cancel);
    report_step(&close);
}

static void one_thousand(void)
{
    with_timers(1000, in_turn);
}

static void many(void)
{
    with_timers(25000, in_turn);
}

static void one_million(void)
{
    with_timers(1000000, in_turn);
}

static void one_thousand_scattered(void)
{
    with_timers(1000, shuffled);
}

static void many_scattered(void)
{
    with_timers(25000, shuffled);
}

static void one_million_scattered(void)
{
    with_timers(1000000, shuffled);
}

#define FIVE_HUNDRED .least = {.ratio = 500}, .aim = {.ratio = 1500}
#define TWICE        .least = {.times_other = 2}

#define UNJUDGED(heap)                                                                                                 \
    {                                                                                                                  \
        {.name = "create", .unit = "ns"}, {.name = "arm", .unit = "ns", .limit = heap "/push"},                        \
            {.name = "rearm", .unit = "ns", .limit = heap "/move"},                                                    \
            {.name = "cancel", .unit = "ns", .limit = heap "/remove"}, {.name = "close", .unit = "ns"},                \
    }

static const struct workload list[] = {
    {.name = "timers-1000",
     .what = "1,000 timers armed, armed anew and cancelled one after another, due times in random order",
     .run = one_thousand,
     .measures = UNJUDGED("limit-heap-1000")},
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
    {.name = "timers-scattered-1000",
     .what = "1,000 timers, themselves in random order as well",
     .run = one_thousand_scattered,
     .measures = UNJUDGED("limit-heap-scattered-1000")},
    {.name = "timers-scattered-25000",
     .what = "25,000 of them",
     .run = many_scattered,
     .measures = UNJUDGED("limit-heap-scattered-25000")},
    {.name = "timers-scattered-1000000",
     .what = "1,000,000 of them",
     .run = one_million_scattered,
     .measures = UNJUDGED("limit-heap-scattered-1000000")},
};
FAMILY(timer, list);
