// SPDX-License-Identifier: MIT
//
// The plainest pool there is: a stack of items, a mutex, a condition variable, as many threads as processors.
#include "harness/bench.h"
#include "harness/families.h"

#define DEPTH 18

static CRITICAL_SECTION lock;
static CONDITION_VARIABLE filled;
static size_t *items;
static size_t filled_to;
static size_t running;
static bool over;

static void put(size_t depth)
{
    EnterCriticalSection(&lock);
    items[filled_to++] = depth;
    LeaveCriticalSection(&lock);
    WakeConditionVariable(&filled);
}

// Gives false when nothing is left and nobody is at work.
static bool take(size_t *depth, bool after_one)
{
    EnterCriticalSection(&lock);
    running -= after_one;
    while (!filled_to && !over) {
        over = !running;
        if (over)
            WakeAllConditionVariable(&filled);
        else
            SleepConditionVariableCS(&filled, &lock, INFINITE);
    }
    bool got = filled_to > 0;
    if (got) {
        *depth = items[--filled_to];
        running++;
    }
    LeaveCriticalSection(&lock);
    return got;
}

static void work(size_t index, void *context)
{
    (void)index, (void)context;
    size_t depth;
    for (bool again = false; take(&depth, again); again = true) {
        for (int i = 0; depth && i < 2; i++)
            put(depth - 1);
        tally();
    }
}

static void plain_pool(void)
{
    size_t leaves = scaled((size_t)1 << DEPTH, 16), depth = 0;
    while (((size_t)2 << depth) <= leaves)
        depth++;
    uint64_t callbacks = ((uint64_t)2 << depth) - 1;
    items = zeroed(callbacks, sizeof *items);
    InitializeCriticalSection(&lock);
    InitializeConditionVariable(&filled);
    put(depth);
    crew_start(processors(), work, NULL);
    double start = now();
    crew_go();
    crew_join();
    double end = now();
    tally_verify(callbacks);
    report("per-op", (end - start) / (double)callbacks);
}

static const struct workload list[] = {
    {.name = "limit-plain-pool",
     .what = "the same fan-out on a mutex, a condition variable and one thread for each processor",
     .run = plain_pool,
     .reference = true,
     .measures = {{.name = "per-op", .unit = "ns"}}},
};
FAMILY(limit_pool, list);
