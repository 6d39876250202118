// SPDX-License-Identifier: MIT
/* sched/task.h: closing, holding, refusing, and what is done afterwards. */
#include "sched_help.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other, third;

/* ---- closing ---------------------------------------------------------------------------------- */

TEST(a_task_closed_while_queued_runs_first)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);

    for (unsigned i = 0; i < 5; i++) {
        job_post(job);
    }
    check(sched_close(&job->task));
    check_equal(atomic_load(&other.closed), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&other.closed) == 1);
    check_equal(atomic_load(&other.ended), 5);
    jobs_end(pool, &first, 1);
    check_equal(atomic_load(&other.closed), 1);
}

TEST(a_task_closed_while_running_is_closed_at_the_end)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = occupy(pool, &tally, &gate);

    check(sched_close(&job->task));
    check(!sched_close(&job->task));
    check_equal(atomic_load(&tally.closed), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.closed) == 1);
    pool_end(pool);
    check_equal(atomic_load(&tally.closed), 1);
}

static void close_self(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    check(sched_close(&job->task));
    /* This one is not, as long as it runs. */
    check(atomic_load(&job->tally->closed) < atomic_load(&job->tally->begun));
}

TEST(a_task_may_close_itself)
{
    struct sched_pool *pool = pool_make(0);

    for (unsigned i = 0; i < 3000; i++) {
        job_post(job_create(pool, &tally, close_self, NULL));
    }
    check_soon(atomic_load(&tally.closed) == 3000);
    check_equal(atomic_load(&tally.ended), 3000);
    pool_end(pool);
}

TEST(a_cancelled_task_is_closed_at_once_though_every_worker_is_busy)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);
    struct job *between = job_create(pool, &third, NULL, NULL);

    job_post(job);
    job_post(between);
    check_equal(sched_cancel(&job->task), 1);
    check(sched_close(&job->task));
    check_equal(atomic_load(&other.closed), 1);
    unit_gate_open(&gate);
    sched_wait_idle(&between->task);
    check_equal(atomic_load(&third.ended), 1);
    job_close(between);
    jobs_end(pool, &first, 1);
}

TEST(a_held_task_keeps_its_memory_until_released)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);

    job_post(job);
    sched_hold(&job->task);
    check(sched_close(&job->task));
    check_equal(sched_cancel(&job->task), 1);
    sched_wait_quiet(&job->task);
    check_equal(atomic_load(&other.closed), 0);
    sched_release(&job->task);
    check_equal(atomic_load(&other.closed), 1);

    struct job *idle = job_create(pool, &third, NULL, NULL);
    sched_hold(&idle->task);
    check(sched_close(&idle->task));
    check_equal(atomic_load(&third.closed), 0);
    sched_release(&idle->task);
    check_equal(atomic_load(&third.closed), 1);
    unit_gate_open(&gate);
    jobs_end(pool, &first, 1);
    check_equal(atomic_load(&other.closed), 1);
}

/* ---- the rest --------------------------------------------------------------------------------- */

TEST(a_task_that_refuses_drops_posts_until_it_no_longer_does)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &other, NULL, NULL);
    job_post(jobs[1]);
    sched_refuse(&jobs[1]->task, true);
    job_post(jobs[1]);
    job_post(jobs[1]);
    unit_gate_open(&gate);
    sched_wait_idle(&jobs[1]->task);
    check_equal(atomic_load(&other.ended), 1);
    sched_refuse(&jobs[1]->task, false);
    job_post(jobs[1]);
    sched_wait_idle(&jobs[1]->task);
    check_equal(atomic_load(&other.ended), 2);
    jobs_end(pool, jobs, 2);
}

TEST(a_task_posted_from_the_start_runs_once_and_is_closed)
{
    struct sched_pool *pool = pool_make(0);

    for (unsigned i = 0; i < 5000; i++) {
        job_launch(pool, &tally, NULL, NULL, i % SCHED_PRIORITIES);
    }
    check_soon(atomic_load(&tally.closed) == 5000);
    check_equal(atomic_load(&tally.ended), 5000);
    pool_end(pool);
}

static void note_over(void *argument)
{
    struct tally *noted = argument;

    /* The callback that asked for it does not count as running any more. */
    atomic_fetch_add(&noted->ended, 1);
}

static struct tally noted;

static void ask_for_afterwards(struct job *job, struct sched_worker *worker)
{
    sched_afterwards(worker, note_over, &noted);
    check_equal(atomic_load(&noted.ended), atomic_load(&job->tally->ended));
}

TEST(what_is_to_be_done_afterwards_is_done_once_after_each_callback)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, ask_for_afterwards, NULL);

    for (unsigned i = 0; i < 100; i++) {
        job_post(job);
    }
    check_soon(atomic_load(&noted.ended) == 100);
    check_equal(atomic_load(&tally.ended), 100);
    jobs_end(pool, &job, 1);
}

static void stay(struct job *job, struct sched_worker *worker)
{
    (void)job;
    sched_worker_make_persistent(worker);
}

TEST(a_persistent_worker_stays_until_its_pool_ends)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, stay, NULL);

    ground_speed_clocks(100);
    job_post(job);
    sched_wait_idle(&job->task);
    unit_pause(NT_SECOND);
    check_equal(atomic_load(&sched_workers_now), 1);
    jobs_end(pool, &job, 1);
    check_equal(atomic_load(&sched_workers_created), 1);
}
