// SPDX-License-Identifier: MIT
//
// Wait objects: setting them again from their callbacks, waiting for callbacks, closing.
#include "blocked_pool.h"
#include "wait_log.h"

// A callback that sets its own wait again.
struct again {
    const struct level *at;
    HANDLE event;
    volatile LONG count;
    volatile LONG stop;
};

static void CALLBACK set_again(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    struct again *again = context;
    check(result == WAIT_OBJECT_0, "a wait without timeout gave the result %lu", (DWORD)result);
    if (!counted(&again->stop))
        again->at->set_wait(wait, again->event, NULL);
    count_up(&again->count);
}

BINDING_AT_BOTH_LEVELS(a_callback_may_set_its_wait_again_a_thousand_times, "WAIT-008", "NT-020")
{
    struct again again = {.at = at, .event = auto_reset_event()};
    PTP_WAIT wait = wait_of(at, set_again, &again, NULL);
    at->set_wait(wait, again.event, NULL);
    for (LONG i = 0; i < 1000; i++) {
        SetEvent(again.event);
        await_count(&again.count, i + 1);
    }
    check(stays(&again.count, 1000), "1000 signals gave %ld callbacks", again.count);
    retire_wait(at, wait);
}

OBSERVATION_AT_BOTH_LEVELS(a_wait_that_sets_itself_again_ends_with_a_stop_flag_and_two_rounds, "WAIT-050", "NT-020")
{
    for (int i = 0; i < 200; i++) {
        struct again again = {.at = at, .event = gate()};
        PTP_WAIT wait = wait_of(at, set_again, &again, NULL);
        SetEvent(again.event);
        at->set_wait(wait, again.event, NULL);
        await_count(&again.count, i % 4);
        InterlockedExchange(&again.stop, 1);
        for (int round = 0; round < 2; round++) {
            at->set_wait(wait, NULL, NULL);
            at->wait_for_wait(wait, TRUE);
        }
        LONG count = counted(&again.count);
        Sleep(0);
        check(counted(&again.count) == count, "round %d: a callback came after the wait was retired", i);
        at->close_wait(wait);
        CloseHandle(again.event);
    }
}

struct poisoned {
    volatile LONG alive;
    volatile LONG late;
};

static void CALLBACK look_for_poison(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait,
                                     TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    struct poisoned *poisoned = context;
    if (!counted(&poisoned->alive))
        count_up(&poisoned->late);
    Sleep(0);
    if (!counted(&poisoned->alive))
        count_up(&poisoned->late);
}

BINDING_AT_BOTH_LEVELS(after_unset_cancelling_wait_and_close_no_wait_callback_runs, "WAIT-046", "NT-020")
{
    struct poisoned contexts[64] = {0};
    for (int i = 0; i < 2000; i++) {
        struct poisoned *context = &contexts[i % 64];
        InterlockedExchange(&context->alive, 1);
        PTP_WAIT wait = wait_of(at, look_for_poison, context, NULL);
        HANDLE event = auto_reset_event();
        at->set_wait(wait, event, NULL);
        SetEvent(event);
        if (i % 5 == 0)
            Sleep(1);
        else if (i % 5 < 3)
            Sleep(0);
        retire_wait(at, wait);
        InterlockedExchange(&context->alive, 0);
        CloseHandle(event);
    }
    Sleep(BRIEFLY);
    for (int i = 0; i < 64; i++)
        check(!contexts[i].late, "context %d was used after its wait was closed", i);
}

BINDING_AT_BOTH_LEVELS(waiting_does_not_wait_for_an_armed_wait, "WAIT-041", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, semaphore(0), AFTER(3600000));
    at->wait_for_wait(wait, FALSE);
    start_wait(at, wait, &log, semaphore(0), AFTER(100));
    at->wait_for_wait(wait, FALSE);
    await_count(&log.timed_out, 1);
    check(log.at >= 100 - TICK, "a timeout of 100 ms came after %.1f", log.at);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_wait_leaves_the_wait_armed, "WAIT-042", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    at->wait_for_wait(wait, TRUE);
    SetEvent(event);
    await_count(&log.signalled, 1);
    start_wait(at, wait, &log, event, AFTER(100));
    at->wait_for_wait(wait, TRUE);
    await_count(&log.timed_out, 1);
    retire_wait(at, wait);
}

static void CALLBACK note_result(PTP_CALLBACK_INSTANCE instance, void *order, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    order_note(order, (LONG)result);
}

OBSERVATION_AT_BOTH_LEVELS(queued_callbacks_of_a_wait_have_the_results_of_their_rounds, "WAIT-018 WAIT-020", "NT-020")
{
    static struct order order;
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    PTP_WAIT wait = wait_of(at, note_result, &order, &blocked.environment);
    HANDLE event = auto_reset_event();
    at->set_wait(wait, event, NULL);
    signal_and_let_it_be_queued(at, event);
    at->set_wait(wait, event, due_in(&(FILETIME){0}, 0)); // times out at once
    unblock_pool(&blocked);
    await_count(&order.count, 2);
    check(order.entry[0] == WAIT_OBJECT_0 && order.entry[1] == WAIT_TIMEOUT,
          "a signal and then a timeout gave the results %ld and %ld", order.entry[0], order.entry[1]);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_wait_drops_queued_wait_callbacks, "WAIT-042", "NT-020")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, &blocked.environment);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    signal_and_let_it_be_queued(at, event);
    at->wait_for_wait(wait, TRUE);
    unblock_pool(&blocked);
    drain_pool(&blocked);
    check(stays(&log.count, 0), "the callback ran although its wait cancelled it");
    at->close_wait(wait);
}

OBSERVATION_AT_BOTH_LEVELS(a_signal_whose_callback_is_cancelled_is_lost, "WAIT-043", "NT-020")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, &blocked.environment);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    signal_and_let_it_be_queued(at, event);
    at->wait_for_wait(wait, TRUE);
    check(!takes_signal(event), "the signal is still there after its callback was cancelled");
    unblock_pool(&blocked);
    start_wait(at, wait, &log, event, NULL);
    check(stays(&log.count, 0), "a callback came without a new signal");
    SetEvent(event);
    check(wait_until(counted(&log.count) == 1, GENEROUS), "the new signal gave %ld callbacks", log.count);
    retire_wait(at, wait);
}

// A callback that stays inside until it is let go.
struct held {
    const struct level *at;
    PTP_WAIT wait;
    HANDLE event;
    HANDLE entered;
    HANDLE release;
    volatile LONG over;
    volatile LONG waited;
};

static void CALLBACK hold(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    struct held *held = context;
    open_gate(held->entered);
    pass_gate(held->release);
    count_up(&held->over);
}

static void hold_wait(struct held *held, const struct level *at)
{
    *held = (struct held){.at = at, .event = auto_reset_event(), .entered = gate(), .release = gate()};
    held->wait = wait_of(at, hold, held, NULL);
    at->set_wait(held->wait, held->event, NULL);
    SetEvent(held->event);
    pass_gate(held->entered);
}

static DWORD WINAPI wait_for_held(void *argument)
{
    struct held *held = argument;
    held->at->wait_for_wait(held->wait, TRUE);
    check(counted(&held->over) == 1, "the wait returned before the running callback was over");
    count_up(&held->waited);
    return 0;
}

BINDING_AT_BOTH_LEVELS(waiting_waits_for_a_running_wait_callback, "WAIT-041 WAIT-042", "NT-020")
{
    struct held held;
    hold_wait(&held, at);
    HANDLE waiter = start_thread(wait_for_held, &held);
    check(stays(&held.waited, 0), "the wait returned while the callback was running");
    open_gate(held.release);
    join_thread(waiter);
    at->close_wait(held.wait);
}

BINDING_AT_BOTH_LEVELS(closing_a_wait_does_not_wait_for_its_running_callback, "WAIT-044", "NT-020")
{
    struct held held;
    hold_wait(&held, at);
    at->close_wait(held.wait);
    check(!held.over, "the close waited for the callback");
    open_gate(held.release);
    await_count(&held.over, 1);
}

BINDING_AT_BOTH_LEVELS(closing_an_armed_wait_ends_it, "WAIT-045", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event(), copy;
    require(DuplicateHandle(GetCurrentProcess(), event, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS),
            "the handle cannot be duplicated: error %lu", GetLastError());
    start_wait(at, wait, &log, event, AFTER(100));
    at->close_wait(wait);
    CloseHandle(event);
    SetEvent(copy);
    check(stays(&log.count, 0), "a closed wait called back");
    check(takes_signal(copy), "a closed wait took a signal");
}

static void CALLBACK close_itself(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)result;
    struct again *again = context;
    again->at->close_wait(wait);
    count_up(&again->count);
}

BINDING_AT_BOTH_LEVELS(a_wait_callback_may_close_its_wait, "WAIT-047", "NT-020")
{
    struct again again = {.at = at, .event = auto_reset_event()};
    for (LONG i = 0; i < 100; i++) {
        PTP_WAIT wait = wait_of(at, close_itself, &again, NULL);
        at->set_wait(wait, again.event, NULL);
        SetEvent(again.event);
        await_count(&again.count, i + 1);
    }
    check(stays(&again.count, 100), "100 waits gave %ld callbacks", again.count);
}

BINDING_AT_BOTH_LEVELS(closing_a_group_closes_its_armed_waits, "WAIT-049 CG-002 CG-014", "NT-020 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    require(group, "no group could be created: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct wait_log log = {0};
    HANDLE event = auto_reset_event();
    start_wait(at, noting_wait(at, &log, &environment), &log, event, AFTER(100));
    at->close_members(group, TRUE, NULL);
    SetEvent(event);
    check(stays(&log.count, 0), "a wait called back after its group was closed");
    check(takes_signal(event), "a wait took a signal after its group was closed");
    at->close_group(group);
}
