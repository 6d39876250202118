// SPDX-License-Identifier: MIT
/*
 * This file is not compiled for ThreadSanitizer, so what it touches is neither counted nor a step. A callback takes
 * some steps, so that all workers are at it together, but touches nothing.
 */
#include "workloads.h"

#include "count.h"
#include "machine.h"
#include "sched/pool.h"
#include "sched/slab.h"
#include "sched/worker.h"

enum { FEWEST_STEPS = 75, MOST_STEPS = 125, CALLBACKS_EACH = 100, WARM_UP_EACH = 4 };

struct job {
    struct sched_task task;
    unsigned depth; /* of what it launches */
};

static struct slab_cache jobs = {.kind = SLAB_WORK, .size = SLAB_SIZE_OF(struct job)};
static struct sched_pool *pool;
static uint64_t ran, expected, posts_each;
static uint32_t lengths; /* of callbacks: where this stream of numbers has come to */

static void launch(unsigned depth);

/* Callbacks of one length fall in step with each other, and then one step more or less changes everything. */
static unsigned steps_of_next(void)
{
    lengths = lengths * 1664525 + 1013904223;
    return FEWEST_STEPS + (lengths >> 16) % (MOST_STEPS - FEWEST_STEPS + 1);
}

static void run(struct sched_task *task, struct sched_worker *worker)
{
    struct job *job = nt_container(task, struct job, task);
    unsigned steps = steps_of_next();

    (void)worker;
    ran++;
    for (unsigned i = 0; i < steps; i++)
        machine_yield("computes", NULL);
    if (job->depth) {
        launch(job->depth - 1);
        launch(job->depth - 1);
    }
}

static void closed(struct sched_task *task)
{
    slab_free(&jobs, nt_container(task, struct job, task));
    sched_pool_leave(pool);
}

static const struct sched_task_class job_class = {.run = run, .closed = closed};

static struct job *allocate(void)
{
    struct job *job = slab_alloc(&jobs);

    explore_check(job != NULL);
    sched_pool_enter(pool);
    job->depth = 0;
    return job;
}

static struct job *create(void)
{
    struct job *job = allocate();

    sched_task_init(&job->task, &job_class, pool, SCHED_PRIORITY_NORMAL, false);
    return job;
}

static void launch(unsigned depth)
{
    struct job *job = allocate();

    job->depth = depth;
    sched_task_init_posted(&job->task, &job_class, pool, SCHED_PRIORITY_NORMAL, false);
    sched_task_unshare(&job->task);
    sched_launch(&job->task);
}

static void post_many(void *job)
{
    for (uint64_t i = 0; i < posts_each; i++)
        sched_post(&((struct job *)job)->task);
}

static void launch_many(void *unused)
{
    (void)unused;
    for (uint64_t i = 0; i < posts_each; i++)
        launch(0);
}

static void settle(void)
{
    explore_settle();
    explore_check_equal(ran, expected);
}

static void warm_up(unsigned processors)
{
    struct job *job = create();

    posts_each = (uint64_t)processors * WARM_UP_EACH;
    expected += posts_each;
    post_many(job);
    settle();
    explore_check(sched_close(&job->task));
}

static void begin(unsigned processors)
{
    pool = sched_pool_create();
    explore_check(pool != NULL);
    warm_up(processors);
}

/* Threads of the program post, each to its own task or all to the same. */
static uint64_t post(unsigned processors, unsigned posters, bool shared)
{
    struct job *job[MOST_THREADS];
    unsigned threads[MOST_THREADS];

    begin(processors);
    for (unsigned i = 0; i < posters; i++)
        job[i] = shared && i ? job[0] : create();
    posts_each = (uint64_t)processors * CALLBACKS_EACH / posters;
    uint64_t all = posts_each * posters;
    expected += all;
    count_begin();
    for (unsigned i = 0; i < posters; i++)
        threads[i] = explore_start(post_many, job[i]);
    for (unsigned i = 0; i < posters; i++)
        explore_join(threads[i]);
    settle();
    count_end();
    return all;
}

static uint64_t post_one(unsigned processors)
{
    return post(processors, 1, true);
}

static uint64_t post_shared(unsigned processors)
{
    return post(processors, processors / 4, true);
}

static uint64_t post_separate(unsigned processors)
{
    return post(processors, processors / 4, false);
}

static uint64_t launch_by_some(unsigned processors)
{
    unsigned threads[MOST_THREADS], launchers = processors / 4;

    begin(processors);
    posts_each = (uint64_t)processors * CALLBACKS_EACH / launchers;
    uint64_t all = posts_each * launchers;
    expected += all;
    count_begin();
    for (unsigned i = 0; i < launchers; i++)
        threads[i] = explore_start(launch_many, NULL);
    for (unsigned i = 0; i < launchers; i++)
        explore_join(threads[i]);
    settle();
    count_end();
    return all;
}

/* Each callback launches two, until there are as many as in the other workloads or more. */
static uint64_t fan_out(unsigned processors)
{
    unsigned depth = 0;

    while ((UINT64_C(2) << depth) - 1 < (uint64_t)processors * CALLBACKS_EACH)
        depth++;
    uint64_t all = (UINT64_C(2) << depth) - 1;
    begin(processors);
    expected += all;
    count_begin();
    launch(depth);
    settle();
    count_end();
    return all;
}

void workload_vary(unsigned sample)
{
    lengths = sample;
}

const struct workload workloads[] = {
    {"one thread posts one task", post_one},        {"a quarter as many threads as workers post one task", post_shared},
    {"the same, each its own task", post_separate}, {"the same, simple callbacks", launch_by_some},
    {"each callback posts two", fan_out},
};
const unsigned workload_count = sizeof(workloads) / sizeof(workloads[0]);
