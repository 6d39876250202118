// SPDX-License-Identifier: MIT
//
// Timers: what setting one means.
#include "ticks.h"

BINDING_AT_BOTH_LEVELS(a_new_timer_is_not_set_and_does_not_fire, "TMR-001 TMR-002 ENV-034", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    check(!at->timer_is_set(timer), "a new timer counts as set");
    check(stays(&ticks.count, 0), "a new timer fired");
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(any_due_time_sets_a_timer_and_null_unsets_it, "TMR-003 TMR-021", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    at->set_timer(timer, due_in(&due, 3600000), 0, 0);
    check(at->timer_is_set(timer), "not set after a relative due time");
    at->set_timer(timer, NULL, 0, 0);
    check(!at->timer_is_set(timer), "still set after NULL");
    at->set_timer(timer, NULL, 0, 0);
    check(!at->timer_is_set(timer), "set after a second NULL");
    at->set_timer(timer, due_at(&due, 3600000), 0, 0);
    check(at->timer_is_set(timer), "not set after an absolute due time");
    at->set_timer(timer, NULL, 0, 0);
    check(!at->timer_is_set(timer), "still set after NULL");
    check(!ticks.count, "a timer an hour ahead fired");
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(a_timer_stays_set_after_it_has_fired, "TMR-004 TMR-005", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    for (LONG i = 0; i < 3; i++) {
        at->set_timer(timer, i == 2 ? due_at(&due, 20) : due_in(&due, 20 * i), 0, 0);
        check(at->timer_is_set(timer), "due time %ld: not set right after it was set", i);
        await_count(&ticks.count, i + 1);
        at->wait_for_timer(timer, FALSE);
        check(at->timer_is_set(timer), "due time %ld: not set any more after it fired", i);
    }
    at->set_timer(timer, NULL, 0, 0);
    check(!at->timer_is_set(timer), "NULL does not unset a timer that has fired");
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(a_relative_timer_fires_and_never_before_its_due_time, "TMR-006 TMR-010 TMR-025", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 200, 0);
    await_count(&ticks.count, 1);
    check(ticks.at[0] >= 200 - TICK, "due after 200 ms, fired after %.1f", ticks.at[0]);
    check(ticks.at[0] < 5000, "due after 200 ms, fired after %.1f", ticks.at[0]);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(an_absolute_timer_fires_and_never_before_its_due_time, "TMR-007 TMR-010", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    due_at(&due, 200);
    ticks.since = milliseconds();
    at->set_timer(timer, &due, 0, 0);
    await_count(&ticks.count, 1);
    check(ticks.at[0] >= 200 - TICK, "due after 200 ms, fired after %.1f", ticks.at[0]);
    check(ticks.at[0] < 5000, "due after 200 ms, fired after %.1f", ticks.at[0]);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(a_zero_due_time_fires_at_once_and_only_once, "TMR-008 TMR-011", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 0, 0);
    await_count(&ticks.count, 1);
    check(ticks.at[0] < 5000, "due at once, fired after %.1f ms", ticks.at[0]);
    check(stays(&ticks.count, 1), "one set gave %ld expirations", ticks.count);
    retire_timer(at, timer);
}

OBSERVATION_AT_BOTH_LEVELS(an_absolute_due_time_in_the_past_fires_at_once, "TMR-009", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    at->set_timer(timer, due_at(&due, -3600000), 0, 0);
    check(wait_until(counted(&ticks.count), GENEROUS), "a timer due an hour ago does not fire");
    check(stays(&ticks.count, 1), "a timer due an hour ago fired %ld times", ticks.count);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(a_periodic_timer_goes_on_until_it_is_unset, "TMR-012 TMR-020", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 100, 100);
    await_count(&ticks.count, 5);
    check(ticks.at[0] >= 100 - TICK, "first tick after %.1f ms instead of 100", ticks.at[0]);
    check(ticks.at[2] >= 300 - TICK, "third tick after %.1f ms instead of 300", ticks.at[2]);
    check(ticks.at[4] >= 500 - TICK, "fifth tick after %.1f ms instead of 500", ticks.at[4]);
    at->set_timer(timer, NULL, 0, 0);
    at->wait_for_timer(timer, FALSE);
    check(stays(&ticks.count, counted(&ticks.count)), "a tick came after the timer was unset");
    at->close_timer(timer);
}

OBSERVATION_AT_BOTH_LEVELS(a_period_after_a_zero_due_time_counts_from_the_set, "TMR-013", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 0, 150);
    check(wait_until(counted(&ticks.count) >= 3, GENEROUS), "only %ld ticks came", ticks.count);
    remark("due 0, period 150: ticks at %.0f, %.0f, %.0f ms", ticks.at[0], ticks.at[1], ticks.at[2]);
    check(ticks.at[1] >= 150 - TICK && ticks.at[2] >= 300 - TICK, "a tick came early");
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(setting_again_replaces_due_time_and_period, "TMR-019", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 3600000, 3600000);
    start_ticks(at, timer, &ticks, 50, 0);
    await_count(&ticks.count, 1);
    check(ticks.at[0] >= 50 - TICK, "due after 50 ms, fired after %.1f", ticks.at[0]);

    start_ticks(at, timer, &ticks, 100, 20);
    start_ticks(at, timer, &ticks, 300, 0);
    await_count(&ticks.count, 2);
    check(ticks.at[1] >= 300 - TICK, "moved from 100 to 300 ms, fired after %.1f", ticks.at[1]);
    check(stays(&ticks.count, 2), "the period survived a set without one: %ld ticks", ticks.count);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(a_timer_callback_gets_its_context_and_timer, "TMR-048", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 0, 0);
    await_count(&ticks.count, 1);
    check(ticks.timer == timer, "the callback got timer %p instead of %p", (void *)ticks.timer, (void *)timer);
    check(ticks.thread != GetCurrentThreadId(), "the callback ran on the setting thread");
    retire_timer(at, timer);
}

static void CALLBACK note_thread(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    *(DWORD *)context = GetCurrentThreadId();
}

BINDING_AT_BOTH_LEVELS(timer_callbacks_run_on_the_workers_of_their_pool, "TMR-049 POOL-019", "NT-018")
{
    PTP_POOL pool = pool_of(at, 1);
    check(at->pool_minimum(pool, 1), "the minimum is refused: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    DWORD worker = 0;
    PTP_WORK work = at->create_work(note_thread, &worker, &environment);
    require(work, "no work object could be created: error 0x%lx", why());
    at->submit(work);
    at->wait_for_work(work, FALSE);

    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, &environment);
    start_ticks(at, timer, &ticks, 0, 30);
    await_count(&ticks.count, 3);
    retire_timer(at, timer);
    check(ticks.thread == worker, "in a pool of one persistent thread, work ran on thread %lu and the timer on %lu",
          worker, ticks.thread);
    at->close_work(work);
    at->close_pool(pool);
}

OBSERVATION_AT_BOTH_LEVELS(the_due_time_is_read_during_the_call_at_any_alignment, "TMR-031 TMR-032 ST-012", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    DWORD room[4] = {0};
    FILETIME *due = (FILETIME *)&room[((ULONG_PTR)room & 4) ? 0 : 1];
    ticks.since = milliseconds();
    at->set_timer(timer, due_in(due, 100), 0, 0);
    due_in(due, 3600000);
    check(wait_until(counted(&ticks.count), GENEROUS), "the timer follows its caller's memory after the call");
    check(ticks.at[0] >= 100 - TICK, "due after 100 ms, fired after %.1f", ticks.at[0]);
    retire_timer(at, timer);
}

OBSERVATION_AT_BOTH_LEVELS(the_farthest_due_times_are_accepted, "TMR-050", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME farthest_relative = {1, 0x80000000}, farthest_absolute = {0xFFFFFFFF, 0x7FFFFFFF};
    at->set_timer(timer, &farthest_relative, 0, 0);
    check(at->timer_is_set(timer), "not set after the farthest relative due time");
    check(stays(&ticks.count, 0), "the farthest relative due time fired");
    at->set_timer(timer, &farthest_absolute, 0, 0);
    check(at->timer_is_set(timer), "not set after the farthest absolute due time");
    check(stays(&ticks.count, 0), "the farthest absolute due time fired");
    retire_timer(at, timer);
}
