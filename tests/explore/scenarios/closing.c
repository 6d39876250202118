// SPDX-License-Identifier: MIT
/* The last reference: tasks that are closed while they run, are cancelled or held, and pools that go with them. */
#include "jobs.h"

static struct tally tally, other;
static struct sched_pool *pool;
static struct job *job;
static _Atomic unsigned cancelled;

static void close_job(void *unused)
{
    (void)unused;
    job_close(job);
}

static void leave_pool(void *unused)
{
    (void)unused;
    sched_pool_leave(pool);
}

static void begin(unsigned maximum)
{
    pool = pool_make(maximum);
    job = job_create(pool, &tally, NULL);
}

SCENARIO(a_task_is_closed_while_it_runs)
{
    begin(0);
    unsigned posts = 1 + explore_pick(2);
    for (unsigned i = 0; i < posts; i++)
        sched_post(&job->task);
    unsigned thread = explore_start(leave_pool, NULL);
    job_close(job);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.closed), 1);
    explore_check_equal(atomic_load(&tally.ended), posts);
}

/* The cancel leaves the task in its lane with nothing pending. */
SCENARIO(a_cancelled_task_is_closed_in_its_lane)
{
    begin(1);
    struct job *first = job_create(pool, &other, NULL);
    sched_post(&first->task);
    sched_post(&job->task);
    unsigned taken_back = sched_cancel(&job->task);
    job_close(job);
    job_close(first);
    sched_pool_leave(pool);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended) + taken_back, 1);
    explore_check_equal(atomic_load(&tally.closed), 1);
    explore_check_equal(atomic_load(&other.closed), 1);
    explore_check_equal(atomic_load(&other.ended), 1);
}

/* As a group close does: it holds the task, which its owner closes meanwhile. */
SCENARIO(a_held_task_is_closed)
{
    begin(0);
    sched_post(&job->task);
    sched_hold(&job->task);
    unsigned thread = explore_start(close_job, NULL);
    sched_refuse(&job->task, true);
    unsigned taken_back = sched_cancel(&job->task);
    sched_wait_quiet(&job->task);
    explore_check_equal(atomic_load(&tally.closed), 0);
    sched_release(&job->task);
    explore_join(thread);
    sched_pool_leave(pool);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended) + taken_back, 1);
    explore_check_equal(atomic_load(&tally.closed), 1);
}

static void launch(void *mine)
{
    job_launch(pool, mine, NULL);
    sched_pool_leave(pool);
}

SCENARIO(a_pool_goes_with_the_last_that_was_launched)
{
    pool = pool_make(explore_pick(3));
    sched_pool_enter(pool);
    unsigned thread = explore_start(launch, &other);
    launch(&tally);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.closed), 1);
    explore_check_equal(atomic_load(&other.closed), 1);
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&other.ended), 2);
}

static void launch_another(struct job *self, struct sched_worker *worker)
{
    (void)self, (void)worker;
    job_launch(pool, &other, NULL);
}

SCENARIO(a_callback_posts_while_its_pool_is_left)
{
    pool = pool_make(1 + explore_pick(2));
    job_launch(pool, &tally, launch_another);
    sched_pool_leave(pool);
    explore_settle();
    explore_check_equal(atomic_load(&other.ended), 1);
    explore_check_equal(atomic_load(&other.closed), 1);
    explore_check_equal(atomic_load(&tally.closed), 1);
}

static void cancel_and_count(void *unused)
{
    (void)unused;
    atomic_fetch_add(&cancelled, sched_cancel(&job->task));
}

SCENARIO(a_post_is_run_or_cancelled)
{
    begin(0);
    unsigned thread = explore_start(cancel_and_count, NULL);
    sched_post(&job->task);
    sched_post(&job->task);
    explore_join(thread);
    sched_wait_idle(&job->task);
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&cancelled), 2);
    job_close(job);
    sched_pool_leave(pool);
}

static void detach(struct job *self, struct sched_worker *worker)
{
    (void)self;
    sched_detach(worker);
}

SCENARIO(a_task_is_closed_while_detached_callbacks_go_on)
{
    pool = pool_make(2);
    job = job_create(pool, &tally, detach);
    sched_post(&job->task);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    job_close(job);
    sched_pool_leave(pool);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 2);
    explore_check_equal(atomic_load(&tally.closed), 1);
}

static void close_self(struct job *self, struct sched_worker *worker)
{
    (void)worker;
    job_close(self);
}

SCENARIO(a_callback_closes_its_task)
{
    pool = pool_make(0);
    job = job_create(pool, &tally, close_self);
    sched_hold(&job->task);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    sched_release(&job->task);
    sched_pool_leave(pool);
    explore_settle();
    explore_check_equal(atomic_load(&tally.closed), 1);
}

static void set_minimum(void *unused)
{
    (void)unused;
    sched_pool_set_minimum(pool, 2);
    sched_pool_set_minimum(pool, 0);
}

SCENARIO(the_bounds_change_while_posts_come)
{
    begin(3);
    unsigned thread = explore_start(set_minimum, NULL);
    sched_post(&job->task);
    sched_pool_set_maximum(pool, 1 + explore_pick(2));
    sched_post(&job->task);
    explore_join(thread);
    sched_post(&job->task);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 3);
    job_close(job);
    sched_pool_leave(pool);
}

static void close_self_at_second(struct job *self, struct sched_worker *worker)
{
    (void)worker;
    if (atomic_load(&self->tally->begun) == 2)
        job_close(self);
}

/* The second post is run by a worker that was still looking, before its poster has looked for one. */
SCENARIO(a_pool_is_gone_when_its_poster_looks_for_a_worker)
{
    pool = pool_make(1);
    job = job_create(pool, &tally, close_self_at_second);
    sched_pool_leave(pool);
    sched_post(&job->task);
    sched_post(&job->task);
    explore_settle();
    explore_check_equal(atomic_load(&tally.closed), 1);
}
