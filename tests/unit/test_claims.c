// SPDX-License-Identifier: MIT
/* sched/claim.h: posts that a worker has claimed are still everybody's. */
#include "sched_help.h"

#include "sched/claim.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

static struct sched_worker *_Atomic claimer;

static uint64_t claims_in(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    uint64_t count = sched_claims_count(pool);
    sched_lock_release(&pool->lock);
    return count;
}

/* Stops in its second callback: by then the worker has claimed what it may. */
static void stop_with_claims(struct job *job, struct sched_worker *worker)
{
    if (atomic_load(&job->tally->begun) == 2) {
        atomic_store(&claimer, worker);
        check(unit_gate_pass(job->argument));
    }
}

static struct job *stop_with_body(struct sched_pool *pool, unsigned posts, job_body *body)
{
    struct job *job = job_create(pool, &tally, body, &gate);
    struct tally before = {0};
    struct unit_gate first = UNIT_GATE;
    struct job *blocker = job_create(pool, &before, job_pass_gate, &first);

    sched_pool_set_maximum(pool, 1);
    job_post(blocker);
    require_soon(unit_gate_waiting(&first) == 1);
    job_post_times(job, posts);
    unit_gate_open(&first);
    require_soon(atomic_load(&claimer) != NULL);
    sched_wait_idle(&blocker->task);
    job_close(blocker);
    check(claims_in(pool) > 0);
    check(claims_in(pool) < posts);
    return job;
}

static struct job *stop_a_worker_with_claims(struct sched_pool *pool, unsigned posts)
{
    return stop_with_body(pool, posts, stop_with_claims);
}

TEST(cancelling_takes_claimed_posts_back)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = stop_a_worker_with_claims(pool, 300);

    check_equal(sched_cancel(&job->task), 298);
    check_equal(claims_in(pool), 0);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 2);
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 3);
    jobs_end(pool, &job, 1);
}

TEST(claimed_posts_run_on_other_workers_while_their_claimer_is_blocked)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = stop_a_worker_with_claims(pool, 300);

    sched_pool_set_maximum(pool, 3);
    check_soon(atomic_load(&tally.ended) == 299);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 300);
    jobs_end(pool, &job, 1);
}

/* In a pool that computes, the keeper counts claims among what waits. */
TEST(claimed_posts_are_a_backlog)
{
    ground_set_processor_count(1);
    struct sched_pool *pool = pool_make(1);
    struct job *job = stop_a_worker_with_claims(pool, 20);

    sched_pool_set_maximum(pool, 0x1000);
    check_soon(atomic_load(&tally.ended) == 19);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
}

static void wait_for_what_has_begun(void *argument)
{
    struct job *job = argument;

    sched_wait_begun(&job->task);
    atomic_fetch_add(&other.ended, 1);
}

TEST(who_waits_for_what_has_begun_does_not_wait_for_claims)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = stop_a_worker_with_claims(pool, 300);
    struct unit_thread thread;

    unit_thread_start(&thread, wait_for_what_has_begun, job);
    check_soon(claims_in(pool) == 0);
    check_equal(atomic_load(&other.ended), 0);
    unit_gate_open(&gate);
    unit_thread_join(&thread);
    check(atomic_load(&tally.ended) >= 2);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 300);
    jobs_end(pool, &job, 1);
}

/* The first worker that has claims. */
static void detach_with_claims(struct job *job, struct sched_worker *worker)
{
    if (atomic_load(&worker->claim) && atomic_fetch_add(&other.begun, 1) == 0) {
        sched_detach(worker);
        check_equal(atomic_load(&worker->claim), 0);
        atomic_store(&claimer, worker);
        check(unit_gate_pass(job->argument));
    }
}

TEST(a_callback_that_detaches_itself_lets_go_of_its_claims)
{
    struct sched_pool *pool = pool_make(2);
    struct tally before = {0};
    struct unit_gate first = UNIT_GATE;
    struct job *blocker = job_create(pool, &before, job_pass_gate, &first);
    struct job *job = job_create(pool, &tally, detach_with_claims, &gate);

    job_post_times(blocker, 2);
    require_soon(unit_gate_waiting(&first) == 2);
    job_post_times(job, 300);
    unit_gate_open(&first);
    require_soon(atomic_load(&claimer) != NULL);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 299);
    unit_gate_open(&gate);
    sched_wait_quiet(&job->task);
    check_equal(atomic_load(&tally.ended), 300);
    sched_wait_idle(&blocker->task);
    job_close(blocker);
    jobs_end(pool, &job, 1);
}

static void end_thread_with_claims(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    if (atomic_load(&job->tally->begun) == 2) {
        sched_thread_ends();
        ground_end_thread();
    }
}

TEST(a_thread_that_ends_leaves_its_claims_to_others)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, end_thread_with_claims, NULL);

    job_post_times(job, 300);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.begun), 300);
    jobs_end(pool, &job, 1);
}

static struct order order;

static void note(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    order_append(&order, job->tally == &other);
}

static void note_and_stop_with_claims(struct job *job, struct sched_worker *worker)
{
    note(job, worker);
    stop_with_claims(job, worker);
}

TEST(who_comes_while_posts_are_claimed_is_next_but_one_at_most)
{
    for (unsigned i = 0; i < 2; i++) {
        struct sched_pool *pool = pool_make(1);
        struct job *job = stop_with_body(pool, 300, note_and_stop_with_claims);
        struct job *next =
            job_create_with(pool, &other, note, NULL, i == 0 ? SCHED_PRIORITY_NORMAL : SCHED_PRIORITY_HIGH, false);
        unsigned noted = atomic_load(&order.count);
        job_post(next);
        unit_gate_open(&gate);
        sched_wait_idle(&job->task);
        sched_wait_idle(&next->task);
        check(atomic_load(&order.entries[noted]) == 1 || (i == 0 && atomic_load(&order.entries[noted + 1]) == 1));
        job_close(job);
        jobs_end(pool, &next, 1);
        atomic_store(&order.count, 0);
        atomic_store(&tally.begun, 0);
        atomic_store(&claimer, NULL);
        unit_gate_shut(&gate);
    }
}

/* ---- races ------------------------------------------------------------------------------------- */

enum { POSTERS = 3, POSTS = 30000 };

struct poster {
    struct job *job;
    struct job *between;
    uint64_t cancelled;
    uint32_t random;
    bool cancels;
};

static void post_often(void *argument)
{
    struct poster *poster = argument;

    for (unsigned i = 0; i < POSTS; i++) {
        job_post(poster->job);
        uint32_t random = unit_random(&poster->random) % 1000;
        if (random < 10) {
            job_post(poster->between);
        }
        if (poster->cancels && random >= 990) {
            poster->cancelled += sched_cancel(&poster->job->task);
        }
    }
}

static void check_nothing_is_lost(bool cancels, uint32_t maximum)
{
    struct sched_pool *pool = pool_make(maximum);
    struct job *job = job_create(pool, &tally, NULL, NULL);
    struct job *between = job_create_with(pool, &other, NULL, NULL, SCHED_PRIORITY_HIGH, false);
    struct poster posters[POSTERS];
    struct unit_thread threads[POSTERS];
    uint64_t cancelled = 0;

    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){job, between, 0, i + 1, cancels};
        unit_thread_start(&threads[i], post_often, &posters[i]);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        unit_thread_join(&threads[i]);
        cancelled += posters[i].cancelled;
    }
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended) + cancelled, POSTERS * POSTS);
    unit_note("%u run, %llu cancelled", atomic_load(&tally.ended), (unsigned long long)cancelled);
    sched_wait_idle(&between->task);
    check_equal(claims_in(pool), 0);
    job_close(between);
    jobs_end(pool, &job, 1);
}

TEST(no_claimed_post_is_lost)
{
    check_nothing_is_lost(false, 0);
}

TEST(no_claimed_post_is_lost_on_four_workers)
{
    ground_set_processor_count(4);
    ground_disturb(1);
    check_nothing_is_lost(false, 4);
}

TEST(a_claimed_post_is_run_or_cancelled_and_never_both)
{
    ground_set_processor_count(3);
    check_nothing_is_lost(true, 3);
}

enum { BURSTS = 20000 };

/* A burst is claimed, and the task leaves its lane when the claim is used up; at that very moment it comes again,
 * behind another that is still in the inbox. */
TEST(a_task_may_come_again_when_its_claims_are_used_up)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[] = {job_create(pool, &tally, NULL, NULL), job_create(pool, &other, NULL, NULL)};

    for (unsigned i = 0; i < BURSTS; i++) {
        job_post_times(jobs[0], 3);
        while (atomic_load_explicit(&jobs[0]->task.counts, memory_order_relaxed) & TASK_QUEUED)
            nt_cpu_relax();
        if (i % 2)
            job_post(jobs[1]);
        job_post(jobs[0]);
    }
    check_soon(atomic_load(&tally.ended) == 4 * BURSTS);
    check_soon(atomic_load(&other.ended) == BURSTS / 2);
    jobs_end(pool, jobs, 2);
}
