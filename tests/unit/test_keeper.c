// SPDX-License-Identifier: MIT
/* sched/keeper.h: timers on both clocks, their order, cancelling, windows, and a keeper that exists only when needed.
 */
#include "sched_help.h"
#include "sched/keeper.h"

#include <stdlib.h>
#include <string.h>

/* A timer that posts to a job. What is not atomic is guarded by the timers' lock. */
struct alarm {
    struct sched_timer timer;
    struct job *job;
    uint64_t due;
    uint64_t period;
    unsigned repeats;
    _Atomic unsigned expired;
    _Atomic unsigned early;
};

static struct tally tally;
static _Atomic uint64_t last_due;
static _Atomic unsigned out_of_order;

static struct sched_pool *expire(struct sched_timer *timer, uint64_t now, uint64_t *next)
{
    struct alarm *alarm = nt_container(timer, struct alarm, timer);

    atomic_fetch_add(&alarm->expired, 1);
    if (now < alarm->due) {
        atomic_fetch_add(&alarm->early, 1);
    }
    if (atomic_load(&last_due) > alarm->due) {
        atomic_fetch_add(&out_of_order, 1);
    }
    atomic_store(&last_due, alarm->due);
    if (alarm->repeats != 0) {
        alarm->repeats--;
        alarm->due += alarm->period;
        *next = alarm->due;
    }
    sched_post_quietly(&alarm->job->task);
    return alarm->job->pool;
}

static void prepare(struct alarm *alarm, struct job *job)
{
    memset(alarm, 0, sizeof(*alarm));
    alarm->timer.expired = expire;
    alarm->job = job;
    require(sched_timer_reserve());
}

static void arm(struct alarm *alarm, uint64_t due, bool system)
{
    sched_timers_lock();
    alarm->due = due;
    sched_timer_arm(&alarm->timer, due, system);
    sched_timers_unlock();
}

static bool disarm(struct alarm *alarm)
{
    sched_timers_lock();
    bool was_armed = sched_timer_disarm(&alarm->timer);
    sched_timers_unlock();
    return was_armed;
}

static bool is_armed(struct alarm *alarm)
{
    sched_timers_lock();
    bool armed = sched_timer_is_armed(&alarm->timer);
    sched_timers_unlock();
    return armed;
}

static struct sched_pool *pool;
static struct job *job;

static void begin(void)
{
    pool = pool_make(0);
    job = job_create(pool, &tally, NULL, NULL);
}

static void end(void)
{
    job_close(job);
    pool_end(pool);
    check_equal(atomic_load(&tally.closed), 1);
}

TEST(a_timer_expires_once_and_not_before_its_time)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    check(!is_armed(&alarm));
    for (unsigned i = 0; i < 20; i++) {
        arm(&alarm, nt_time_now() + i * NT_MILLISECOND, false);
        check_soon(atomic_load(&alarm.expired) == i + 1);
        check(!is_armed(&alarm));
        check(!disarm(&alarm));
    }
    check_soon(atomic_load(&tally.ended) == 20);
    check_equal(atomic_load(&alarm.early), 0);
    sched_timer_unreserve();
    end();
}

TEST(a_time_in_the_past_is_now)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    arm(&alarm, 0, false);
    check_soon(atomic_load(&alarm.expired) == 1);
    arm(&alarm, 1, true);
    check_soon(atomic_load(&alarm.expired) == 2);
    arm(&alarm, NT_FOREVER, false);
    check(is_armed(&alarm));
    check(disarm(&alarm));
    end();
}

enum { SOME = 1000, LOTS = 100000 };

TEST(timers_expire_in_the_order_of_their_times)
{
    static struct alarm alarms[SOME];
    uint32_t random = 99;

    begin();
    for (unsigned i = 0; i < SOME; i++) {
        prepare(&alarms[i], job);
    }
    uint64_t start = nt_time_now() + 100 * NT_MILLISECOND;
    sched_timers_lock();
    for (unsigned i = 0; i < SOME; i++) {
        alarms[i].due = start + unit_random(&random) % (200 * NT_MILLISECOND);
        sched_timer_arm(&alarms[i].timer, alarms[i].due, false);
    }
    sched_timers_unlock();
    check_soon(atomic_load(&tally.ended) == SOME);
    check_equal(atomic_load(&out_of_order), 0);
    for (unsigned i = 0; i < SOME; i++) {
        check_equal(atomic_load(&alarms[i].expired), 1);
        check_equal(atomic_load(&alarms[i].early), 0);
    }
    end();
}

TEST(an_armed_timer_can_be_moved_both_ways)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    arm(&alarm, nt_time_now() + 3600 * NT_SECOND, false);
    arm(&alarm, nt_time_now() + 10 * NT_MILLISECOND, false);
    check_soon(atomic_load(&alarm.expired) == 1);

    arm(&alarm, nt_time_now() + NT_SECOND, false);
    arm(&alarm, nt_time_now() + NT_SECOND * 5 / 4, false);
    check_soon(atomic_load(&alarm.expired) == 2);
    check_equal(atomic_load(&alarm.early), 0);

    /* From one clock to the other and back. */
    arm(&alarm, nt_time_now() + 3600 * NT_SECOND, false);
    arm(&alarm, nt_system_time() + 3600 * NT_SECOND, true);
    arm(&alarm, nt_time_now() + NT_MILLISECOND, false);
    check_soon(atomic_load(&alarm.expired) == 3);
    check(!disarm(&alarm));
    check_soon(atomic_load(&tally.ended) == 3);
    end();
}

TEST(a_disarmed_timer_does_not_expire)
{
    struct alarm alarm, witness;

    begin();
    prepare(&alarm, job);
    prepare(&witness, job);
    arm(&alarm, nt_time_now() + NT_SECOND, false);
    arm(&witness, nt_time_now() + NT_SECOND * 5 / 4, false);
    check(disarm(&alarm));
    check(!disarm(&alarm));
    check_soon(atomic_load(&witness.expired) == 1);
    check_equal(atomic_load(&alarm.expired), 0);
    end();
}

TEST(a_periodic_timer_keeps_its_beat)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    alarm.period = 2 * NT_MILLISECOND;
    alarm.repeats = 49;
    uint64_t start = nt_time_now();
    arm(&alarm, start + 2 * NT_MILLISECOND, false);
    check_soon(atomic_load(&tally.ended) == 50);
    check(nt_time_now() - start >= 100 * NT_MILLISECOND);
    check_equal(atomic_load(&alarm.expired), 50);
    check_equal(atomic_load(&alarm.early), 0);
    check(!is_armed(&alarm));
    end();
}

TEST_WITHIN(a_hundred_thousand_timers, 300)
{
    struct alarm *alarms = calloc(LOTS, sizeof(*alarms));
    uint32_t random = 4;

    require(alarms != NULL);
    begin();
    for (unsigned i = 0; i < LOTS; i++) {
        prepare(&alarms[i], job);
    }
    uint64_t far = nt_time_now() + 3600 * NT_SECOND;
    uint64_t before = unit_real_time();
    for (unsigned i = 0; i < LOTS; i++) {
        arm(&alarms[i], far + unit_random(&random), false);
    }
    uint64_t armed = unit_real_time();
    for (unsigned i = 0; i < LOTS; i++) {
        arm(&alarms[i], far + unit_random(&random), false);
    }
    uint64_t moved = unit_real_time();
    unsigned cancelled = 0;
    for (unsigned i = 0; i < LOTS; i += 2) {
        cancelled += disarm(&alarms[i]);
    }
    check_equal(cancelled, LOTS / 2);
    unit_note("arming %llu ns, moving %llu ns each", (unsigned long long)(armed - before) * 100 / LOTS,
              (unsigned long long)(moved - armed) * 100 / LOTS);
    /* Among all those a near one is on time. */
    arm(&alarms[0], nt_time_now(), false);
    check_soon(atomic_load(&alarms[0].expired) == 1);

    uint64_t start = nt_time_now();
    sched_timers_lock();
    for (unsigned i = 0; i < LOTS; i++) {
        alarms[i].due = start + unit_random(&random) % NT_SECOND;
        sched_timer_arm(&alarms[i].timer, alarms[i].due, false);
    }
    atomic_store(&last_due, 0);
    sched_timers_unlock();
    check_soon(atomic_load(&tally.ended) == LOTS + 1);
    check_equal(atomic_load(&out_of_order), 0);
    unsigned wrong = 0;
    for (unsigned i = 0; i < LOTS; i++) {
        wrong += atomic_load(&alarms[i].expired) != 1 + (i == 0) || atomic_load(&alarms[i].early) != 0;
        sched_timer_unreserve();
    }
    check_equal(wrong, 0);
    end();
    free(alarms);
}

/* ---- the system clock -------------------------------------------------------------------------- */

TEST(absolute_timers_follow_the_system_clock_and_relative_ones_do_not)
{
    struct alarm absolute, relative;

    begin();
    ground_speed_clocks(200);
    prepare(&absolute, job);
    prepare(&relative, job);
    arm(&absolute, nt_system_time() + 10 * 3600 * NT_SECOND, true);
    arm(&relative, nt_time_now() + 10 * 3600 * NT_SECOND, false);
    /* The keeper looks again once a minute. */
    ground_move_system_clock((int64_t)(11 * 3600 * NT_SECOND));
    check_soon(atomic_load(&absolute.expired) == 1);
    check_equal(atomic_load(&absolute.early), 0);
    check_equal(atomic_load(&relative.expired), 0);
    check(disarm(&relative));

    /* Back in time: what was about to expire has an hour more, by that clock. */
    arm(&absolute, nt_system_time() + 100 * NT_SECOND, true);
    arm(&relative, nt_time_now() + 150 * NT_SECOND, false);
    ground_move_system_clock(-(int64_t)(3600 * NT_SECOND));
    check_soon(atomic_load(&relative.expired) == 1);
    check_equal(atomic_load(&absolute.expired), 1);
    check(is_armed(&absolute));
    ground_move_system_clock((int64_t)(3600 * NT_SECOND));
    check_soon(atomic_load(&absolute.expired) == 2);
    check_equal(atomic_load(&absolute.early), 0);
    end();
}

TEST(an_absolute_timer_expires_at_its_time)
{
    struct alarm alarm;

    begin();
    prepare(&alarm, job);
    for (unsigned i = 1; i <= 10; i++) {
        uint64_t due = nt_system_time() + 5 * NT_MILLISECOND;
        arm(&alarm, due, true);
        check_soon(atomic_load(&alarm.expired) == i);
        check(nt_system_time() >= due);
    }
    check_equal(atomic_load(&alarm.early), 0);
    end();
}

/* ---- windows ------------------------------------------------------------------------------------ */

static unsigned trailing_zeros(uint64_t value)
{
    return value == 0 ? 64 : (unsigned)__builtin_ctzll(value);
}

TEST(a_windowed_deadline_is_the_roundest_in_its_window)
{
    unsigned wrong = 0;

    for (uint64_t due = 1; due < 300; due++) {
        for (uint64_t window = 0; window < 300; window++) {
            uint64_t best = due;
            for (uint64_t at = due; at <= due + window; at++) {
                best = trailing_zeros(at) > trailing_zeros(best) ? at : best;
            }
            wrong += sched_coalesce(due, window) != best;
        }
    }
    check_equal(wrong, 0);
    uint32_t random = 17;
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t due = (uint64_t)unit_random(&random) << 32 | unit_random(&random);
        uint64_t window = unit_random(&random) >> unit_random(&random) % 32;
        uint64_t chosen = sched_coalesce(due, window);
        wrong += chosen < due || (due + window >= due && chosen > due + window);
    }
    check_equal(wrong, 0);
    check(sched_coalesce(UINT64_MAX - 5, 100) >= UINT64_MAX - 5);
    check(sched_coalesce(UINT64_MAX, UINT64_MAX) == UINT64_MAX);
    check(sched_coalesce(NT_FOREVER - 1, NT_FOREVER) >= NT_FOREVER - 1);
}

TEST(overlapping_windows_choose_the_same_moment)
{
    uint64_t base = 1234567 * NT_MILLISECOND;
    uint64_t window = 64 * NT_MILLISECOND;
    unsigned moments = 0;
    uint64_t before = 0;

    for (unsigned i = 0; i < 1000; i++) {
        uint64_t chosen = sched_coalesce(base + i * NT_MILLISECOND / 10, window);
        moments += chosen != before;
        before = chosen;
    }
    /* A hundred milliseconds of due times meet at a handful of moments. */
    check(moments <= 4);
}

/* ---- the keeper itself --------------------------------------------------------------------------- */

TEST(the_keeper_goes_when_there_is_nothing_to_keep_and_comes_back)
{
    struct alarm alarm;

    begin();
    ground_speed_clocks(100);
    check_equal(ground_live_threads(), 0);
    prepare(&alarm, job);
    check_equal(ground_live_threads(), 0);
    for (unsigned i = 1; i <= 3; i++) {
        arm(&alarm, nt_time_now() + NT_SECOND, false);
        check_soon(ground_trimmed_stacks() == 1);
        check_soon(atomic_load(&alarm.expired) == i);
        check(ground_wait_threads_ended(UNIT_PATIENCE));
        check_equal(ground_trimmed_stacks(), 0);
    }
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
    uint64_t used = nt_process_cpu_time();
    unit_pause(NT_SECOND);
    check_equal(ground_wake_ups() - wake_ups, 0);
    check(nt_process_cpu_time() - used < 10 * NT_MILLISECOND);
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
        check(!sched_timer_reserve());
        ground_fail_nothing();
    }
    prepare(&alarm, job);
    arm(&alarm, nt_time_now(), false);
    check_soon(atomic_load(&alarm.expired) == 1);
    end();
}

TEST(arming_does_not_fail_for_want_of_a_thread)
{
    struct alarm first, second;

    begin();
    prepare(&first, job);
    prepare(&second, job);
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    arm(&first, nt_time_now(), false);
    check(is_armed(&first));
    ground_fail_nothing();
    arm(&second, nt_time_now() + NT_MILLISECOND, false);
    check_soon(atomic_load(&first.expired) == 1);
    check_soon(atomic_load(&second.expired) == 1);
    check_soon(atomic_load(&tally.ended) == 2);
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
