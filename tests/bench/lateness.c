// SPDX-License-Identifier: MIT
//
// How late timers are when many of them are due within one second.
#include "harness/bench.h"
#include "harness/families.h"

#define TIMERS    10000
#define LEAD_NS   3e9
#define SPREAD_NS 1e9

struct late {
    double due;
    double called;
};

static struct latch all;

static void CALLBACK stamp(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)timer;
    ((struct late *)context)->called = counter_now();
    latch_drop(&all);
}

static void lateness(void)
{
    size_t count = scaled(TIMERS, 10);
    struct late *timers = zeroed(count, sizeof *timers);
    double *samples = zeroed(count, sizeof *samples);
    PTP_TIMER *objects = zeroed(count, sizeof *objects);
    latch_prepare(&all, count);
    for (size_t i = 0; i < count; i++) {
        objects[i] = api.CreateThreadpoolTimer(stamp, &timers[i], NULL);
        require(objects[i], "timer %zu could not be created: error %lu", i, GetLastError());
    }
    region_begin();
    double start = counter_now();
    for (size_t i = 0; i < count; i++) {
        timers[i].due = start + LEAD_NS + (double)(random_number() % 1000000) * SPREAD_NS / 1e6;
        double left = timers[i].due - counter_now();
        require(left > 0, "only %zu of %zu timers were armed before the first was due", i, count);
        FILETIME due = due_in(left / 1e6);
        api.SetThreadpoolTimer(objects[i], &due, 0, 0);
    }
    report("arming", (counter_now() - start) / 1e3 / (double)count);
    latch_await(&all);
    region_end();
    for (size_t i = 0; i < count; i++)
        samples[i] = (timers[i].called - timers[i].due) / 1e3;
    report("p50", percentile(samples, count, 0.5));
    report("p99", percentile(samples, count, 0.99));
    report("earliest", samples[0]);
}

static const struct workload list[] = {
    {.name = "timer-lateness",
     .what = "10,000 timers due in random order over one second",
     .run = lateness,
     .measures = {{.name = "arming", .unit = "us"},
                  {.name = "p50", .unit = "us"},
                  {.name = "p99", .unit = "us", .least = {.ratio = 1}, .aim = {.ratio = 2}},
                  {.name = "earliest", .unit = "us"}}},
};
FAMILY(lateness, list);
