// SPDX-License-Identifier: MIT
/* Posting, parking and waking. */
#include "jobs.h"
#include "sched/lot.h"

static struct tally tally, other;

static void post_once(void *job)
{
    sched_post(&((struct job *)job)->task);
}

static void post_twice(void *job)
{
    post_once(job);
    post_once(job);
}

static void post_four_times(void *job)
{
    post_twice(job);
    post_twice(job);
}

static void end(struct sched_pool *pool, struct job *job)
{
    job_close(job);
    sched_pool_leave(pool);
}

SCENARIO(a_post_meets_a_worker_that_parks)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL);

    post_once(job);
    post_once(job);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 2);
    post_once(job);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 3);
    end(pool, job);
}

static void check_two_posters(unsigned maximum)
{
    struct sched_pool *pool = pool_make(maximum);
    struct job *job = job_create(pool, &tally, NULL);
    unsigned thread = explore_start(post_twice, job);

    post_twice(job);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 4);
    end(pool, job);
}

SCENARIO(two_post_the_same)
{
    check_two_posters(0);
}

SCENARIO(two_post_the_same_to_one_worker)
{
    check_two_posters(1);
}

SCENARIO(two_post_different_tasks)
{
    struct sched_pool *pool = pool_make(0);
    struct job *jobs[] = {job_create(pool, &tally, NULL),
                          job_create_with(pool, &other, NULL, explore_pick(SCHED_PRIORITIES), false)};
    unsigned thread = explore_start(post_twice, jobs[1]);

    post_twice(jobs[0]);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 2);
    explore_check_equal(atomic_load(&other.ended), 2);
    job_close(jobs[0]);
    end(pool, jobs[1]);
}

SCENARIO(each_post_is_waited_for)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL);

    for (unsigned i = 1; i <= 3; i++) {
        post_once(job);
        sched_wait_idle(&job->task);
        explore_check_equal(atomic_load(&tally.ended), i);
    }
    end(pool, job);
}

/* What is left in a lane when a worker goes to rest is taken by another. */
static void check_bursts(unsigned maximum)
{
    struct sched_pool *pool = pool_make(maximum);
    struct job *jobs[] = {job_create(pool, &tally, NULL), job_create(pool, &other, NULL)};
    unsigned thread = explore_start(post_four_times, jobs[0]);

    post_four_times(jobs[0]);
    post_once(jobs[1]);
    post_once(jobs[0]);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 9);
    explore_check_equal(atomic_load(&other.ended), 1);
    job_close(jobs[0]);
    end(pool, jobs[1]);
}

SCENARIO(bursts_to_one_worker)
{
    check_bursts(1);
}

SCENARIO(bursts_to_a_few_workers)
{
    check_bursts(3);
}

/* As the unit test each_post_is_one_callback does: three threads, and each waits for its own. */
static void post_and_wait(void *job)
{
    post_twice(job);
    sched_wait_idle(&((struct job *)job)->task);
}

SCENARIO(three_post_and_wait)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL);
    unsigned threads[] = {explore_start(post_and_wait, job), explore_start(post_and_wait, job)};

    post_and_wait(job);
    explore_join(threads[0]);
    explore_join(threads[1]);
    explore_check_equal(atomic_load(&tally.ended), 6);
    end(pool, job);
}

/* ---- order ------------------------------------------------------------------------------------------- */

static struct tally tallies[4];
static _Atomic unsigned started, place_of_other, place_of_stale;
static _Atomic bool gate_is_open;

static bool gate_is_shut(void *unused)
{
    (void)unused;
    return !atomic_load(&gate_is_open);
}

static void pass_gate(struct job *self, struct sched_worker *worker)
{
    (void)self, (void)worker;
    while (gate_is_shut(NULL))
        sched_lot_wait(&gate_is_open, gate_is_shut, NULL, NT_FOREVER);
}

static void note_other(struct job *self, struct sched_worker *worker)
{
    (void)self, (void)worker;
    atomic_store(&place_of_other, atomic_fetch_add(&started, 1) + 1);
}

static void note_stale(struct job *self, struct sched_worker *worker)
{
    (void)self, (void)worker;
    atomic_store(&place_of_stale, atomic_fetch_add(&started, 1) + 1);
}

/* A task that was cancelled in its lane and posted again comes behind what was posted before it, though the inbox is
 * drained meanwhile. */
SCENARIO(a_stale_task_is_posted_behind_others)
{
    struct sched_pool *pool = pool_make(1);
    struct job *gate = job_create(pool, &tallies[0], pass_gate), *queued = job_create(pool, &tallies[1], NULL);
    struct job *between = job_create(pool, &tallies[2], note_other);
    struct job *stale = job_create(pool, &tallies[3], note_stale);

    sched_post(&gate->task);
    explore_settle();
    sched_post(&queued->task);
    sched_post(&queued->task);
    sched_post(&stale->task);
    sched_hold(&queued->task);
    sched_release(&queued->task); /* drains the inbox */
    sched_cancel(&stale->task);
    atomic_store(&gate_is_open, true);
    sched_lot_wake(&gate_is_open, SCHED_LOT_ALL);
    sched_post(&between->task);
    sched_post(&stale->task);
    explore_settle();
    explore_check(atomic_load(&place_of_other) < atomic_load(&place_of_stale));
    job_close(gate);
    job_close(queued);
    job_close(between);
    job_close(stale);
    sched_pool_leave(pool);
}
