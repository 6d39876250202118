// SPDX-License-Identifier: MIT
//
// The life of a work object.
#include "harness/bench.h"
#include "harness/families.h"

#define PAIRS   200000
#define LIVES   20000
#define SAMPLES 500
#define IDLE_MS 2

static void create_and_close(void)
{
    size_t times = scaled(PAIRS, 100);
    region_begin();
    double start = now();
    for (size_t i = 0; i < times; i++)
        api.CloseThreadpoolWork(tallying_work());
    double end = now();
    region_end();
    report("per-op", (end - start) / (double)times);
}

static void whole_life(void)
{
    size_t times = scaled(LIVES, 20);
    region_begin();
    double start = now();
    for (size_t i = 0; i < times; i++) {
        PTP_WORK work = tallying_work();
        api.SubmitThreadpoolWork(work);
        api.WaitForThreadpoolWorkCallbacks(work, FALSE);
        api.CloseThreadpoolWork(work);
    }
    double end = now();
    tally_verify(times);
    region_end();
    report("per-op", (end - start) / (double)times);
}

static void submit_and_wait_idle(void)
{
    size_t times = scaled(SAMPLES, 10);
    double *samples = zeroed(times, sizeof *samples);
    PTP_WORK work = tallying_work();
    region_begin();
    for (size_t i = 0; i < times; i++) {
        pause_for(IDLE_MS);
        double start = now();
        api.SubmitThreadpoolWork(work);
        api.WaitForThreadpoolWorkCallbacks(work, FALSE);
        samples[i] = (now() - start) / 1e3;
    }
    tally_verify(times);
    region_end();
    report("p50", percentile(samples, times, 0.5));
    report("p99", percentile(samples, times, 0.99));
}

static const struct workload list[] = {
    {.name = "create-close",
     .what = "a work object created and closed",
     .run = create_and_close,
     .measures = {{.name = "per-op", .unit = "ns", .limit = "limit-heap/per-op"}}},
    {.name = "create-submit-wait-close",
     .what = "a work object created, posted once, waited for and closed",
     .run = whole_life,
     .measures = {{.name = "per-op",
                   .unit = "ns",
                   .limit = "limit-wake-round-trip/per-op",
                   .least = {.ratio = 1.5},
                   .aim = {.ratio = 4}}}},
    {.name = "submit-wait-idle",
     .what = "posted and waited for, after 2 ms without work",
     .run = submit_and_wait_idle,
     .measures = {{.name = "p50", .unit = "us", .limit = "limit-wake/p50"}, {.name = "p99", .unit = "us"}}},
};
FAMILY(life, list);
