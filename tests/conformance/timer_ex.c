// SPDX-License-Identifier: MIT
//
// Timers: what SetThreadpoolTimerEx says about the setting that it replaces.
#include "blocked_pool.h"
#include "ticks.h"

BINDING_AT_BOTH_LEVELS(ex_on_a_timer_that_is_not_set_gives_false, "TMR-034 TMR-033", "NT-018 NT-019")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    check(!at->set_timer_ex(timer, NULL, 0, 0), "TRUE for unsetting a new timer");
    check(!at->set_timer_ex(timer, due_in(&due, 3600000), 0, 0), "TRUE for setting a new timer");
    check(at->timer_is_set(timer), "Ex did not set the timer");
    at->set_timer_ex(timer, NULL, 0, 0);
    check(!at->timer_is_set(timer), "Ex did not unset the timer");
    check(!at->set_timer_ex(timer, NULL, 0, 0), "TRUE for unsetting a timer that was unset before");
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(ex_on_a_timer_that_has_not_expired_gives_one, "TMR-035", "NT-018 NT-019")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    at->set_timer(timer, due_in(&due, 3600000), 0, 0);
    BOOL replaced = at->set_timer_ex(timer, due_in(&due, 1800000), 0, 0);
    check(replaced == 1, "%d for replacing the setting of an armed timer", replaced);
    BOOL unset = at->set_timer_ex(timer, NULL, 0, 0);
    check(unset == 1, "%d for unsetting an armed timer", unset);
    check(stays(&ticks.count, 0), "the timer fired");
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(timers_set_through_ex_fire_like_others, "TMR-033 TMR-011 TMR-012", "NT-018 NT-019")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    at->set_timer_ex(timer, due_in(&due, 0), 0, 0);
    await_count(&ticks.count, 1);
    ticks.since = milliseconds();
    at->set_timer_ex(timer, due_in(&due, 100), 50, 0);
    await_count(&ticks.count, 4);
    check(ticks.at[1] >= 100 - TICK, "due after 100 ms, fired after %.1f", ticks.at[1]);
    check(ticks.at[3] >= 200 - TICK, "the third tick came after %.1f ms instead of 200", ticks.at[3]);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(a_timer_callback_runs_exactly_when_ex_did_not_recall_it, "TMR-036", "NT-018 NT-019")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, &blocked.environment);
    start_ticks(at, timer, &ticks, 0, 0);
    let_due_timers_expire(at);
    BOOL recalled = at->set_timer_ex(timer, NULL, 0, 0);
    observe("a queued callback is %s", recalled ? "recalled" : "not recalled");
    unblock_pool(&blocked);
    drain_pool(&blocked);
    at->wait_for_timer(timer, FALSE);
    check(stays(&ticks.count, recalled ? 0 : 1), "Ex gave %d, and %ld callbacks ran", recalled, ticks.count);
    at->close_timer(timer);
}

OBSERVATION_AT_BOTH_LEVELS(ex_recalls_a_timer_callback_that_is_queued, "TMR-036 TMR-020", "NT-018 NT-019")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, &blocked.environment);
    start_ticks(at, timer, &ticks, 0, 0);
    let_due_timers_expire(at);
    check(at->set_timer_ex(timer, NULL, 0, 0) == 1, "a callback that no thread has taken is not recalled");
    unblock_pool(&blocked);
    drain_pool(&blocked);
    check(counted(&ticks.count) == 0, "a callback ran that had been recalled");
    retire_timer(at, timer);
}

// A timer whose callback stays inside until it is let go.
struct held {
    const struct level *at;
    PTP_TIMER timer;
    HANDLE entered;
    HANDLE release;
    volatile LONG over;
    volatile LONG waited;
};

static void CALLBACK hold(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct held *held = context;
    open_gate(held->entered);
    pass_gate(held->release);
    count_up(&held->over);
}

static DWORD WINAPI wait_for_held(void *argument)
{
    struct held *held = argument;
    held->at->wait_for_timer(held->timer, FALSE);
    check(counted(&held->over) == 1, "the wait returned before the callback was over");
    count_up(&held->waited);
    return 0;
}

BINDING_AT_BOTH_LEVELS(ex_gives_false_while_the_callback_runs_and_a_wait_still_waits, "TMR-037 TMR-040",
                       "NT-018 NT-019")
{
    struct held held = {.at = at, .entered = gate(), .release = gate()};
    held.timer = timer_of(at, hold, &held, NULL);
    at->set_timer(held.timer, due_in(&(FILETIME){0}, 0), 0, 0);
    pass_gate(held.entered);
    check(!at->set_timer_ex(held.timer, NULL, 0, 0), "TRUE while the callback is running");
    HANDLE waiter = start_thread(wait_for_held, &held);
    check(stays(&held.waited, 0), "a wait after FALSE returned while the callback was running");
    open_gate(held.release);
    join_thread(waiter);
    at->close_timer(held.timer);
}

OBSERVATION_AT_BOTH_LEVELS(ex_on_a_timer_that_has_fired_and_finished_gives_true, "TMR-038", "NT-018 NT-019")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 0, 0);
    await_count(&ticks.count, 1);
    at->wait_for_timer(timer, FALSE);
    check(at->set_timer_ex(timer, NULL, 0, 0) == 1, "FALSE, although the timer was set and nothing is in flight");
    at->close_timer(timer);
}

// One reference for the program, one for the pending callback.
struct counted_object {
    volatile LONG references;
};

static void CALLBACK drop_reference(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct counted_object *object = context;
    InterlockedDecrement(&object->references);
}

BINDING_AT_BOTH_LEVELS(the_result_of_ex_tells_who_drops_the_reference, "TMR-039 TMR-036 TMR-037", "NT-018 NT-019")
{
    LONG recalled = 0;
    enum { ROUNDS = 500 };
    for (int i = 0; i < ROUNDS; i++) {
        struct counted_object object = {.references = 1};
        PTP_TIMER timer = timer_of(at, drop_reference, &object, NULL);
        // From "still far away" over "falling due right now" to "surely running or over".
        at->set_timer(timer, due_in(&(FILETIME){0}, i % 4), 0, 0);
        double until = milliseconds() + (i % 7) * 0.5;
        while (milliseconds() < until)
            Sleep(0);
        // TRUE means that no callback is in flight: either one is over and has dropped the reference, or none comes.
        if (at->set_timer_ex(timer, NULL, 0, 0) && counted(&object.references)) {
            InterlockedDecrement(&object.references);
            recalled++;
        }
        at->wait_for_timer(timer, FALSE);
        check(counted(&object.references) == 0, "round %d: %ld references left", i, object.references);
        at->close_timer(timer);
    }
    remark("%ld of %d callbacks were recalled", recalled, ROUNDS);
}
