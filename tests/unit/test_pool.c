// SPDX-License-Identifier: MIT
/* sched/pool.h and sched/worker.h: bounds, coming and going of workers, blocked callbacks, threads that cannot be had.
 */
#include "sched_help.h"

#include <string.h>

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

static void finish(struct sched_pool *pool, struct job *job)
{
    job_close(job);
    pool_end(pool);
}

static void post_times(struct job *job, unsigned times)
{
    while (times-- > 0) {
        job_post(job);
    }
}

/* ---- bounds ----------------------------------------------------------------------------------- */

TEST(no_more_callbacks_run_than_the_maximum_says)
{
    static const unsigned maxima[] = {1, 2, 3, 8};

    for (unsigned i = 0; i < 4; i++) {
        struct sched_pool *pool = pool_make(maxima[i]);
        struct tally *one = &(struct tally){0};
        unit_gate_shut(&gate);
        struct job *job = job_create(pool, one, job_pass_gate, &gate);
        post_times(job, 40);
        /* All that may run do, blocked as they are. */
        check_soon(unit_gate_waiting(&gate) == maxima[i]);
        unit_gate_open(&gate);
        sched_wait_idle(&job->task);
        check_equal(atomic_load(&one->ended), 40);
        check_equal(atomic_load(&one->peak), maxima[i]);
        job_close(job);
        pool_end(pool);
    }
}

TEST(a_maximum_of_one_is_one_thread_for_good)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    for (unsigned i = 0; i < 300; i++) {
        job_post(job);
        sched_wait_idle(&job->task);
    }
    check_equal(atomic_load(&sched_workers_created), 1);
    check_equal(atomic_load(&tally.peak), 1);
    finish(pool, job);
}

TEST(raising_the_maximum_lets_more_run)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    post_times(job, 12);
    require_soon(unit_gate_waiting(&gate) == 1);
    sched_pool_set_maximum(pool, 5);
    check_soon(unit_gate_waiting(&gate) == 5);
    sched_pool_set_maximum(pool, 7);
    check_soon(unit_gate_waiting(&gate) == 7);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.peak), 7);
    check_equal(atomic_load(&tally.ended), 12);
    finish(pool, job);
}

TEST(lowering_the_maximum_ends_idle_workers_beyond_it)
{
    struct sched_pool *pool = pool_make(8);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    post_times(job, 8);
    require_soon(unit_gate_waiting(&gate) == 8);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    sched_pool_set_maximum(pool, 2);
    check_soon(atomic_load(&sched_workers_now) <= 2);
    unit_gate_shut(&gate);
    post_times(job, 6);
    check_soon(unit_gate_waiting(&gate) == 2);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 14);
    finish(pool, job);
}

TEST(lowering_the_maximum_takes_effect_on_busy_workers_as_they_return)
{
    struct sched_pool *pool = pool_make(8);
    struct job *first = job_create(pool, &tally, job_pass_gate, &gate);
    struct unit_gate second_gate = UNIT_GATE;
    struct job *second = job_create(pool, &other, job_pass_gate, &second_gate);

    post_times(first, 8);
    require_soon(unit_gate_waiting(&gate) == 8);
    sched_pool_set_maximum(pool, 3);
    post_times(second, 20);
    unit_gate_open(&gate);
    sched_wait_idle(&first->task);
    check_soon(unit_gate_waiting(&second_gate) == 3);
    unit_gate_open(&second_gate);
    sched_wait_idle(&second->task);
    check_equal(atomic_load(&other.ended), 20);
    check_equal(atomic_load(&other.peak), 3);
    check_soon(atomic_load(&sched_workers_now) <= 3);
    job_close(first);
    finish(pool, second);
}

TEST(the_minimum_starts_workers_now_and_keeps_them)
{
    struct sched_pool *pool = pool_make(0);

    ground_speed_clocks(100);
    check_equal(sched_pool_set_minimum(pool, 4), NT_SUCCESS);
    check_equal(atomic_load(&sched_workers_now), 4);
    check_equal(ground_started_threads(), 4);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    post_times(job, 10);
    require_soon(unit_gate_waiting(&gate) == 10);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    /* The others end after their idle timeout, these never. */
    check_soon(atomic_load(&sched_workers_now) == 4);
    unit_pause(NT_SECOND);
    check_equal(atomic_load(&sched_workers_now), 4);
    check_equal(sched_pool_set_minimum(pool, 0), NT_SUCCESS);
    check_soon(atomic_load(&sched_workers_now) == 0);
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 11);
    finish(pool, job);
}

TEST(a_minimum_above_the_maximum_raises_it_and_the_other_way_round)
{
    struct sched_pool *pool = pool_make(2);

    check_equal(sched_pool_set_minimum(pool, 4), NT_SUCCESS);
    check(atomic_load(&pool->maximum) >= 4);
    sched_pool_set_maximum(pool, 3);
    check(atomic_load(&pool->minimum) <= 3);
    check_soon(atomic_load(&sched_workers_now) == 3);
    sched_pool_set_maximum(pool, 0);
    check_equal(atomic_load(&pool->maximum), 1);
    pool_end(pool);
}

TEST(idle_workers_end_after_a_while_and_come_back)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    ground_speed_clocks(100);
    for (unsigned i = 0; i < 5; i++) {
        job_post(job);
        sched_wait_idle(&job->task);
        check(atomic_load(&sched_workers_now) > 0);
        check_soon(atomic_load(&sched_workers_now) == 0);
    }
    check_equal(atomic_load(&tally.ended), 5);
    finish(pool, job);
}

static void begin_io(struct job *job, struct sched_worker *worker)
{
    (void)job, (void)worker;
    ground_set_pending_io(true);
}

TEST(a_worker_with_io_pending_does_not_end)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, begin_io, NULL);

    ground_speed_clocks(100);
    job_post(job);
    sched_wait_idle(&job->task);
    unit_pause(NT_SECOND);
    check_equal(atomic_load(&sched_workers_now), 1);
    finish(pool, job);
}

TEST(workers_get_the_stack_that_the_pool_was_told)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, NULL, NULL);
    struct nt_stack_size stack = {.reserve = 3 * 1024 * 1024, .commit = 128 * 1024};

    check_equal(sched_pool_stack(pool).reserve, nt_default_stack_size().reserve);
    sched_pool_set_stack(pool, stack);
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(ground_last_stack().reserve, stack.reserve);
    check_equal(ground_last_stack().commit, stack.commit);
    finish(pool, job);
}

/* ---- the end of a pool ------------------------------------------------------------------------ */

TEST(a_pool_without_workers_is_gone_at_once)
{
    struct sched_pool *pool = pool_make(0);

    sched_pool_enter(pool);
    sched_pool_leave(pool);
    check_equal(pools_released(), 0);
    sched_pool_leave(pool);
    check_equal(pools_released(), 1);
}

TEST(a_pool_lives_until_its_last_task_is_closed)
{
    struct sched_pool *pool = pool_make(2);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    post_times(job, 5);
    require_soon(unit_gate_waiting(&gate) == 2);
    sched_pool_leave(pool);
    job_close(job);
    check_equal(pools_released(), 0);
    unit_gate_open(&gate);
    check_soon(pools_released() == 1);
    check_soon(atomic_load(&sched_workers_now) == 0);
    check_equal(atomic_load(&tally.ended), 5);
    check_equal(atomic_load(&tally.closed), 1);
}

static void post_and_leave(struct sched_pool *pool, unsigned jobs)
{
    for (unsigned i = 0; i < jobs; i++) {
        struct job *job = job_create(pool, &tally, NULL, NULL);
        job_post(job);
        job_close(job);
    }
    sched_pool_leave(pool);
}

/* Pools whose last work is still running when their owner leaves: records are used again while late posters look. */
TEST(pools_come_and_go)
{
    for (unsigned i = 0; i < 300; i++) {
        post_and_leave(pool_make(0), i % 7);
    }
    check_soon(pools_released() == 300);
    check_soon(atomic_load(&sched_workers_now) == 0);
    check_equal(atomic_load(&tally.ended), atomic_load(&tally.closed));
}

/* Workers at the minimum sleep without a deadline: each of them must hear that the pool closes. */
TEST(pools_with_a_minimum_come_and_go)
{
    for (unsigned i = 0; i < 100; i++) {
        struct sched_pool *pool = pool_make(0);
        check_equal(sched_pool_set_minimum(pool, 2 + i % 5), NT_SUCCESS);
        require_soon(pool_idle(atomic_load(&pool->state)) == 2 + i % 5);
        sched_pool_leave(pool);
        require_soon(pools_released() == i + 1);
    }
    check_soon(atomic_load(&sched_workers_now) == 0);
}

static void make_pools(void *argument)
{
    uint32_t random = *(uint32_t *)argument;

    for (unsigned i = 0; i < 150; i++) {
        post_and_leave(pool_make(1 + unit_random(&random) % 3), unit_random(&random) % 4);
    }
}

TEST(pools_come_and_go_disturbed)
{
    struct unit_thread threads[3];
    uint32_t seeds[3] = {11, 22, 33};

    ground_disturb(5);
    for (unsigned i = 0; i < 3; i++) {
        unit_thread_start(&threads[i], make_pools, &seeds[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        unit_thread_join(&threads[i]);
    }
    check_soon(pools_released() == 450);
    check_soon(atomic_load(&sched_workers_now) == 0);
    check_equal(atomic_load(&tally.ended), atomic_load(&tally.closed));
}

TEST(without_memory_there_is_no_pool)
{
    ground_fail(GROUND_RESERVE, 1, GROUND_ALWAYS);
    check(sched_pool_create() == NULL);
    ground_fail_nothing();
    ground_fail(GROUND_COMMIT, 1, GROUND_ALWAYS);
    check(sched_pool_create() == NULL);
    ground_fail_nothing();
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);
    job_post(job);
    sched_wait_idle(&job->task);
    finish(pool, job);
}

/* ---- blocked callbacks ------------------------------------------------------------------------- */

TEST(blocked_callbacks_bring_new_workers)
{
    ground_set_processor_count(2);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    uint64_t begin = unit_real_time();
    post_times(job, 64);
    check_soon(unit_gate_waiting(&gate) == 64);
    unit_note("64 blocked callbacks ran after %llu ms",
              (unsigned long long)((unit_real_time() - begin) / NT_MILLISECOND));
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    finish(pool, job);
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
    post_times(job, 2);
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
    finish(pool, next);
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
    finish(pool, job);
}

TEST(long_callbacks_do_not_count_against_the_target)
{
    ground_set_processor_count(1);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create_with(pool, &tally, job_pass_gate, &gate, SCHED_PRIORITY_NORMAL, true);
    struct job *quick = job_create(pool, &other, NULL, NULL);

    post_times(job, 10);
    check_soon(unit_gate_waiting(&gate) == 10);
    job_post(quick);
    sched_wait_idle(&quick->task);
    check_equal(atomic_load(&other.ended), 1);
    unit_gate_open(&gate);
    job_close(quick);
    finish(pool, job);
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
    finish(pool, job);
}

static void compute(struct job *job, struct sched_worker *worker)
{
    uint64_t until = nt_time_now() + 2 * NT_MILLISECOND;

    (void)job, (void)worker;
    while (nt_time_now() < until) {
    }
}

TEST(computing_callbacks_do_not_flood_the_processors)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, compute, NULL);

    post_times(job, 300);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 300);
    /* On a machine of one's own it is the number of processors. Where others compete for them, a callback that does not
     * get a processor looks like one that blocks, and some workers come that would not have had to: but no flood. */
    check(atomic_load(&sched_workers_peak) <= 20 * nt_processor_count());
    unit_note("%u workers at most", atomic_load(&sched_workers_peak));
    finish(pool, job);
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

TEST(an_idle_pool_uses_no_processor_time)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    post_times(job, 100);
    sched_wait_idle(&job->task);
    unit_pause(NT_SECOND / 4);
    uint64_t before = nt_process_cpu_time();
    unit_pause(NT_SECOND);
    uint64_t used = nt_process_cpu_time() - before;
    /* A single spinning thread would use a hundred times as much. */
    check(used < 10 * NT_MILLISECOND);
    finish(pool, job);
}

/* ---- threads that cannot be had ----------------------------------------------------------------- */

TEST(a_minimum_that_cannot_be_had_changes_nothing)
{
    struct sched_pool *pool = pool_make(0);

    ground_fail(GROUND_THREAD, 3, GROUND_ALWAYS);
    check_equal(sched_pool_set_minimum(pool, 5), NT_TOO_MANY_THREADS);
    check_equal(atomic_load(&pool->minimum), 0);
    ground_fail_nothing();
    check_equal(sched_pool_set_minimum(pool, 5), NT_SUCCESS);
    check_equal(atomic_load(&sched_workers_now), 5);
    pool_end(pool);
}

TEST(without_any_thread_a_post_waits_for_one)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    post_times(job, 10);
    check_equal(atomic_load(&tally.begun), 0);
    check_equal(ground_live_threads(), 0);
    ground_fail_nothing();
    job_post(job);
    check_soon(atomic_load(&tally.ended) == 11);
    finish(pool, job);
}

TEST(one_thread_does_all_the_work_when_no_other_can_be_had)
{
    ground_set_processor_count(4);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    ground_fail(GROUND_THREAD, 2, GROUND_ALWAYS);
    for (unsigned i = 0; i < 2000; i++) {
        job_post(job);
    }
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 2000);
    check_equal(ground_started_threads(), 1);
    ground_fail_nothing();
    finish(pool, job);
}

/* Every worker is blocked and the keeper, who would bring help, cannot be started; then threads are to be had again. */
TEST(a_keeper_that_could_not_start_is_tried_again)
{
    ground_set_processor_count(1);
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    struct job *next = job_create(pool, &other, NULL, NULL);

    job_post(job);
    require_soon(unit_gate_waiting(&gate) == 1);
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    job_post(next);
    check_equal(atomic_load(&other.begun), 0);
    ground_fail_nothing();
    job_post(next);
    check_soon(atomic_load(&other.ended) == 2);
    unit_gate_open(&gate);
    job_close(job);
    finish(pool, next);
}

TEST(random_thread_failures_lose_nothing)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    unit_gate_open(&gate);
    for (unsigned i = 0; i < 300; i++) {
        ground_fail(GROUND_THREAD, 1 + i % 3, 1 + i % 5);
        post_times(job, 1 + i % 4);
        if (i % 10 == 0) {
            ground_fail_nothing();
            job_post(job);
            sched_wait_idle(&job->task);
        }
    }
    ground_fail_nothing();
    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.begun), atomic_load(&tally.ended));
    finish(pool, job);
}

/* ---- a busy life --------------------------------------------------------------------------------- */

enum { PARTIES = 4 };

static void live_busily(void *argument)
{
    uint32_t random = *(uint32_t *)argument;
    struct sched_pool *pool = pool_make(1 + unit_random(&random) % 4);
    struct tally mine;

    for (unsigned round = 0; round < 60; round++) {
        uint32_t posts = 0;
        uint32_t cancelled = 0;
        memset(&mine, 0, sizeof(mine));
        struct job *job = job_create_with(pool, &mine, NULL, NULL, unit_random(&random) % SCHED_PRIORITIES,
                                          unit_random(&random) % 8 == 0);
        for (unsigned i = unit_random(&random) % 40; i > 0; i--) {
            switch (unit_random(&random) % 8) {
            case 0:
                cancelled += sched_cancel(&job->task);
                break;
            case 1:
                sched_wait_begun(&job->task);
                break;
            case 2:
                sched_wait_idle(&job->task);
                check_equal(atomic_load(&mine.ended) + cancelled, posts);
                break;
            case 3:
                sched_pool_set_maximum(pool, 1 + unit_random(&random) % 5);
                break;
            default:
                job_post(job);
                posts++;
                break;
            }
        }
        job_close(job);
        require_soon(atomic_load(&mine.closed) == 1);
        check_equal(atomic_load(&mine.ended) + cancelled, posts);
    }
    sched_pool_leave(pool);
}

TEST(a_busy_life_disturbed)
{
    struct unit_thread threads[PARTIES];
    uint32_t seeds[PARTIES];

    ground_disturb(271828);
    for (unsigned i = 0; i < PARTIES; i++) {
        seeds[i] = 100 + i;
        unit_thread_start(&threads[i], live_busily, &seeds[i]);
    }
    for (unsigned i = 0; i < PARTIES; i++) {
        unit_thread_join(&threads[i]);
    }
    check_soon(pools_released() == PARTIES);
    check_soon(atomic_load(&sched_workers_now) == 0);
}
