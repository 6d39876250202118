// SPDX-License-Identifier: MIT
/* sched_thread_ends: callbacks that end their thread, which is forbidden, cost a worker and nothing else. */
#include "sched_help.h"

static struct tally tally, other;

static void end_thread(struct job *job, struct sched_worker *worker)
{
    (void)job, (void)worker;
    sched_thread_ends();
    ground_end_thread();
}

static void detach_and_end_thread(struct job *job, struct sched_worker *worker)
{
    sched_detach(worker);
    end_thread(job, worker);
}

static void check_life_goes_on(job_body *body, uint32_t maximum)
{
    struct sched_pool *pool = pool_make(maximum);
    struct job *ender = job_create(pool, &tally, body, NULL);
    struct job *job = job_create(pool, &other, NULL, NULL);

    for (unsigned i = 1; i <= 20; i++) {
        job_post(ender);
        job_post_times(job, 3);
        sched_wait_quiet(&ender->task);
        sched_wait_idle(&job->task);
        check_equal(atomic_load(&other.ended), 3 * i);
    }
    check_equal(atomic_load(&tally.begun), 20);
    job_close(ender);
    check_equal(atomic_load(&tally.closed), 1);
    jobs_end(pool, &job, 1);
}

TEST(a_pool_of_one_outlives_the_end_of_its_thread)
{
    check_life_goes_on(end_thread, 1);
}

TEST(a_pool_outlives_the_end_of_its_threads)
{
    check_life_goes_on(end_thread, 0);
}

TEST(detached_callbacks_that_end_their_thread_are_over_too)
{
    check_life_goes_on(detach_and_end_thread, 2);
}

/* The last callback of the last task of a pool that is closed already. */
TEST(a_pool_may_end_with_the_end_of_its_thread)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, end_thread, NULL);

    job_post(job);
    jobs_end(pool, &job, 1);
    check_equal(atomic_load(&tally.closed), 1);
}

static void end_foreign_thread(void *unused)
{
    (void)unused;
    sched_thread_ends();
}

TEST(other_threads_may_end_as_they_like)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &other, NULL, NULL);
    struct unit_thread thread;

    job_post(job);
    sched_wait_idle(&job->task);
    unit_thread_start(&thread, end_foreign_thread, NULL);
    unit_thread_join(&thread);
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&sched_workers_now), 1);
    jobs_end(pool, &job, 1);
}
