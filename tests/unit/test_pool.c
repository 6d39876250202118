// SPDX-License-Identifier: MIT
/* sched/pool.h and sched/worker.h: bounds, coming and going of workers and pools.
 */
#include "sched_help.h"
#include "sched/visit.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

/* ---- bounds ----------------------------------------------------------------------------------- */

TEST(no_more_callbacks_run_than_the_maximum_says)
{
    static const unsigned maxima[] = {1, 2, 3, 8};

    for (unsigned i = 0; i < 4; i++) {
        struct sched_pool *pool = pool_make(maxima[i]);
        struct tally *one = &(struct tally){0};
        unit_gate_shut(&gate);
        struct job *job = job_create(pool, one, job_pass_gate, &gate);
        job_post_times(job, 40);
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
    jobs_end(pool, &job, 1);
}

TEST(raising_the_maximum_lets_more_run)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    job_post_times(job, 12);
    require_soon(unit_gate_waiting(&gate) == 1);
    sched_pool_set_maximum(pool, 5);
    check_soon(unit_gate_waiting(&gate) == 5);
    sched_pool_set_maximum(pool, 7);
    check_soon(unit_gate_waiting(&gate) == 7);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.peak), 7);
    check_equal(atomic_load(&tally.ended), 12);
    jobs_end(pool, &job, 1);
}

TEST(lowering_the_maximum_ends_idle_workers_beyond_it)
{
    struct sched_pool *pool = pool_make(8);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    job_post_times(job, 8);
    require_soon(unit_gate_waiting(&gate) == 8);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    sched_pool_set_maximum(pool, 2);
    check_soon(atomic_load(&sched_workers_now) <= 2);
    unit_gate_shut(&gate);
    job_post_times(job, 6);
    check_soon(unit_gate_waiting(&gate) == 2);
    unit_gate_open(&gate);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 14);
    jobs_end(pool, &job, 1);
}

TEST(lowering_the_maximum_takes_effect_on_busy_workers_as_they_return)
{
    struct sched_pool *pool = pool_make(8);
    struct job *first = job_create(pool, &tally, job_pass_gate, &gate);
    struct unit_gate second_gate = UNIT_GATE;
    struct job *second = job_create(pool, &other, job_pass_gate, &second_gate);

    job_post_times(first, 8);
    require_soon(unit_gate_waiting(&gate) == 8);
    sched_pool_set_maximum(pool, 3);
    job_post_times(second, 20);
    unit_gate_open(&gate);
    sched_wait_idle(&first->task);
    check_soon(unit_gate_waiting(&second_gate) == 3);
    unit_gate_open(&second_gate);
    sched_wait_idle(&second->task);
    check_equal(atomic_load(&other.ended), 20);
    check_equal(atomic_load(&other.peak), 3);
    check_soon(atomic_load(&sched_workers_now) <= 3);
    job_close(first);
    jobs_end(pool, &second, 1);
}

TEST(the_minimum_starts_workers_now_and_keeps_them)
{
    struct sched_pool *pool = pool_make(0);

    ground_speed_clocks(100);
    check_equal(sched_pool_set_minimum(pool, 4), NT_SUCCESS);
    check_equal(atomic_load(&sched_workers_now), 4);
    check_equal(ground_started_threads(), 4);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);
    job_post_times(job, 10);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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

    job_post_times(job, 5);
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

/* The pool that is looked at late, and how often its record was used again. */
static struct {
    struct sched_pool *_Atomic pool;
    _Atomic uint32_t again;
    _Atomic uint32_t looks;
} late;

static bool was_looked_at_enough(void)
{
    return atomic_load_explicit(&late.again, memory_order_relaxed) >= 1000 &&
           atomic_load_explicit(&late.looks, memory_order_relaxed) >= 1000;
}

static void make_the_same_pool_again(void *unused)
{
    (void)unused;
    do {
        struct sched_pool *pool = sched_pool_create();
        if (atomic_exchange_explicit(&late.pool, pool, memory_order_relaxed) == pool) {
            atomic_fetch_add_explicit(&late.again, 1, memory_order_relaxed);
        }
        sched_pool_leave(pool);
    } while (!was_looked_at_enough());
}

/* A submitter whose task is gone, and with it the pool, still notifies, and a poller looks whether to visit: neither
 * may meet the record in a state that is not a pool's, nor race with whoever makes it a new one. */
TEST(a_pool_that_is_gone_can_be_looked_at)
{
    struct unit_thread thread;

    unit_thread_start(&thread, make_the_same_pool_again, NULL);
    require_soon(atomic_load_explicit(&late.pool, memory_order_relaxed) != NULL);
    while (!was_looked_at_enough()) {
        struct sched_pool *pool = atomic_load_explicit(&late.pool, memory_order_relaxed);
        sched_pool_notify(pool);
        sched_pool_wants_visitor(pool);
        atomic_fetch_add_explicit(&late.looks, 1, memory_order_relaxed);
    }
    unit_thread_join(&thread);
    check_soon(atomic_load(&sched_workers_now) == 0);
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
    jobs_end(pool, &job, 1);
}
