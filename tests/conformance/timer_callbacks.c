// SPDX-License-Identifier: MIT
//
// Timers: waiting for their callbacks, closing them, and what their own callbacks may do.
#include "blocked_pool.h"
#include "ticks.h"

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

static void hold_timer(struct held *held, const struct level *at)
{
    *held = (struct held){.at = at, .entered = gate(), .release = gate()};
    held->timer = timer_of(at, hold, held, NULL);
    at->set_timer(held->timer, due_in(&(FILETIME){0}, 0), 0, 0);
    pass_gate(held->entered);
}

static DWORD WINAPI wait_for_held(void *argument)
{
    struct held *held = argument;
    held->at->wait_for_timer(held->timer, FALSE);
    check(counted(&held->over) == 1, "the wait returned before the running callback was over");
    count_up(&held->waited);
    return 0;
}

BINDING_AT_BOTH_LEVELS(waiting_does_not_wait_for_an_armed_timer, "TMR-041", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 3600000, 0);
    at->wait_for_timer(timer, FALSE);
    check(!ticks.count, "a timer an hour ahead fired");
    start_ticks(at, timer, &ticks, 200, 0);
    at->wait_for_timer(timer, FALSE);
    await_count(&ticks.count, 1);
    check(ticks.at[0] >= 200 - TICK, "due after 200 ms, fired after %.1f", ticks.at[0]);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(waiting_waits_for_a_running_timer_callback, "TMR-041 TMR-042", "NT-018")
{
    struct held held;
    hold_timer(&held, at);
    HANDLE waiter = start_thread(wait_for_held, &held);
    check(stays(&held.waited, 0), "the wait returned while the callback was running");
    open_gate(held.release);
    join_thread(waiter);
    at->close_timer(held.timer);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_wait_drops_queued_timer_callbacks, "TMR-042", "NT-018")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, &blocked.environment);
    start_ticks(at, timer, &ticks, 0, 0);
    let_due_timers_expire(at);
    at->wait_for_timer(timer, TRUE);
    check(!ticks.count, "a callback ran on a thread that was blocked");
    unblock_pool(&blocked);
    drain_pool(&blocked);
    check(stays(&ticks.count, 0), "the callback ran although its wait cancelled it");
    at->close_timer(timer);
}

OBSERVATION_AT_BOTH_LEVELS(a_cancelling_wait_leaves_the_timer_armed, "TMR-042", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 30, 30);
    await_count(&ticks.count, 1);
    at->wait_for_timer(timer, TRUE);
    LONG before = counted(&ticks.count);
    check(at->timer_is_set(timer), "a cancelling wait unsets the timer");
    check(wait_until(counted(&ticks.count) > before, GENEROUS), "no tick after a cancelling wait");
    retire_timer(at, timer);
}

// Sets its own timer again, due at once, until it is told to stop.
struct restless {
    const struct level *at;
    PTP_TIMER timer;
    volatile LONG count;
    volatile LONG stop;
    volatile LONG waited;
};

static void CALLBACK set_again(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct restless *restless = context;
    count_up(&restless->count);
    if (!counted(&restless->stop))
        restless->at->set_timer(timer, due_in(&(FILETIME){0}, 0), 0, 0);
}

static DWORD WINAPI wait_cancelling(void *argument)
{
    struct restless *restless = argument;
    for (int i = 0; i < 50; i++) {
        restless->at->wait_for_timer(restless->timer, TRUE);
        restless->at->set_timer(restless->timer, due_in(&(FILETIME){0}, 0), 0, 0);
    }
    count_up(&restless->waited);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_cancelling_wait_returns_from_a_timer_that_sets_itself_again_at_once, "TMR-042 TMR-023",
                       "NT-018")
{
    struct restless restless = {.at = at};
    restless.timer = timer_of(at, set_again, &restless, NULL);
    at->set_timer(restless.timer, due_in(&(FILETIME){0}, 0), 0, 0);
    await_count(&restless.count, 100);
    join_thread(start_thread(wait_cancelling, &restless));
    check(restless.waited == 1, "the waits did not return");
    // A callback that runs now may set the timer once more: the flag ends that, the second round takes what it left.
    count_up(&restless.stop);
    for (int round = 0; round < 2; round++) {
        at->set_timer(restless.timer, NULL, 0, 0);
        at->wait_for_timer(restless.timer, TRUE);
    }
    check(stays(&restless.count, counted(&restless.count)), "a callback came after the timer was retired");
    at->close_timer(restless.timer);
}

static void CALLBACK set_again_100_times(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct restless *restless = context;
    if (count_up(&restless->count) < 100)
        restless->at->set_timer(timer, due_in(&(FILETIME){0}, 1), 0, 0);
    else
        restless->at->set_timer(timer, NULL, 0, 0);
}

OBSERVATION_AT_BOTH_LEVELS(a_timer_callback_may_set_and_unset_its_timer, "TMR-023", "NT-018")
{
    struct restless restless = {.at = at};
    restless.timer = timer_of(at, set_again_100_times, &restless, NULL);
    at->set_timer(restless.timer, due_in(&(FILETIME){0}, 1), 0, 0);
    check(wait_until(counted(&restless.count) >= 100, GENEROUS), "only %ld callbacks came", restless.count);
    check(stays(&restless.count, 100), "%ld callbacks came instead of 100", restless.count);
    check(!at->timer_is_set(restless.timer), "the timer is still set");
    retire_timer(at, restless.timer);
}

static void CALLBACK unset_at_third(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct restless *restless = context;
    if (count_up(&restless->count) == 3)
        restless->at->set_timer(timer, NULL, 0, 0);
}

OBSERVATION_AT_BOTH_LEVELS(a_periodic_callback_may_unset_its_timer, "TMR-023", "NT-018")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    unblock_pool(&blocked);
    struct restless restless = {.at = at};
    restless.timer = timer_of(at, unset_at_third, &restless, &blocked.environment);
    at->set_timer(restless.timer, due_in(&(FILETIME){0}, 50), 50, 0);
    check(wait_until(counted(&restless.count) >= 3, GENEROUS), "only %ld callbacks came", restless.count);
    at->wait_for_timer(restless.timer, FALSE);
    check(stays(&restless.count, counted(&restless.count)), "ticks go on after the callback unset the timer");
    at->close_timer(restless.timer);
}

BINDING_AT_BOTH_LEVELS(closing_a_timer_does_not_wait_for_its_running_callback, "TMR-043", "NT-018")
{
    struct held held;
    hold_timer(&held, at);
    at->close_timer(held.timer);
    check(!held.over, "the close waited for the callback");
    open_gate(held.release);
    await_count(&held.over, 1);
}

static void CALLBACK close_itself(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct restless *restless = context;
    restless->at->close_timer(timer);
    count_up(&restless->count);
}

BINDING_AT_BOTH_LEVELS(a_timer_callback_may_close_its_timer, "TMR-046", "NT-018")
{
    struct restless restless = {.at = at};
    for (LONG i = 0; i < 100; i++) {
        PTP_TIMER timer = timer_of(at, close_itself, &restless, NULL);
        at->set_timer(timer, due_in(&(FILETIME){0}, 0), 0, 0);
        await_count(&restless.count, i + 1);
    }
    check(stays(&restless.count, 100), "100 timers gave %ld callbacks", restless.count);
}

OBSERVATION_AT_BOTH_LEVELS(closing_an_armed_timer_stops_it, "TMR-045", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    start_ticks(at, timer, &ticks, 10, 10);
    await_count(&ticks.count, 3);
    at->close_timer(timer);
    check(falls_silent(&ticks.count), "ticks go on after the close");
}

// The first callback stays, so that the closed timer cannot go yet.
struct lasting {
    volatile LONG count;
    HANDLE entered;
    HANDLE release;
};

static void CALLBACK let_the_first_stay(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct lasting *lasting = context;
    if (count_up(&lasting->count) > 1)
        return;
    open_gate(lasting->entered);
    WaitForSingleObject(lasting->release, INFINITE);
}

OBSERVATION_AT_BOTH_LEVELS(closing_a_timer_stops_it_though_a_callback_keeps_it, "TMR-045", "NT-018")
{
    struct lasting lasting = {.entered = gate(), .release = gate()};
    PTP_TIMER timer = timer_of(at, let_the_first_stay, &lasting, NULL);
    at->set_timer(timer, due_in(&(FILETIME){0}, 10), 10, 0);
    pass_gate(lasting.entered);
    await_count(&lasting.count, 3);
    at->close_timer(timer);
    check(falls_silent(&lasting.count), "ticks go on after the close");
    open_gate(lasting.release);
}

struct poisoned {
    volatile LONG alive;
    volatile LONG late;
};

static void CALLBACK look_for_poison(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct poisoned *poisoned = context;
    if (!counted(&poisoned->alive))
        count_up(&poisoned->late);
    Sleep(0);
    if (!counted(&poisoned->alive))
        count_up(&poisoned->late);
}

BINDING_AT_BOTH_LEVELS(after_unset_cancelling_wait_and_close_no_callback_runs, "TMR-044", "NT-018")
{
    struct poisoned contexts[64] = {0};
    for (int i = 0; i < 2000; i++) {
        struct poisoned *context = &contexts[i % 64];
        InterlockedExchange(&context->alive, 1);
        PTP_TIMER timer = timer_of(at, look_for_poison, context, NULL);
        at->set_timer(timer, due_in(&(FILETIME){0}, i % 3), 1, 0);
        if (i % 5 == 0)
            Sleep(1);
        retire_timer(at, timer);
        InterlockedExchange(&context->alive, 0);
    }
    Sleep(BRIEFLY);
    for (int i = 0; i < 64; i++)
        check(!contexts[i].late, "context %d was used after its timer was closed", i);
}

BINDING_AT_BOTH_LEVELS(closing_a_group_closes_its_armed_timers, "TMR-047 CG-002 CG-014", "NT-018 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    require(group, "no group could be created: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, &environment);
    start_ticks(at, timer, &ticks, 10, 10);
    await_count(&ticks.count, 3);
    at->close_members(group, TRUE, NULL);
    check(stays(&ticks.count, counted(&ticks.count)), "ticks go on after the group was closed");
    at->close_group(group);
}
