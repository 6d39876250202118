// SPDX-License-Identifier: MIT
/* sched/keeper.h: timers on both clocks, their order, moving and cancelling, windows. */
#include "alarm.h"

#include <stdlib.h>

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

/* Workers have gone, and the keeper sleeps: whatever it looks at again, it looks at because it meant to. */
static bool only_the_keeper_is_left_and_sleeps(void)
{
    uint64_t wake_ups = ground_wake_ups();

    if (ground_live_threads() != 1 || ground_parked_threads() != 1)
        return false;
    unit_pause(20 * NT_MILLISECOND);
    return ground_wake_ups() == wake_ups && ground_parked_threads() == 1;
}

TEST(absolute_timers_follow_the_system_clock_and_relative_ones_do_not)
{
    enum { ROUNDS = 5 };
    struct alarm absolute, relative;

    begin();
    ground_speed_clocks(200);
    prepare(&absolute, job);
    prepare(&relative, job);
    /* A thread that a busy machine has not let run yet seems to sleep, and would find the clock moved; hardly so each
     * time. */
    for (unsigned i = 1; i <= ROUNDS; i++) {
        arm(&absolute, nt_system_time() + 10 * 3600 * NT_SECOND, true);
        arm(&relative, nt_time_now() + NT_SECOND, false);
        check_soon(atomic_load(&relative.expired) == i);
        arm(&relative, nt_time_now() + 10 * 3600 * NT_SECOND, false);
        check_soon(only_the_keeper_is_left_and_sleeps());
        /* The keeper looks again once a minute. */
        ground_move_system_clock((int64_t)(11 * 3600 * NT_SECOND));
        check_soon(atomic_load(&absolute.expired) == i);
        check_equal(atomic_load(&absolute.early), 0);
        check_equal(atomic_load(&relative.expired), i);
        check(disarm(&relative));
    }

    /* Back in time: what was about to expire has an hour more, by that clock. */
    arm(&absolute, nt_system_time() + 400 * NT_SECOND, true);
    arm(&relative, nt_time_now() + 450 * NT_SECOND, false);
    ground_move_system_clock(-(int64_t)(3600 * NT_SECOND));
    check_soon(atomic_load(&relative.expired) == ROUNDS + 1);
    check_equal(atomic_load(&absolute.expired), ROUNDS);
    check(is_armed(&absolute));
    ground_move_system_clock((int64_t)(3600 * NT_SECOND));
    check_soon(atomic_load(&absolute.expired) == ROUNDS + 1);
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
