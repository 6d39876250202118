// SPDX-License-Identifier: MIT
//
// Wait objects: what SetThreadpoolWaitEx says about the setting that it replaces, and signals that race with a disarm.
#include "blocked_pool.h"
#include "wait_log.h"

BINDING_AT_BOTH_LEVELS(ex_on_a_wait_that_is_not_set_gives_false, "WAIT-036 WAIT-035", "NT-020 NT-019")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    check(!at->set_wait_ex(wait, NULL, NULL, NULL), "TRUE for unsetting a new wait");
    check(!at->set_wait_ex(wait, event, NULL, NULL), "TRUE for setting a new wait");
    at->set_wait_ex(wait, NULL, NULL, NULL);
    check(!at->set_wait_ex(wait, NULL, NULL, NULL), "TRUE for unsetting a wait that was unset before");
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(ex_on_a_pending_wait_gives_one_and_leaves_the_signal_alone, "WAIT-036", "NT-020 NT-019")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    at->set_wait(wait, event, NULL);
    BOOL unset = at->set_wait_ex(wait, NULL, NULL, NULL);
    check(unset == 1, "%d for unsetting a pending wait", unset);
    SetEvent(event);
    check(stays(&log.count, 0), "an unset wait called back");
    check(takes_signal(event), "an unset wait took the signal");
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(waits_set_through_ex_call_back_like_others, "WAIT-035 WAIT-002 WAIT-004", "NT-020 NT-019")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    FILETIME due;
    at->set_wait_ex(wait, event, NULL, NULL);
    SetEvent(event);
    await_count(&log.signalled, 1);
    log.since = milliseconds();
    at->set_wait_ex(wait, event, due_in(&due, 100), NULL);
    await_count(&log.timed_out, 1);
    check(log.at >= 100 - TICK, "a timeout of 100 ms came after %.1f", log.at);
    retire_wait(at, wait);
}

// A callback that stays inside until it is let go.
struct held {
    HANDLE entered;
    HANDLE release;
    volatile LONG over;
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

BINDING_AT_BOTH_LEVELS(ex_gives_false_while_the_wait_callback_runs, "WAIT-037", "NT-020 NT-019")
{
    struct held held = {.entered = gate(), .release = gate()};
    PTP_WAIT wait = wait_of(at, hold, &held, NULL);
    HANDLE event = auto_reset_event();
    at->set_wait(wait, event, NULL);
    SetEvent(event);
    pass_gate(held.entered);
    check(!at->set_wait_ex(wait, NULL, NULL, NULL), "TRUE while the callback is running");
    open_gate(held.release);
    at->wait_for_wait(wait, FALSE);
    check(counted(&held.over) == 1, "the wait returned before the callback was over");
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(a_set_during_the_callback_gives_one_more, "WAIT-039", "NT-020 NT-019")
{
    struct held held = {.entered = gate(), .release = gate()};
    PTP_WAIT wait = wait_of(at, hold, &held, NULL);
    HANDLE event = gate();
    at->set_wait(wait, event, NULL);
    SetEvent(event);
    pass_gate(held.entered);
    at->set_wait_ex(wait, event, NULL, NULL);
    open_gate(held.release);
    await_count(&held.over, 2);
    check(stays(&held.over, 2), "two sets gave %ld callbacks", held.over);
    retire_wait(at, wait);
}

static BOOL queue_and_recall(const struct level *at, struct blocked_pool *blocked, PTP_WAIT wait)
{
    HANDLE event = auto_reset_event();
    at->set_wait(wait, event, NULL);
    signal_and_let_it_be_queued(at, event);
    BOOL recalled = at->set_wait_ex(wait, NULL, NULL, NULL);
    unblock_pool(blocked);
    drain_pool(blocked);
    at->wait_for_wait(wait, FALSE);
    return recalled;
}

BINDING_AT_BOTH_LEVELS(a_wait_callback_runs_exactly_when_ex_did_not_recall_it, "WAIT-038 WAIT-037", "NT-020 NT-019")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, &blocked.environment);
    BOOL recalled = queue_and_recall(at, &blocked, wait);
    observe("a queued callback is %s", recalled ? "recalled" : "not recalled");
    check(stays(&log.count, recalled ? 0 : 1), "Ex gave %d, and %ld callbacks ran", recalled, log.count);
    at->close_wait(wait);
}

OBSERVATION_AT_BOTH_LEVELS(ex_recalls_a_wait_callback_that_is_queued, "WAIT-038 WAIT-011", "NT-020 NT-019")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, &blocked.environment);
    check(queue_and_recall(at, &blocked, wait) == 1, "a callback that no thread has taken is not recalled");
    at->close_wait(wait);
}

#define ROUNDS 500

// Lets a little time pass between a signal and what races with it: nothing, a spin, a yield, a moment.
static void dither(int round)
{
    for (volatile int spin = round % 50 * 200; spin; spin--)
        ;
    if (round % 5 == 1)
        Sleep(0);
    if (round % 25 == 7)
        Sleep(1);
}

BINDING_AT_BOTH_LEVELS(ex_after_a_signal_gives_true_without_or_false_with_one_callback, "WAIT-036 WAIT-037 WAIT-038",
                       "NT-020 NT-019")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    LONG unconsumed = 0, withdrawn = 0, called = 0;
    for (int i = 0; i < ROUNDS; i++) {
        HANDLE event = auto_reset_event();
        LONG before = counted(&log.count);
        at->set_wait(wait, event, NULL);
        SetEvent(event);
        dither(i);
        BOOL disarmed = at->set_wait_ex(wait, NULL, NULL, NULL);
        at->wait_for_wait(wait, FALSE);
        LONG callbacks = counted(&log.count) - before;
        bool left = takes_signal(event);
        // A wait whose callback is wholly over may count as set with nothing in flight: TRUE is legal there too.
        check(callbacks == 1 || (callbacks == 0 && disarmed), "round %d: Ex gave %d, and %ld callbacks ran", i,
              disarmed, callbacks);
        check(!(callbacks && left), "round %d: a callback ran without taking the signal", i);
        unconsumed += !callbacks && left;
        withdrawn += !callbacks && !left;
        called += callbacks;
        CloseHandle(event);
    }
    check(stays(&log.count, called), "a callback came after the last disarm");
    remark("of %d signals %ld stayed, %ld called back, %ld were taken and their callbacks withdrawn", ROUNDS,
           unconsumed, called, withdrawn);
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(a_signal_just_before_a_disarm_is_never_both_taken_and_left, "WAIT-011 WAIT-018", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    for (int i = 0; i < ROUNDS; i++) {
        HANDLE event = auto_reset_event();
        LONG before = counted(&log.count);
        at->set_wait(wait, event, NULL);
        SetEvent(event);
        dither(i);
        at->set_wait(wait, NULL, NULL);
        at->wait_for_wait(wait, FALSE);
        LONG callbacks = counted(&log.count) - before;
        bool left = takes_signal(event);
        check(callbacks + left <= 1, "round %d: %ld callbacks, and the signal is %s", i, callbacks,
              left ? "still there" : "gone");
        CloseHandle(event);
    }
    LONG count = counted(&log.count);
    check(stays(&log.count, count), "a callback came after the last disarm");
    at->close_wait(wait);
}
