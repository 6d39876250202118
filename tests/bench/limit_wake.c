// SPDX-License-Identifier: MIT
//
// How fast one thread can wake another.
#include "harness/bench.h"
#include "harness/families.h"

#include <string.h>

#define SAMPLES     1000
#define ROUND_TRIPS 20000
#define IDLE_MS     2

static BOOL(WINAPI *wait_on_address)(volatile void *, void *, SIZE_T, DWORD);
static void(WINAPI *wake_by_address)(void *);

static void find_waits_on_addresses(void)
{
    void *wait = system_function("kernelbase.dll", "WaitOnAddress");
    void *wake = system_function("kernelbase.dll", "WakeByAddressSingle");
    memcpy(&wait_on_address, &wait, sizeof wait);
    memcpy(&wake_by_address, &wake, sizeof wake);
    require(wait_on_address && wake_by_address, "this system has no WaitOnAddress");
}

static void await_change(volatile LONG *where, LONG from)
{
    while (*where == from)
        wait_on_address(where, &from, sizeof from, INFINITE);
}

static void change(volatile LONG *where, LONG to)
{
    InterlockedExchange(where, to);
    wake_by_address((void *)where);
}

static _Alignas(64) volatile LONG ping, pong;
static double woken_at;

static void echo(size_t index, void *times)
{
    (void)index;
    for (LONG i = 0; i < (LONG) * (size_t *)times; i++) {
        await_change(&ping, i);
        woken_at = now();
        change(&pong, i + 1);
    }
}

static void one_way_idle(void)
{
    find_waits_on_addresses();
    size_t times = scaled(SAMPLES, 10);
    double *samples = zeroed(times, sizeof *samples);
    crew_start(1, echo, &times);
    crew_go();
    for (size_t i = 0; i < times; i++) {
        pause_for(IDLE_MS);
        double start = now();
        change(&ping, (LONG)i + 1);
        await_change(&pong, (LONG)i);
        samples[i] = (woken_at - start) / 1e3;
    }
    crew_join();
    report("p50", percentile(samples, times, 0.5));
    report("p99", percentile(samples, times, 0.99));
}

static void round_trip(void)
{
    find_waits_on_addresses();
    size_t times = scaled(ROUND_TRIPS, 10);
    crew_start(1, echo, &times);
    crew_go();
    double start = now();
    for (size_t i = 0; i < times; i++) {
        change(&ping, (LONG)i + 1);
        await_change(&pong, (LONG)i);
    }
    double end = now();
    crew_join();
    report("per-op", (end - start) / (double)times);
}

static HANDLE there, back;

static void echo_event(size_t index, void *times)
{
    (void)index;
    for (size_t i = 0; i < *(size_t *)times; i++) {
        WaitForSingleObject(there, INFINITE);
        SetEvent(back);
    }
}

static void event_round_trip(void)
{
    size_t times = scaled(SAMPLES, 10);
    double *samples = zeroed(times, sizeof *samples);
    there = CreateEventW(NULL, FALSE, FALSE, NULL);
    back = CreateEventW(NULL, FALSE, FALSE, NULL);
    require(there && back, "no events: error %lu", GetLastError());
    crew_start(1, echo_event, &times);
    crew_go();
    for (size_t i = 0; i < times; i++) {
        pause_for(IDLE_MS);
        double start = now();
        SetEvent(there);
        WaitForSingleObject(back, INFINITE);
        samples[i] = (now() - start) / 1e3;
    }
    crew_join();
    report("p50", percentile(samples, times, 0.5));
}

static const struct workload list[] = {
    {.name = "limit-wake",
     .what = "WaitOnAddress one way, after 2 ms without work",
     .run = one_way_idle,
     .reference = true,
     .measures = {{.name = "p50", .unit = "us"}, {.name = "p99", .unit = "us"}}},
    {.name = "limit-wake-round-trip",
     .what = "WaitOnAddress there and back, without a pause",
     .run = round_trip,
     .reference = true,
     .measures = {{.name = "per-op", .unit = "ns"}}},
    {.name = "limit-event-round-trip",
     .what = "an event there and another back, after 2 ms without work",
     .run = event_round_trip,
     .reference = true,
     .measures = {{.name = "p50", .unit = "us"}}},
};
FAMILY(limit_wake, list);
