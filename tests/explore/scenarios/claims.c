// SPDX-License-Identifier: MIT
/* Workers that claim posts, and everybody who takes claims away. */
#include "jobs.h"

enum { BURST = 5 };

static struct tally tally, other;
static _Atomic unsigned cancelled;
static struct job *job;
static struct sched_pool *pool;

static void post_burst(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < BURST; i++)
        sched_post(&job->task);
}

static void end(void)
{
    job_close(job);
    sched_pool_leave(pool);
}

static void begin(unsigned maximum, job_body *body)
{
    pool = pool_make(maximum);
    job = job_create(pool, &tally, body);
}

static void cancel(void *unused)
{
    (void)unused;
    atomic_fetch_add(&cancelled, sched_cancel(&job->task));
}

SCENARIO(a_claimed_post_is_run_or_cancelled)
{
    begin(1 + explore_pick(2), NULL);
    unsigned canceller = explore_start(cancel, NULL);
    post_burst(NULL);
    explore_join(canceller);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&cancelled), BURST);
    sched_post(&job->task);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&cancelled), BURST + 1);
    end();
}

SCENARIO(who_waits_hears_of_a_cancelled_claim)
{
    begin(1 + explore_pick(2), NULL);
    post_burst(NULL);
    unsigned canceller = explore_start(cancel, NULL);
    sched_wait_idle(&job->task);
    explore_join(canceller);
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&cancelled), BURST);
    end();
}

SCENARIO(who_waits_for_what_has_begun_may_count_on_it)
{
    begin(1 + explore_pick(3), NULL);
    unsigned poster = explore_start(post_burst, NULL);
    sched_post(&job->task);
    unsigned begun = atomic_load(&tally.begun);
    sched_wait_begun(&job->task);
    explore_check(atomic_load(&tally.ended) >= begun);
    explore_join(poster);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), BURST + 1);
    end();
}

/* What WaitForThreadpoolWorkCallbacks with cancelling promises: afterwards nothing of what was posted before runs. */
SCENARIO(after_cancelling_and_waiting_nothing_runs)
{
    begin(1 + explore_pick(2), NULL);
    post_burst(NULL);
    cancel(NULL);
    sched_wait_begun(&job->task);
    explore_check_equal(atomic_load(&tally.now), 0);
    explore_check_equal(atomic_load(&tally.ended) + atomic_load(&cancelled), BURST);
    end();
}

static void end_second_thread(struct job *self, struct sched_worker *worker)
{
    (void)worker;
    if (atomic_load(&self->tally->begun) == 2) {
        sched_thread_ends();
        explore_end_thread();
    }
}

SCENARIO(a_thread_that_ends_leaves_its_claims)
{
    begin(1 + explore_pick(2), end_second_thread);
    post_burst(NULL);
    explore_settle();
    explore_check_equal(atomic_load(&tally.begun), BURST);
    end();
}

static void detach_second(struct job *self, struct sched_worker *worker)
{
    if (atomic_load(&self->tally->begun) == 2)
        sched_detach(worker);
}

SCENARIO(who_detaches_lets_go_of_its_claims)
{
    begin(1 + explore_pick(2), detach_second);
    post_burst(NULL);
    sched_wait_quiet(&job->task);
    explore_check_equal(atomic_load(&tally.ended), BURST);
    end();
}

static void say_second_is_long(struct job *self, struct sched_worker *worker)
{
    if (atomic_load(&self->tally->begun) == 2)
        sched_may_run_long(worker);
}

SCENARIO(who_may_run_long_lets_go_of_its_claims)
{
    begin(1 + explore_pick(2), say_second_is_long);
    post_burst(NULL);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), BURST);
    end();
}

static void change_maximum(void *unused)
{
    (void)unused;
    sched_pool_set_maximum(pool, 1);
    sched_pool_set_maximum(pool, 1 + explore_pick(3));
}

SCENARIO(the_maximum_may_change_under_claims)
{
    begin(3, NULL);
    unsigned thread = explore_start(change_maximum, NULL);
    post_burst(NULL);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), BURST);
    end();
}

/* The task leaves its lane when its claims are used up, and comes again at that moment, behind another. */
SCENARIO(a_task_comes_again_when_its_claims_are_used_up)
{
    begin(1, NULL);
    struct job *between = job_create(pool, &other, NULL);
    sched_post(&job->task);
    sched_post(&job->task);
    sched_post(&job->task);
    sched_post(&between->task);
    sched_post(&job->task);
    explore_settle();
    explore_check_equal(atomic_load(&tally.ended), 4);
    explore_check_equal(atomic_load(&other.ended), 1);
    job_close(between);
    end();
}

static void wait_for_the_other(struct job *self, struct sched_worker *worker)
{
    (void)self, (void)worker;
    sched_wait_idle(&job->task);
}

/* A callback waits for posts of another task, in a pool with no worker to spare but those that it may get. */
SCENARIO(a_callback_waits_for_a_burst)
{
    begin(2, NULL);
    struct job *waiter = job_create(pool, &other, wait_for_the_other);
    post_burst(NULL);
    sched_post(&waiter->task);
    sched_wait_idle(&waiter->task);
    explore_check_equal(atomic_load(&tally.ended), BURST);
    job_close(waiter);
    end();
}
