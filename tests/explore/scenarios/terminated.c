// SPDX-License-Identifier: MIT
/* Workers that are terminated: at rest, when somebody has just woken them, and in a callback. */
#include "jobs.h"

static struct tally tally, other;
static struct sched_pool *pool;
static struct job *job;
static uint32_t victims_thread;
static const struct nt_parker *victims_parker;

static void remember(struct job *self, struct sched_worker *worker)
{
    (void)self;
    if (victims_parker)
        return;
    victims_thread = nt_thread_id();
    victims_parker = &worker->parker;
}

static void sleep_for_good(struct job *self, struct sched_worker *worker)
{
    struct nt_parker parker;

    (void)self, (void)worker;
    nt_parker_init(&parker);
    victims_thread = nt_thread_id();
    victims_parker = &parker;
    nt_park(&parker, NT_FOREVER);
}

static void post(void *unused)
{
    (void)unused;
    sched_post(&job->task);
}

static void terminate(void *unused)
{
    (void)unused;
    explore_terminate(victims_thread, victims_parker);
}

/* Who is terminated meanwhile may be at rest, or on its way to the post, or about to be called: then its record stays.
 */
SCENARIO(a_worker_is_terminated_at_rest, .time_passes = true, .keeps_items = true)
{
    pool = pool_make(1 + explore_pick(2));
    job = job_create(pool, &tally, remember);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    explore_settle();
    unsigned thread = explore_start(post, NULL), killer = explore_start(terminate, NULL);
    explore_join(thread);
    explore_join(killer);
    sched_wait_idle(&job->task);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    explore_check_equal(atomic_load(&tally.ended), 3);
    job_close(job);
    sched_pool_leave(pool);
}

/* The closing pool calls for all who rest. */
SCENARIO(a_pool_ends_whose_worker_is_terminated, .time_passes = true, .keeps_items = true)
{
    pool = pool_make(1 + explore_pick(2));
    job = job_create(pool, &tally, remember);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    explore_settle();
    unsigned killer = explore_start(terminate, NULL);
    job_close(job);
    sched_pool_leave(pool);
    explore_join(killer);
}

SCENARIO(a_worker_is_terminated_in_a_callback, .time_passes = true)
{
    pool = pool_make(1);
    job = job_create(pool, &tally, sleep_for_good);
    struct job *behind = job_create(pool, &other, NULL);
    sched_post(&job->task);
    explore_settle();
    if (explore_pick(2))
        sched_post(&behind->task);
    explore_check(explore_terminate(victims_thread, victims_parker));
    sched_post(&behind->task);
    sched_wait_idle(&behind->task);
    sched_wait_idle(&job->task);
    explore_check(atomic_load(&other.ended) != 0);
    job_close(job);
    job_close(behind);
    sched_pool_leave(pool);
}

static struct tally unshared[3];

static void detach_perhaps(struct sched_worker *worker)
{
    if (explore_pick(2))
        sched_may_run_long(worker);
    if (explore_pick(2))
        sched_detach(worker);
}

static void detach_and_sleep(struct job *self, struct sched_worker *worker)
{
    detach_perhaps(worker);
    sleep_for_good(self, worker);
}

static void detach_and_end(struct job *self, struct sched_worker *worker)
{
    (void)self;
    detach_perhaps(worker);
}

/* The task is freed once, whoever ends its callback. */
SCENARIO(a_worker_is_terminated_in_an_unshared_callback, .time_passes = true)
{
    pool = pool_make(1);
    job_launch(pool, &unshared[0], detach_and_sleep);
    explore_settle();
    job = job_create(pool, &tally, NULL);
    sched_post(&job->task);
    job_launch(pool, &unshared[1], detach_and_end);
    explore_check(explore_terminate(victims_thread, victims_parker));
    job_launch(pool, &unshared[2], detach_and_end);
    sched_post(&job->task);
    sched_wait_idle(&job->task);
    explore_check_equal(atomic_load(&unshared[0].closed), 1);
    job_close(job);
    sched_pool_leave(pool);
}
