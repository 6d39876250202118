// SPDX-License-Identifier: MIT
/* Workers that are terminated, which tells nobody: at rest and in a callback. The pool gets over it by itself. */
#include "sched_help.h"

static struct tally tally, other;
static struct sched_worker *_Atomic victim;
static _Atomic uint32_t victims_thread;

static void remember(struct job *job, struct sched_worker *worker)
{
    (void)job;
    atomic_store(&victims_thread, nt_thread_id());
    atomic_store(&victim, worker);
}

static void sleep_for_good(struct job *job, struct sched_worker *worker)
{
    struct nt_parker parker;

    remember(job, worker);
    nt_parker_init(&parker);
    nt_park(&parker, NT_FOREVER);
}

/* A thread in nt_park holds no lock; whoever the job's worker was parks there sooner or later. */
static void terminate_at_rest(struct sched_pool *pool, struct job *job)
{
    job_post(job);
    sched_wait_idle(&job->task);
    require_soon(pool_idle(pool_load_state(pool)) == pool_total(pool_load_state(pool)));
    ground_terminate_parked(atomic_load(&victims_thread));
}

static void check_that_posts_run(struct sched_pool *pool, uint32_t minimum)
{
    struct job *job = job_create(pool, &tally, remember, NULL);

    for (unsigned i = 1; i <= 3; i++) {
        terminate_at_rest(pool, job);
        job_post(job);
        sched_wait_idle(&job->task);
        check_equal(atomic_load(&tally.ended), 2 * i);
    }
    check(pool_total(pool_load_state(pool)) >= minimum);
    jobs_end(pool, &job, 1);
}

TEST(a_pool_of_one_outlives_its_worker_that_was_terminated_at_rest)
{
    check_that_posts_run(pool_make(1), 0);
}

TEST(a_pool_outlives_workers_that_were_terminated_at_rest)
{
    check_that_posts_run(pool_make(0), 0);
}

/* A minimum means three parked workers; the last to park is the first to be woken. */
TEST(a_pool_with_a_minimum_outlives_workers_that_were_terminated_at_rest)
{
    struct sched_pool *pool = pool_make(3);

    require(sched_pool_set_minimum(pool, 3) >= 0);
    check_that_posts_run(pool, 0);
}

static void check_that_callbacks_end(struct sched_pool *pool, uint32_t workers)
{
    struct job *blocked = job_create(pool, &tally, sleep_for_good, NULL);
    struct job *job = job_create(pool, &other, NULL, NULL);

    for (unsigned i = 1; i <= 3; i++) {
        atomic_store(&victim, NULL);
        job_post(blocked);
        require_soon(atomic_load(&victim) != NULL);
        job_post_times(job, 3);
        ground_terminate_parked(atomic_load(&victims_thread));
        sched_wait_idle(&job->task);
        check_equal(atomic_load(&other.ended), 3 * i);
    }
    if (workers == 1) {
        sched_wait_idle(&blocked->task); /* what waits for the callbacks of those who are gone, goes on */
        check_equal(atomic_load(&tally.begun), 3);
        jobs_end(pool, (struct job *[]){blocked, job}, 2);
    }
}

TEST(a_pool_of_one_outlives_its_worker_that_was_terminated_in_a_callback)
{
    check_that_callbacks_end(pool_make(1), 1);
}

TEST(a_pool_outlives_workers_that_were_terminated_in_callbacks)
{
    check_that_callbacks_end(pool_make(0), 0);
}

TEST(a_pool_ends_whose_worker_was_terminated_at_rest)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, remember, NULL);

    terminate_at_rest(pool, job);
    jobs_end(pool, &job, 1);
    check_equal(atomic_load(&tally.closed), 1);
}

static void take_the_id(void *unused)
{
    (void)unused;
    ground_take_thread_id(atomic_load(&victims_thread));
    sched_thread_begins();
    check(sched_worker_current() == NULL);
    sched_thread_ends();
}

/* Another thread has its id by now: it is not mistaken for the worker, and the worker is missed all the same. */
TEST(a_worker_that_was_terminated_is_missed_when_another_thread_has_its_id)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, remember, NULL);
    struct unit_thread thread;

    terminate_at_rest(pool, job);
    unit_thread_start(&thread, take_the_id, NULL);
    unit_thread_join(&thread);
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 2);
    jobs_end(pool, &job, 1);
}

/* The roll call that a wake-up asks for is one look of the keeper, and asks for no other. */
TEST(a_pool_that_was_woken_leaves_the_keeper_alone_afterwards)
{
    ground_speed_clocks(20);
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, NULL, NULL);
    for (int i = 0; i < 2; i++) {
        job_post(job);
        sched_wait_idle(&job->task);
        require_soon(pool_idle(pool_load_state(pool)) == 1);
    }
    unit_pause(NT_SECOND / 10); /* two seconds of the ground's: time itself has to pass */
    uint64_t wake_ups = ground_wake_ups();
    unit_pause(NT_SECOND / 4);
    check(ground_wake_ups() == wake_ups);
    jobs_end(pool, &job, 1);
}
