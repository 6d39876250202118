// SPDX-License-Identifier: MIT
/* sched/keeper.h: a keeper that exists only when needed, sleeps while nothing is due, and loses no race. */
#include "alarm.h"

#include <stdlib.h>

enum { SOME = 1000 };

/* ---- the keeper itself --------------------------------------------------------------------------- */

TEST(the_keeper_goes_when_there_is_nothing_to_keep_and_comes_back)
{
    struct alarm alarm;

    begin();
    ground_speed_clocks(100);
    check_equal(ground_live_threads(), 0);
    for (unsigned i = 1; i <= 3; i++) {
        prepare(&alarm, job);
        check_soon(ground_trimmed_stacks() == 1);
        arm(&alarm, nt_time_now() + NT_SECOND, false);
        check_soon(atomic_load(&alarm.expired) == 1);
        sched_timer_unreserve();
        check(ground_wait_threads_ended(UNIT_PATIENCE));
        check_equal(ground_trimmed_stacks(), 0);
    }
    end();
}

static void pass(uint64_t time)
{
    uint64_t until = nt_time_now() + time;

    check_soon(nt_time_now() >= until);
}

/* And goes, also when it has begun to sleep for good before the last timer went. */
TEST(the_keeper_stays_while_there_is_a_timer)
{
    struct alarm alarm;

    begin();
    ground_speed_clocks(100);
    prepare(&alarm, job);
    pass(90 * NT_SECOND);
    check_equal(ground_live_threads(), 1);
    uint64_t wake_ups = ground_wake_ups();
    pass(90 * NT_SECOND);
    check_equal(ground_wake_ups() - wake_ups, 0);
    sched_timer_unreserve();
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    end();
}

TEST(the_keeper_sleeps_while_nothing_is_due)
{
    static struct alarm alarms[SOME];

    begin();
    job_post(job);
    sched_wait_idle(&job->task);
    for (unsigned i = 0; i < SOME; i++) {
        prepare(&alarms[i], job);
        arm(&alarms[i], nt_time_now() + 3600 * NT_SECOND + i, false);
    }
    /* Whoever was on the way to sleep gets there. */
    unit_pause(NT_SECOND / 5);
    uint64_t wake_ups = ground_wake_ups();
    uint64_t used = ground_process_cpu_time();
    unit_pause(NT_SECOND);
    check_equal(ground_wake_ups() - wake_ups, 0);
    check(ground_process_cpu_time() - used < 10 * NT_MILLISECOND);
    /* Arming later ones does not disturb it either. */
    for (unsigned i = 0; i < SOME; i++) {
        arm(&alarms[i], nt_time_now() + 7200 * NT_SECOND, false);
    }
    unit_pause(NT_SECOND / 5);
    check(ground_wake_ups() - wake_ups <= 2);
    for (unsigned i = 0; i < SOME; i++) {
        check(disarm(&alarms[i]));
    }
    end();
}

static struct unit_gate gate = UNIT_GATE;
static struct tally blocked_tally;

TEST(a_timer_falls_due_while_every_worker_is_blocked)
{
    struct alarm alarm;

    ground_set_processor_count(2);
    begin();
    struct job *blocked = job_create(pool, &blocked_tally, job_pass_gate, &gate);
    job_post(blocked);
    job_post(blocked);
    require_soon(unit_gate_waiting(&gate) == 2);
    prepare(&alarm, job);
    arm(&alarm, nt_time_now() + 10 * NT_MILLISECOND, false);
    check_soon(atomic_load(&tally.ended) == 1);
    unit_gate_open(&gate);
    job_close(blocked);
    end();
}

TEST(a_timer_may_lie_in_any_pool)
{
    static struct alarm alarms[40];
    struct sched_pool *pools[20];
    struct job *jobs[20];

    for (unsigned i = 0; i < 20; i++) {
        pools[i] = pool_make(1);
        jobs[i] = job_create(pools[i], &tally, NULL, NULL);
    }
    uint64_t due = nt_time_now() + 20 * NT_MILLISECOND;
    for (unsigned i = 0; i < 40; i++) {
        prepare(&alarms[i], jobs[i % 20]);
        arm(&alarms[i], due, false);
    }
    check_soon(atomic_load(&tally.ended) == 40);
    for (unsigned i = 0; i < 20; i++) {
        job_close(jobs[i]);
        sched_pool_leave(pools[i]);
    }
    check_soon(pools_released() == 20);
}

TEST(without_memory_no_timer_can_be_made)
{
    struct alarm alarm;

    begin();
    for (unsigned i = 1; i <= 4; i++) {
        ground_fail(i % 2 ? GROUND_RESERVE : GROUND_COMMIT, 1, GROUND_ALWAYS);
        check_equal(sched_timer_reserve(), NT_NO_MEMORY);
        ground_fail_nothing();
    }
    prepare(&alarm, job);
    arm(&alarm, nt_time_now(), false);
    check_soon(atomic_load(&alarm.expired) == 1);
    end();
}

TEST(without_a_keeper_no_timer_can_be_made)
{
    struct alarm alarm;

    begin();
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    check_equal(sched_timer_reserve(), NT_TOO_MANY_THREADS);
    ground_fail_nothing();
    prepare(&alarm, job);
    arm(&alarm, nt_time_now(), false);
    check_soon(atomic_load(&alarm.expired) == 1);
    sched_wait_idle(&job->task);
    end();
}

TEST(a_timer_expires_when_no_thread_can_be_made)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    arm(&alarm, nt_time_now(), false);
    check_soon(atomic_load(&alarm.expired) == 1);
    check_equal(atomic_load(&tally.begun), 0);
    ground_fail_nothing();
    check_soon(atomic_load(&tally.ended) == 1);
    end();
}

/* ---- races ---------------------------------------------------------------------------------------- */

static void arm_and_disarm(void *argument)
{
    uint32_t random = *(uint32_t *)argument;
    struct alarm *alarm = calloc(1, sizeof(*alarm));
    unsigned lost = 0;

    require(alarm != NULL);
    prepare(alarm, job);
    for (unsigned i = 0; i < 3000; i++) {
        unsigned before = atomic_load(&alarm->expired);
        arm(alarm, nt_time_now() + unit_random(&random) % 2000, false);
        if (unit_random(&random) % 4 == 0) {
            arm(alarm, nt_time_now() + unit_random(&random) % 2000, false);
            /* The first arming may have expired before it was moved. */
            unsigned expired = atomic_load(&alarm->expired) - before;
            lost += expired > 2;
            disarm(alarm);
            continue;
        }
        for (uint32_t spins = unit_random(&random) % 2000; spins > 0; spins--) {
            nt_cpu_relax();
        }
        bool disarmed = disarm(alarm);
        unsigned expired = atomic_load(&alarm->expired) - before;
        lost += disarmed + expired != 1;
    }
    check_equal(lost, 0);
    check_equal(atomic_load(&alarm->early), 0);
    sched_timer_unreserve();
    free(alarm);
}

TEST(a_timer_either_expires_or_is_disarmed)
{
    struct unit_thread threads[3];
    uint32_t seeds[3] = {1, 2, 3};

    begin();
    for (unsigned i = 0; i < 3; i++) {
        unit_thread_start(&threads[i], arm_and_disarm, &seeds[i]);
    }
    for (unsigned i = 0; i < 3; i++) {
        unit_thread_join(&threads[i]);
    }
    sched_wait_idle(&job->task);
    end();
}
