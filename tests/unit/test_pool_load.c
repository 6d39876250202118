// SPDX-License-Identifier: MIT
/* sched/pool.h and sched/stall.c: callbacks that block, wait, compute or run long. */
#include "sched_help.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

/* ---- blocked callbacks ------------------------------------------------------------------------- */

TEST(blocked_callbacks_bring_new_workers)
{
    ground_set_processor_count(2);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    uint64_t begin = unit_real_time();
    job_post_times(job, 64);
    check_soon(unit_gate_waiting(&gate) == 64);
    unit_note("64 blocked callbacks ran after %llu ms",
              (unsigned long long)((unit_real_time() - begin) / NT_MILLISECOND));
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
}

/* As if others kept the processors busy: then it takes a look at each worker's time, and longer. */
TEST(blocked_callbacks_bring_new_workers_though_no_processor_is_idle)
{
    ground_set_processor_count(2);
    ground_pretend_idle_processors(0);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    job_post_times(job, 64);
    check_soon(unit_gate_waiting(&gate) == 64);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
}

/* How long it takes until 64 callbacks block, of which all but two need more workers. */
static uint64_t time_to_block_64(void)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    uint64_t begin = unit_real_time();

    unit_gate_shut(&gate);
    job_post_times(job, 64);
    check_soon(unit_gate_waiting(&gate) == 64);
    uint64_t taken = unit_real_time() - begin;
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
    return taken;
}

/* Before the first look at anybody's processor time. Without that reason one comes every 100 ms, so it takes six
 * seconds; with it as long as the machine needs, which may be busy for some of the tries. */
TEST(a_free_processor_is_reason_enough_for_more_workers)
{
    enum { TRIES = 6 };
    uint64_t least = NT_FOREVER;

    ground_set_processor_count(2);
    ground_pretend_idle_processors(2);
    ground_pretend_cpu_time_step(20 * NT_SECOND);
    for (unsigned i = 0; i < TRIES && least >= 5 * NT_SECOND; i++) {
        uint64_t taken = time_to_block_64();
        least = taken < least ? taken : least;
    }
    check(least < 5 * NT_SECOND);
}

TEST(without_a_free_processor_more_workers_have_to_wait_for_other_evidence)
{
    ground_set_processor_count(2);
    ground_pretend_idle_processors(0);
    ground_pretend_cpu_time_step(2 * NT_SECOND);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    uint64_t begin = unit_real_time();

    job_post_times(job, 64);
    require_soon(unit_gate_waiting(&gate) >= 2);
    unit_pause(NT_SECOND / 10);
    /* One comes every 100 ms in which no callback ends, whatever the evidence; and a pause may be long. */
    unsigned waiting = unit_gate_waiting(&gate);
    check(waiting <= 2 + (unit_real_time() - begin) / (NT_SECOND / 10));
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
}

static void block_a_moment(struct job *job, struct sched_worker *worker)
{
    (void)job, (void)worker;
    unit_pause(5 * NT_MILLISECOND);
}

TEST(a_stream_of_callbacks_that_block_a_moment_gets_more_workers_and_keeps_them)
{
    ground_set_processor_count(2);
    ground_pretend_idle_processors(2);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, block_a_moment, NULL);

    uint64_t begin = unit_real_time();
    job_post_times(job, 1000);
    sched_wait_idle(&job->task);
    unit_note("1000 callbacks of 5 ms took %llu ms, %u at most at a time",
              (unsigned long long)((unit_real_time() - begin) / NT_MILLISECOND), atomic_load(&tally.peak));
    check_equal(atomic_load(&tally.ended), 1000);
    check(atomic_load(&tally.peak) > 8);
    /* It was for this stream only. */
    check_soon(atomic_load(&pool->extra) == 0 && !atomic_load(&pool->watch.watched));
    jobs_end(pool, &job, 1);
}

TEST(a_stream_of_callbacks_that_block_a_moment_keeps_all_the_workers_that_it_may_have)
{
    ground_set_processor_count(2);
    ground_pretend_idle_processors(2);
    struct sched_pool *pool = pool_make(8);
    struct job *job = job_create(pool, &tally, block_a_moment, NULL);

    job_post_times(job, 500);
    require_soon(atomic_load(&tally.now) == 8);
    uint32_t begun = atomic_load(&tally.begun);
    require_soon(atomic_load(&tally.begun) >= begun + 50);
    check_soon(atomic_load(&tally.now) == 8 || atomic_load(&tally.ended) == 500);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.peak), 8);
    check_soon(atomic_load(&pool->extra) == 0 && !atomic_load(&pool->watch.watched));
    jobs_end(pool, &job, 1);
}

TEST(what_is_posted_to_a_pool_whose_workers_are_known_to_block_needs_no_keeper)
{
    ground_set_processor_count(2);
    ground_pretend_idle_processors(2);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    struct job *next = job_create(pool, &other, NULL, NULL);

    job_post_times(job, 10);
    require_soon(unit_gate_waiting(&gate) == 10);
    for (unsigned i = 1; i <= 20; i++) {
        require_soon(pool_active(pool_load_state(pool)) < 2 && !atomic_load(&pool->watch.watched));
        job_post(next);
        sched_wait_idle(&next->task);
        check(!atomic_load(&pool->watch.watched));
    }
    unit_gate_open(&gate);
    job_close(job);
    jobs_end(pool, &next, 1);
}

static _Atomic bool spinning_is_over;

static void spin(void *unused)
{
    (void)unused;
    while (!atomic_load_explicit(&spinning_is_over, memory_order_relaxed)) {
        nt_cpu_relax();
    }
}

/* The processor time that others use must not be taken for the workers'. */
TEST(blocked_callbacks_bring_new_workers_though_others_compute)
{
    ground_set_processor_count(2);
    struct sched_pool *pool = pool_make(0);
    struct unit_thread spinners[2];
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    struct job *next = job_create(pool, &other, NULL, NULL);

    for (unsigned i = 0; i < 2; i++) {
        unit_thread_start(&spinners[i], spin, NULL);
    }
    job_post_times(job, 2);
    require_soon(unit_gate_waiting(&gate) == 2);
    uint64_t begin = unit_real_time();
    job_post(next);
    check_soon(atomic_load(&other.ended) == 1);
    unit_note("progress after %llu ms", (unsigned long long)((unit_real_time() - begin) / NT_MILLISECOND));
    atomic_store(&spinning_is_over, true);
    for (unsigned i = 0; i < 2; i++) {
        unit_thread_join(&spinners[i]);
    }
    unit_gate_open(&gate);
    job_close(job);
    jobs_end(pool, &next, 1);
}

static void wait_for_other(struct job *job, struct sched_worker *worker)
{
    struct job *awaited = job->argument;

    (void)worker;
    job_post(awaited);
    sched_wait_idle(&awaited->task);
}

/* A worker in a wait of ours is known to be blocked: another one comes without anybody having to notice a stall. */
TEST(a_callback_that_waits_for_another_task_makes_room_for_it)
{
    ground_set_processor_count(1);
    struct sched_pool *pool = pool_make(0);
    struct job *awaited = job_create(pool, &other, NULL, NULL);
    struct job *job = job_create(pool, &tally, wait_for_other, awaited);

    for (unsigned i = 0; i < 50; i++) {
        job_post(job);
        sched_wait_idle(&job->task);
    }
    check_equal(atomic_load(&tally.ended), 50);
    check_equal(atomic_load(&other.ended), 50);
    job_close(awaited);
    jobs_end(pool, &job, 1);
}

TEST(long_callbacks_do_not_count_against_the_target)
{
    ground_set_processor_count(1);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create_with(pool, &tally, job_pass_gate, &gate, SCHED_PRIORITY_NORMAL, true);
    struct job *quick = job_create(pool, &other, NULL, NULL);

    job_post_times(job, 10);
    check_soon(unit_gate_waiting(&gate) == 10);
    job_post(quick);
    sched_wait_idle(&quick->task);
    check_equal(atomic_load(&other.ended), 1);
    unit_gate_open(&gate);
    job_close(quick);
    jobs_end(pool, &job, 1);
}

static _Atomic unsigned may_run_long;

static void say_long(struct job *job, struct sched_worker *worker)
{
    atomic_fetch_add(&may_run_long, sched_may_run_long(worker));
    check(unit_gate_pass(job->argument));
}

TEST(a_callback_is_told_whether_it_may_run_long)
{
    struct sched_pool *pool = pool_make(3);
    struct job *job = job_create(pool, &tally, say_long, &gate);

    /* The third has taken the last worker: nobody is left to serve the pool. */
    for (unsigned i = 1; i <= 3; i++) {
        job_post(job);
        require_soon(unit_gate_waiting(&gate) == i);
    }
    check_equal(atomic_load(&may_run_long), 2);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    jobs_end(pool, &job, 1);
}

static void compute(struct job *job, struct sched_worker *worker)
{
    uint64_t until = nt_time_now() + 2 * NT_MILLISECOND;

    (void)job, (void)worker;
    while (nt_time_now() < until) {
    }
}

static void check_no_flood(unsigned share)
{
    ground_pretend_idle_processors(0);
    ground_pretend_thread_share(share);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, compute, NULL);

    job_post_times(job, 300);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 300);
    unit_note("%u workers at most", atomic_load(&sched_workers_peak));
    /* All the same one is added whenever nothing ends for long, which on a busy machine may happen now and then. */
    check(atomic_load(&sched_workers_peak) <= 20 * nt_processor_count());
    jobs_end(pool, &job, 1);
}

TEST(computing_callbacks_do_not_flood_the_processors)
{
    check_no_flood(900);
}

/* As on a machine where each thread gets a small share only. */
TEST(computing_callbacks_do_not_flood_processors_that_others_keep_busy)
{
    check_no_flood(60);
}

enum { DEPTH = 12 };

static void fan_out(struct job *job, struct sched_worker *worker)
{
    unsigned depth = (unsigned)(uintptr_t)job->argument;

    (void)worker;
    for (unsigned i = 0; depth > 0 && i < 2; i++) {
        struct job *child = job_create(job->pool, job->tally, fan_out, (void *)(uintptr_t)(depth - 1));
        job_post(child);
        job_close(child);
    }
}

TEST(a_fan_out_needs_few_threads)
{
    struct sched_pool *pool = pool_make(0);
    struct job *root = job_create(pool, &tally, fan_out, (void *)(uintptr_t)DEPTH);

    job_post(root);
    job_close(root);
    check_soon(atomic_load(&tally.closed) == (1u << (DEPTH + 1)) - 1);
    check_equal(atomic_load(&tally.ended), (1u << (DEPTH + 1)) - 1);
    unit_note("%u workers at most", atomic_load(&sched_workers_peak));
    pool_end(pool);
}

static _Atomic bool flood_is_over;

static void post_again(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    if (!atomic_load(&flood_is_over))
        job_post(job);
}

TEST(a_lane_below_one_that_never_runs_dry_is_late_but_served)
{
    ground_set_processor_count(2);
    struct sched_pool *pool = pool_make(0);
    struct job *jobs[6];
    static struct tally lower[2];

    for (unsigned i = 0; i < 4; i++) {
        jobs[i] = job_create_with(pool, &tally, post_again, NULL, SCHED_PRIORITY_HIGH, false);
        job_post(jobs[i]);
    }
    require_soon(atomic_load(&tally.ended) > 100);
    jobs[4] = job_create_with(pool, &lower[0], NULL, NULL, SCHED_PRIORITY_NORMAL, false);
    jobs[5] = job_create_with(pool, &lower[1], NULL, NULL, SCHED_PRIORITY_LOW, false);
    job_post_times(jobs[4], 2);
    job_post_times(jobs[5], 2);
    check_soon(atomic_load(&lower[0].ended) == 2 && atomic_load(&lower[1].ended) == 2);
    atomic_store(&flood_is_over, true);
    jobs_end(pool, jobs, 6);
}

TEST(an_idle_pool_uses_no_processor_time)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    job_post_times(job, 100);
    sched_wait_idle(&job->task);
    unit_pause(NT_SECOND / 4);
    uint64_t before = ground_process_cpu_time();
    unit_pause(NT_SECOND);
    uint64_t used = ground_process_cpu_time() - before;
    /* A single spinning thread would use a hundred times as much. */
    check(used < 10 * NT_MILLISECOND);
    jobs_end(pool, &job, 1);
}
