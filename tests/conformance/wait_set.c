// SPDX-License-Identifier: MIT
//
// Wait objects: what setting one means.
#include "wait_log.h"

BINDING_AT_BOTH_LEVELS(a_new_wait_waits_for_nothing, "WAIT-001 ENV-034", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    SetEvent(event);
    check(stays(&log.count, 0), "a wait that was never set called back");
    check(takes_signal(event), "a wait that was never set took a signal");
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(a_signal_calls_back_with_wait_object_0, "WAIT-002 WAIT-005 WAIT-052", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    check(stays(&log.count, 0), "a callback came before the signal");
    SetEvent(event);
    await_count(&log.count, 1);
    check(log.signalled == 1, "the result says timeout");
    check(log.wait == wait, "the callback got wait %p instead of %p", (void *)log.wait, (void *)wait);
    check(log.thread != GetCurrentThreadId(), "the callback ran on the thread that signalled");
    retire_wait(at, wait);
}

OBSERVATION_AT_BOTH_LEVELS(an_object_that_is_already_signalled_calls_back_at_once, "WAIT-003", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    SetEvent(event);
    start_wait(at, wait, &log, event, NULL);
    check(wait_until(counted(&log.signalled), GENEROUS), "no callback came");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_relative_timeout_calls_back_with_wait_timeout, "WAIT-004 WAIT-014 WAIT-005", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, semaphore(0), AFTER(200));
    await_count(&log.count, 1);
    check(log.timed_out == 1, "the result says signalled");
    check(log.at >= 200 - TICK && log.at < 5000, "a timeout of 200 ms came after %.1f", log.at);
    check(stays(&log.count, 1), "one timeout gave %ld callbacks", log.count);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(an_absolute_timeout_calls_back_with_wait_timeout, "WAIT-014", "NT-020")
{
    struct wait_log log = {.since = milliseconds()};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    FILETIME due;
    at->set_wait(wait, semaphore(0), due_at(&due, 200));
    await_count(&log.count, 1);
    check(log.timed_out == 1, "the result says signalled");
    check(log.at >= 200 - TICK && log.at < 5000, "a timeout of 200 ms came after %.1f", log.at);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_zero_timeout_times_out_at_once, "WAIT-015 WAIT-028", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, semaphore(0), AFTER(0));
    await_count(&log.timed_out, 1);
    start_wait(at, wait, &log, GetCurrentProcess(), AFTER(0));
    await_count(&log.timed_out, 2);
    check(stays(&log.count, 2), "two waits gave %ld callbacks", log.count);
    retire_wait(at, wait);
}

OBSERVATION_AT_BOTH_LEVELS(a_zero_timeout_on_a_signalled_object_calls_back_once, "WAIT-016", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    SetEvent(event);
    start_wait(at, wait, &log, event, AFTER(0));
    check(wait_until(counted(&log.count), GENEROUS), "no callback came");
    check(stays(&log.count, 1), "%ld callbacks came", log.count);
    bool left = takes_signal(event);
    observe("the result is %s, the signal is %s", log.signalled ? "signalled" : "timeout", left ? "left" : "taken");
    check(left == (log.timed_out == 1), "the signal and the result contradict each other");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(without_a_timeout_a_wait_does_not_end, "WAIT-013", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, semaphore(0), NULL);
    check(!wait_until(counted(&log.count), 2000), "a wait without timeout and signal called back");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(one_set_gives_one_callback_and_takes_one_signal, "WAIT-006 WAIT-018", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    start_wait(at, wait, &log, event, NULL);
    SetEvent(event);
    await_count(&log.count, 1);
    check(!takes_signal(event), "the callback did not take the signal");
    SetEvent(event);
    check(stays(&log.count, 1), "a second signal gave a second callback");
    check(takes_signal(event), "a spent wait took a signal");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_wait_is_set_again_for_each_signal, "WAIT-007", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    for (LONG i = 0; i < 5; i++) {
        start_wait(at, wait, &log, event, NULL);
        SetEvent(event);
        await_count(&log.signalled, i + 1);
        at->wait_for_wait(wait, FALSE);
    }
    check(stays(&log.count, 5), "5 signals gave %ld callbacks", log.count);
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(another_handle_replaces_the_first_and_its_timeout, "WAIT-009 WAIT-010", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE first = auto_reset_event(), second = auto_reset_event();
    start_wait(at, wait, &log, first, AFTER(300));
    start_wait(at, wait, &log, second, NULL);
    SetEvent(first);
    check(!wait_until(counted(&log.count), 600), "a replaced wait called back");
    check(takes_signal(first), "a replaced wait took a signal");
    SetEvent(second);
    await_count(&log.signalled, 1);
    check(!takes_signal(second), "the callback did not take the signal");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(an_unset_wait_leaves_later_signals_alone, "WAIT-011", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE event = auto_reset_event();
    for (int i = 0; i < 50; i++) {
        start_wait(at, wait, &log, event, AFTER(3600000));
        at->set_wait(wait, NULL, NULL);
        SetEvent(event);
        Sleep(i % 3);
        check(takes_signal(event), "round %d: the signal after the unset was taken", i);
    }
    check(stays(&log.count, 0), "%ld callbacks came for unset waits", log.count);
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(with_a_null_handle_the_timeout_is_not_read, "WAIT-012", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, semaphore(0), NULL);
    at->set_wait(wait, NULL, (FILETIME *)(ULONG_PTR)0xdeadbee0);
    check(stays(&log.count, 0), "an unset wait called back");
    at->close_wait(wait);
}

BINDING_AT_BOTH_LEVELS(each_count_of_a_semaphore_gives_one_callback, "WAIT-018 WAIT-019 WAIT-021", "NT-020")
{
    struct wait_log one = {0}, other = {0};
    PTP_WAIT first = noting_wait(at, &one, NULL), second = noting_wait(at, &other, NULL);
    HANDLE shared = semaphore(0);
    start_wait(at, first, &one, shared, NULL);
    start_wait(at, second, &other, shared, NULL);
    ReleaseSemaphore(shared, 1, NULL);
    require(wait_until(counted(&one.count) + counted(&other.count), GENEROUS), "no callback came");
    Sleep(BRIEFLY);
    check(one.count + other.count == 1, "one count gave %ld callbacks", one.count + other.count);
    check(!takes_signal(shared), "the count was not taken");
    if (one.count)
        start_wait(at, first, &one, shared, NULL);
    else
        start_wait(at, second, &other, shared, NULL);
    ReleaseSemaphore(shared, 2, NULL);
    require(wait_until(counted(&one.count) + counted(&other.count) >= 3, GENEROUS), "two counts gave %ld callbacks",
            one.count + other.count - 1);
    Sleep(BRIEFLY);
    check(one.count && other.count && one.count + other.count == 3, "%ld and %ld callbacks", one.count, other.count);
    check(!takes_signal(shared), "a count was not taken");
    retire_wait(at, first);
    retire_wait(at, second);
}

BINDING_AT_BOTH_LEVELS(a_manual_reset_event_calls_back_every_wait_and_stays_set, "WAIT-021 WAIT-018", "NT-020")
{
    struct wait_log log[8] = {0};
    PTP_WAIT wait[8];
    HANDLE event = gate();
    for (int i = 0; i < 8; i++) {
        wait[i] = noting_wait(at, &log[i], NULL);
        start_wait(at, wait[i], &log[i], event, NULL);
    }
    SetEvent(event);
    for (int i = 0; i < 8; i++)
        await_count(&log[i].signalled, 1);
    check(takes_signal(event), "a manual-reset event was reset");
    Sleep(BRIEFLY);
    for (int i = 0; i < 8; i++) {
        check(log[i].count == 1, "wait %d gave %ld callbacks", i, log[i].count);
        retire_wait(at, wait[i]);
    }
}

BINDING_AT_BOTH_LEVELS(a_wait_that_timed_out_takes_no_signal, "WAIT-020", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE counting = semaphore(0);
    start_wait(at, wait, &log, counting, AFTER(20));
    await_count(&log.timed_out, 1);
    ReleaseSemaphore(counting, 1, NULL);
    check(stays(&log.count, 1), "a wait that had timed out called back again");
    check(takes_signal(counting), "a wait that had timed out took a signal");
    retire_wait(at, wait);
}
