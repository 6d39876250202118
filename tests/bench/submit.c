// SPDX-License-Identifier: MIT
//
// Work objects that are posted again and again, by one thread or several.
#include "harness/bench.h"
#include "harness/families.h"

#include <math.h>

#define POSTS 500000

struct producers {
    size_t posts_each;
    PTP_WORK works[CREW_AT_MOST];
    double ends[CREW_AT_MOST];
};

static void produce(size_t index, void *context)
{
    struct producers *producers = context;
    PTP_WORK work = producers->works[index];
    for (size_t i = 0; i < producers->posts_each; i++)
        api.SubmitThreadpoolWork(work);
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    producers->ends[index] = now();
}

static void by_producers(size_t count_of_producers, bool shared)
{
    struct producers producers = {.posts_each = scaled(POSTS, 100) / count_of_producers};
    for (size_t i = 0; i < count_of_producers; i++)
        producers.works[i] = shared && i ? producers.works[0] : tallying_work();
    size_t posts = producers.posts_each * count_of_producers;
    region_begin();
    if (count_of_producers > 1)
        crew_start(count_of_producers, produce, &producers);
    double start = now(), end = start;
    if (count_of_producers > 1) {
        crew_go();
        crew_join();
    } else {
        produce(0, &producers);
    }
    for (size_t i = 0; i < count_of_producers; i++)
        end = fmax(end, producers.ends[i]);
    tally_verify(posts);
    region_end();
    report("per-op", (end - start) / (double)posts);
}

static void by_one(void)
{
    by_producers(1, true);
}

static void by_two(void)
{
    by_producers(2, true);
}

static void by_two_apart(void)
{
    by_producers(2, false);
}

static void by_four(void)
{
    by_producers(4, true);
}

static void by_four_apart(void)
{
    by_producers(4, false);
}

#define BY_SEVERAL                                                                                                     \
    {                                                                                                                  \
        {.name = "per-op",                                                                                             \
         .unit = "ns",                                                                                                 \
         .limit = "limit-contended/per-op",                                                                            \
         .least = {.ratio = 4},                                                                                        \
         .aim = {.ratio = 10}},                                                                                        \
    }

static const struct workload list[] = {
    {.name = "submit-1",
     .what = "one work object posted 500,000 times by one thread",
     .run = by_one,
     .measures = {{.name = "per-op",
                   .unit = "ns",
                   .limit = "limit-post-counter/per-op",
                   .least = {.ratio = 5},
                   .aim = {.ratio = 15, .times_limit = 1.5}}}},
    {.name = "submit-2", .what = "the same by two threads", .run = by_two, .measures = BY_SEVERAL},
    {.name = "submit-2-own", .what = "two threads, each with an object", .run = by_two_apart, .measures = BY_SEVERAL},
    {.name = "submit-4", .what = "one object, four threads", .run = by_four, .measures = BY_SEVERAL},
    {.name = "submit-4-own", .what = "four threads, each with an object", .run = by_four_apart, .measures = BY_SEVERAL},
};
FAMILY(submit, list);
