// SPDX-License-Identifier: MIT
//
// How long a callback takes to start.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#include <string.h>

#define IDLE_SAMPLES 1000
#define HOT_SAMPLES  50000
#define BUSY_SAMPLES 20000
#define IDLE_MS      2

struct probe {
    PTP_WORK work;
    _Alignas(64) volatile LONG runs;
    double started_at;
};

static void CALLBACK stamp(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)work;
    struct probe *probe = context;
    probe->started_at = now();
    InterlockedIncrement(&probe->runs);
}

static void prepare(struct probe *probe)
{
    probe->work = api.CreateThreadpoolWork(stamp, probe, NULL);
    require(probe->work, "no work object: error %lu", GetLastError());
}

static void report_percentiles(double *samples, size_t count)
{
    report("p50", percentile(samples, count, 0.5));
    report("p99", percentile(samples, count, 0.99));
    report("p99.9", percentile(samples, count, 0.999));
}

static double sample(struct probe *probe)
{
    double start = now();
    api.SubmitThreadpoolWork(probe->work);
    api.WaitForThreadpoolWorkCallbacks(probe->work, FALSE);
    return (probe->started_at - start) / 1e3;
}

static void idle(void)
{
    static struct probe probe;
    size_t times = scaled(IDLE_SAMPLES, 10);
    double *samples = zeroed(times, sizeof *samples);
    prepare(&probe);
    region_begin();
    struct host_counts before, after;
    host_counts_begin(&before);
    double cpu = process_cpu_ms();
    for (size_t i = 0; i < times; i++) {
        pause_for(IDLE_MS);
        samples[i] = sample(&probe);
    }
    cpu = process_cpu_ms() - cpu;
    host_counts_end(&after);
    if (before.switches_told && after.switches_told)
        cpu = after.cpu_ms - before.cpu_ms;
    require((size_t)probe.runs == times, "%ld callbacks ran instead of %zu", probe.runs, times);
    region_end();
    report_percentiles(samples, times);
    report("cpu", cpu * 1e3 / (double)times);
}

// ---- Several posts at once to an idle pool ---------------------------------------------------------------------

struct burst {
    struct probe probes[CREW_AT_MOST];
    size_t producers;
    size_t rounds;
    double *samples;
    _Alignas(64) volatile LONG round;
    _Alignas(64) volatile LONG done;
};

static bool(WINAPI *wait_on_address)(volatile void *address, void *compare, SIZE_T size, DWORD milliseconds);
static void(WINAPI *wake_all)(void *address);

static void find_waits_on_addresses(void)
{
    void *wait = system_function("kernelbase.dll", "WaitOnAddress");
    void *wake = system_function("kernelbase.dll", "WakeByAddressAll");
    memcpy(&wait_on_address, &wait, sizeof wait);
    memcpy(&wake_all, &wake, sizeof wake);
    require(wait_on_address && wake_all, "this system has no WaitOnAddress");
}

static void produce_in_rounds(size_t index, void *context)
{
    struct burst *burst = context;
    for (LONG round = 0; round < (LONG)burst->rounds; round++) {
        while (burst->round == round)
            wait_on_address(&burst->round, &round, sizeof round, INFINITE);
        burst->samples[(size_t)round * burst->producers + index] = sample(&burst->probes[index]);
        InterlockedIncrement(&burst->done);
    }
}

static void idle_by_producers(size_t count)
{
    static struct burst burst;
    find_waits_on_addresses();
    burst.producers = count;
    burst.rounds = scaled(IDLE_SAMPLES, 10);
    burst.samples = zeroed(burst.rounds * count, sizeof *burst.samples);
    for (size_t i = 0; i < count; i++)
        prepare(&burst.probes[i]);
    region_begin();
    crew_start(count, produce_in_rounds, &burst);
    crew_go();
    for (size_t i = 0; i < burst.rounds; i++) {
        pause_for(IDLE_MS);
        InterlockedIncrement(&burst.round);
        wake_all((void *)&burst.round);
        while ((size_t)burst.done < (i + 1) * count)
            pause_for(1);
    }
    crew_join();
    region_end();
    report_percentiles(burst.samples, burst.rounds * count);
}

static void idle_by_two(void)
{
    idle_by_producers(2);
}

static void idle_by_four(void)
{
    idle_by_producers(4);
}

static void idle_by_sixteen(void)
{
    idle_by_producers(16);
}

// ---- A pool that is never idle ---------------------------------------------------------------------------------

// The next post comes as soon as the callback before has started.
static void hot(void)
{
    static struct probe probe;
    size_t times = scaled(HOT_SAMPLES, 50);
    double *samples = zeroed(times, sizeof *samples);
    prepare(&probe);
    region_begin();
    for (size_t i = 0; i < times; i++) {
        double start = now();
        api.SubmitThreadpoolWork(probe.work);
        while ((size_t)probe.runs == i)
            YieldProcessor();
        samples[i] = (probe.started_at - start) / 1e3;
    }
    region_end();
    report_percentiles(samples, times);
}

struct busy {
    struct probe probes[CREW_AT_MOST];
    size_t samples_each;
    double *samples;
};

static void produce(size_t index, void *context)
{
    struct busy *busy = context;
    double *samples = busy->samples + index * busy->samples_each;
    for (size_t i = 0; i < busy->samples_each; i++)
        samples[i] = sample(&busy->probes[index]);
}

static void by_producers(size_t count)
{
    static struct busy busy;
    busy.samples_each = scaled(BUSY_SAMPLES, 64) / count;
    busy.samples = zeroed(busy.samples_each * count, sizeof *busy.samples);
    for (size_t i = 0; i < count; i++)
        prepare(&busy.probes[i]);
    region_begin();
    crew_start(count, produce, &busy);
    crew_go();
    crew_join();
    region_end();
    report_percentiles(busy.samples, busy.samples_each * count);
}

static void by_one(void)
{
    by_producers(1);
}

static void by_two(void)
{
    by_producers(2);
}

static void by_four(void)
{
    by_producers(4);
}

static void by_sixteen(void)
{
    by_producers(16);
}

#define PERCENTILES                                                                                                    \
    {.name = "p50", .unit = "us"}, {.name = "p99", .unit = "us"},                                                      \
    {                                                                                                                  \
        .name = "p99.9", .unit = "us"                                                                                  \
    }

static const struct workload list[] = {
    {.name = "start-idle",
     .what = "from a post to the start of its callback, after 2 ms without work",
     .run = idle,
     .measures = {{.name = "p50",
                   .unit = "us",
                   .limit = "limit-wake/p50",
                   .least = {.ratio = 1.5},
                   .aim = {.times_limit = 1.3}},
                  {.name = "p99", .unit = "us", .limit = "limit-wake/p99"},
                  {.name = "p99.9", .unit = "us"},
                  {.name = "cpu", .unit = "us"}}},
    {.name = "start-idle-2",
     .what = "2 threads post at once, after 2 ms without work",
     .run = idle_by_two,
     .measures = {PERCENTILES}},
    {.name = "start-idle-4", .what = "the same with 4 threads", .run = idle_by_four, .measures = {PERCENTILES}},
    {.name = "start-idle-16", .what = "the same with 16 threads", .run = idle_by_sixteen, .measures = {PERCENTILES}},
    {.name = "start-hot",
     .what = "the same with one post right after the other",
     .run = hot,
     .measures = {PERCENTILES}},
    {.name = "start-busy-1",
     .what = "one thread posts and waits, over and over",
     .run = by_one,
     .measures = {PERCENTILES}},
    {.name = "start-busy-2", .what = "the same with 2 threads", .run = by_two, .measures = {PERCENTILES}},
    {.name = "start-busy-4", .what = "the same with 4 threads", .run = by_four, .measures = {PERCENTILES}},
    {.name = "start-busy-16", .what = "the same with 16 threads", .run = by_sixteen, .measures = {PERCENTILES}},
};
FAMILY(latency, list);
