// SPDX-License-Identifier: MIT
//
// Wait objects, each with an event of its own.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#include <string.h>

#define WAITS   10000
#define SAMPLES 300
#define IDLE_MS 2

static HANDLE *new_events(size_t count)
{
    HANDLE *events = zeroed(count, sizeof *events);
    for (size_t i = 0; i < count; i++) {
        events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
        require(events[i], "event %zu could not be created: error %lu", i, GetLastError());
    }
    return events;
}

static struct latch all;

static void CALLBACK signaled(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance, (void)context, (void)wait;
    require(result == WAIT_OBJECT_0, "a wait ended with %lu", result);
    tally();
    latch_drop(&all);
}

static void many(void)
{
    size_t count = scaled(WAITS, 10);
    HANDLE *events = new_events(count);
    uint32_t *order = shuffled(count);
    latch_prepare(&all, count);
    PTP_WAIT *waits = zeroed(count, sizeof *waits);
    // Its pages are there before memory is looked at.
    memset(waits, 1, count * sizeof *waits);
    region_begin();
    double memory = private_bytes(), start = now();
    for (size_t i = 0; i < count; i++) {
        waits[i] = api.CreateThreadpoolWait(signaled, NULL, NULL);
        require(waits[i], "wait %zu could not be created: error %lu", i, GetLastError());
        api.SetThreadpoolWait(waits[i], events[i], NULL);
    }
    report("arm", (now() - start) / 1e3 / (double)count);
    // All threads that serve waits have begun to before the time for signals starts.
    pause_for(100);
    region_look();
    report_growth("memory", memory, count);
    start = now();
    for (size_t i = 0; i < count; i++)
        SetEvent(events[order[i]]);
    latch_await(&all);
    report("signal-all", (now() - start) / 1e6);
    tally_verify(count);
    region_end();
}

static void set_events(void)
{
    size_t count = scaled(WAITS, 10);
    HANDLE *events = new_events(count);
    double start = now();
    for (size_t i = 0; i < count; i++)
        SetEvent(events[i]);
    report("all", (now() - start) / 1e6);
}

struct probe {
    HANDLE done;
    double started_at;
};

static void CALLBACK stamp(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance, (void)wait, (void)result;
    struct probe *probe = context;
    probe->started_at = now();
    SetEvent(probe->done);
}

static void idle(void)
{
    size_t times = scaled(SAMPLES, 10);
    double *samples = zeroed(times, sizeof *samples);
    HANDLE *events = new_events(2);
    struct probe probe = {.done = events[1]};
    PTP_WAIT wait = api.CreateThreadpoolWait(stamp, &probe, NULL);
    require(wait, "no wait object: error %lu", GetLastError());
    region_begin();
    for (size_t i = 0; i < times; i++) {
        api.SetThreadpoolWait(wait, events[0], NULL);
        pause_for(IDLE_MS);
        double start = now();
        SetEvent(events[0]);
        WaitForSingleObject(probe.done, INFINITE);
        samples[i] = (probe.started_at - start) / 1e3;
    }
    region_end();
    report("p50", percentile(samples, times, 0.5));
    report("p99", percentile(samples, times, 0.99));
}

static const struct workload list[] = {
    {.name = "limit-set-event",
     .what = "SetEvent on 10,000 events that nobody waits for",
     .run = set_events,
     .reference = true,
     .measures = {{.name = "all", .unit = "ms"}}},
    {.name = "waits",
     .what = "10,000 waits armed, then all signalled until all were called",
     .run = many,
     .measures = {{.name = "arm", .unit = "us"},
                  {.name = "signal-all",
                   .unit = "ms",
                   .limit = "limit-set-event/all",
                   .least = {.ratio = 1},
                   .aim = {.times_limit = 1.1}},
                  {.name = "memory", .unit = "bytes", .least = {.ratio = 8}, .aim = {.ratio = 16}}}},
    {.name = "wait-idle",
     .what = "from a signal to the start of the callback, after 2 ms without work",
     .run = idle,
     .measures = {{.name = "p50", .unit = "us", .limit = "limit-event-round-trip/p50"}, {.name = "p99", .unit = "us"}}},
};
FAMILY(wait, list);
