// SPDX-License-Identifier: MIT
/* sched/pool.h: threads that cannot be had, and a busy life. */
#include "sched_help.h"

#include <string.h>

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

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
    job_post_times(job, 10);
    check_equal(atomic_load(&tally.begun), 0);
    check_equal(ground_live_threads(), 0);
    ground_fail_nothing();
    job_post(job);
    check_soon(atomic_load(&tally.ended) == 11);
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &next, 1);
}

TEST(random_thread_failures_lose_nothing)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, job_pass_gate, &gate);

    unit_gate_open(&gate);
    for (unsigned i = 0; i < 300; i++) {
        ground_fail(GROUND_THREAD, 1 + i % 3, 1 + i % 5);
        job_post_times(job, 1 + i % 4);
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
    jobs_end(pool, &job, 1);
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
