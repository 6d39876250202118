// SPDX-License-Identifier: MIT
//
// What handing over work costs at the very least: atomic counters, a queue of one consumer, the heap.
#include "harness/bench.h"
#include "harness/families.h"

#include <stdatomic.h>

// Enough that both threads are at it at the same time for most of them.
#define OPERATIONS 10000000
#define NODES      500000
#define BLOCKS     500000
#define CACHE_LINE 64

static _Alignas(CACHE_LINE) atomic_size_t shared_counter;

static void increment(size_t index, void *times)
{
    (void)index;
    for (size_t i = 0; i < *(size_t *)times; i++)
        atomic_fetch_add(&shared_counter, 1);
}

static void increment_alone(void)
{
    size_t times = scaled(OPERATIONS, 1000);
    double start = now();
    increment(0, &times);
    report("per-op", (now() - start) / (double)times);
}

static void increment_contended(void)
{
    size_t times = scaled(OPERATIONS, 1000);
    crew_start(2, increment, &times);
    double start = now();
    crew_go();
    crew_join();
    report("per-op", (now() - start) / (double)(2 * times));
}

// ---- Posts that are only counted ------------------------------------------------------------------------------

static _Alignas(CACHE_LINE) atomic_size_t posted;
static double taken_all;

static void take(size_t index, void *times)
{
    (void)index;
    size_t left = *(size_t *)times;
    while (left) {
        size_t got = atomic_load_explicit(&posted, memory_order_relaxed) ? atomic_exchange(&posted, 0) : 0;
        for (size_t i = 0; i < got; i++)
            tally();
        left -= got;
        if (!got)
            YieldProcessor();
    }
    taken_all = now();
}

static void post_counter(void)
{
    size_t times = scaled(OPERATIONS, 1000);
    crew_start(1, take, &times);
    crew_go();
    double start = now();
    for (size_t i = 0; i < times; i++)
        atomic_fetch_add(&posted, 1);
    crew_join();
    report("per-op", (taken_all - start) / (double)times);
}

// ---- A queue with many producers and one consumer -------------------------------------------------------------

struct node {
    _Atomic(struct node *) next;
};

static _Alignas(CACHE_LINE) _Atomic(struct node *) newest;
static struct node dummy;

static void push(struct node *node)
{
    atomic_store_explicit(&node->next, NULL, memory_order_relaxed);
    struct node *before = atomic_exchange(&newest, node);
    atomic_store_explicit(&before->next, node, memory_order_release);
}

static void pop_all(size_t index, void *times)
{
    (void)index;
    struct node *at = &dummy;
    for (size_t left = *(size_t *)times; left;) {
        struct node *next = atomic_load_explicit(&at->next, memory_order_acquire);
        if (next) {
            at = next;
            tally();
            left--;
        } else {
            YieldProcessor();
        }
    }
    taken_all = now();
}

static void queue(void)
{
    size_t times = scaled(NODES, 1000);
    struct node *nodes = zeroed(times, sizeof *nodes);
    for (size_t i = 0; i < times; i++)
        atomic_store(&nodes[i].next, &nodes[i]);
    newest = &dummy;
    crew_start(1, pop_all, &times);
    crew_go();
    double start = now();
    for (size_t i = 0; i < times; i++)
        push(&nodes[i]);
    crew_join();
    report("per-op", (taken_all - start) / (double)times);
}

static void heap(void)
{
    size_t times = scaled(BLOCKS, 1000);
    HANDLE own = GetProcessHeap();
    double start = now();
    for (size_t i = 0; i < times; i++) {
        void *block = HeapAlloc(own, 0, 64);
        require(block, "no memory from the heap");
        HeapFree(own, 0, block);
    }
    report("per-op", (now() - start) / (double)times);
}

#define PER_OP                                                                                                         \
    {                                                                                                                  \
        {.name = "per-op", .unit = "ns"},                                                                              \
    }

static const struct workload list[] = {
    {.name = "limit-increment",
     .what = "an atomic increment",
     .run = increment_alone,
     .reference = true,
     .measures = PER_OP},
    {.name = "limit-contended",
     .what = "an atomic increment by two threads on one cache line",
     .run = increment_contended,
     .reference = true,
     .measures = PER_OP},
    {.name = "limit-post-counter",
     .what = "posts that one thread counts and another takes",
     .run = post_counter,
     .reference = true,
     .measures = PER_OP},
    {.name = "limit-queue",
     .what = "push by one thread and pop by another, queue for many producers",
     .run = queue,
     .reference = true,
     .measures = PER_OP},
    {.name = "limit-heap", .what = "allocate and free 64 bytes", .run = heap, .reference = true, .measures = PER_OP},
};
FAMILY(limit_counter, list);
