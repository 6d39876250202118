// SPDX-License-Identifier: MIT
/* Posting, parking and waking. */
#include "jobs.h"

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
