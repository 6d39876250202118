// SPDX-License-Identifier: MIT
//
// Timer queues: the end of timers and of whole queues.
#include "legacy.h"

// A queue with one timer, whose callback is inside and stays there until the gate is opened. Static in its
// tests: the callback may still look at it when the test is over.
struct outstanding {
    struct legacy_log log;
    HANDLE queue;
    HANDLE timer;
};

static void begin_outstanding(const struct level *at, struct outstanding *outstanding, DWORD period)
{
    *outstanding = (struct outstanding){.log = {.entered = gate(), .release = gate()}, .queue = timer_queue(at)};
    outstanding->timer = noting_queue_timer(at, &outstanding->log, outstanding->queue, 10, period, WT_EXECUTEDEFAULT);
    pass_gate(outstanding->log.entered);
}

static void delete_queue_and_join(const struct level *at, HANDLE queue)
{
    DWORD error = legacy_at(at)->delete_queue_ex(queue, INVALID_HANDLE_VALUE);
    check(!error, "a blocking delete of the queue fails: error %lu", error);
}

// A delete of a timer, or of a queue if there is no timer, on a thread of its own.
struct deleting {
    const struct level *at;
    HANDLE queue;
    HANDLE timer;
    volatile LONG begun;
    DWORD error;
};

static DWORD WINAPI delete_blocking(void *context)
{
    struct deleting *deleting = context;
    const struct legacy *legacy = legacy_at(deleting->at);
    count_up(&deleting->begun);
    deleting->error = deleting->timer ? legacy->delete_timer(deleting->queue, deleting->timer, INVALID_HANDLE_VALUE)
                                      : legacy->delete_queue_ex(deleting->queue, INVALID_HANDLE_VALUE);
    return 0;
}

static void check_delete_waits(const struct level *at, struct outstanding *blocked, HANDLE timer)
{
    struct deleting deleting = {.at = at, .queue = blocked->queue, .timer = timer, .error = 1};
    HANDLE thread = start_thread(delete_blocking, &deleting);
    await_blocked(thread, &deleting.begun);
    check(WaitForSingleObject(thread, BRIEFLY) == WAIT_TIMEOUT, "the delete returned beside the callback");
    open_gate(blocked->log.release);
    join_thread(thread);
    check(!deleting.error, "the blocking form gives error %lu", deleting.error);
    LONG after = counted(&blocked->log.count);
    check(stays(&blocked->log.count, after), "a callback came after the blocking delete");
}

BINDING_AT_BOTH_LEVELS(a_blocking_delete_waits_for_the_callback, "TQ-020", "NT-033")
{
    static struct outstanding one_shot, periodic;
    begin_outstanding(at, &one_shot, 0);
    check_delete_waits(at, &one_shot, one_shot.timer);
    delete_queue_and_join(at, one_shot.queue);
    begin_outstanding(at, &periodic, 500);
    check_delete_waits(at, &periodic, periodic.timer);
    delete_queue_and_join(at, periodic.queue);
}

BINDING_AT_BOTH_LEVELS(a_delete_beside_a_callback_is_pending, "TQ-021", "NT-033")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    DWORD error = legacy_at(at)->delete_timer(blocked.queue, blocked.timer, NULL);
    check(error == ERROR_IO_PENDING, "deleting beside a callback gives error %lu", error);
    open_gate(blocked.log.release);
    delete_queue_and_join(at, blocked.queue);
    check(stays(&blocked.log.count, 1), "a timer that is deleted called back");
}

BINDING_AT_BOTH_LEVELS(cancelling_a_timer_deletes_it, "TQ-038 TQ-021 EXP-015", "NT-035")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    struct legacy_log idle = {0};
    HANDLE far_away = noting_queue_timer(at, &idle, blocked.queue, 3600000, 0, WT_EXECUTEDEFAULT);
    DWORD error = legacy_at(at)->cancel_timer(blocked.queue, blocked.timer);
    check(error == ERROR_IO_PENDING, "cancelling beside a callback gives error %lu", error);
    error = legacy_at(at)->cancel_timer(blocked.queue, far_away);
    check(!error || error == ERROR_IO_PENDING, "cancelling an idle timer gives error %lu", error);
    open_gate(blocked.log.release);
    delete_queue_and_join(at, blocked.queue);
    check(idle.count == 0, "a timer that was cancelled called back");
}

// Deletes a timer whose callback has come. That may still be on its way out, so a few are tried until one is over.
static DWORD delete_expired(const struct level *at, HANDLE queue, bool with_event)
{
    static struct legacy_log logs[20];
    DWORD error = ERROR_IO_PENDING;
    for (int i = 0; i < 20 && error == ERROR_IO_PENDING; i++) {
        HANDLE done = with_event ? gate() : NULL;
        logs[i] = (struct legacy_log){0};
        HANDLE timer = noting_queue_timer(at, &logs[i], queue, 0, 0, WT_EXECUTEDEFAULT);
        await_count(&logs[i].count, 1);
        Sleep(BRIEFLY / 4 * (DWORD)i);
        error = legacy_at(at)->delete_timer(queue, timer, done);
        check(error || at->native || GetLastError() == 0xdead, "success changed the last error to %lu", GetLastError());
        check(!done || gate_opens(done, GENEROUS), "the event is never set");
    }
    return error;
}

BINDING_AT_BOTH_LEVELS(a_delete_after_the_callback_succeeds, "TQ-022 TQ-023", "NT-033")
{
    HANDLE queue = timer_queue(at);
    DWORD error = delete_expired(at, queue, false);
    observe("deleting a timer that is over gives error %lu", error);
    check(!error || error == ERROR_IO_PENDING, "deleting a timer that is over gives error %lu", error);
    error = delete_expired(at, queue, true);
    check(!error, "deleting a timer that is over, with an event, gives error %lu", error);
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(the_event_of_a_delete_is_set_when_the_callback_is_over, "TQ-024", "NT-033")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    HANDLE done = gate();
    DWORD error = legacy_at(at)->delete_timer(blocked.queue, blocked.timer, done);
    check(error == ERROR_IO_PENDING, "deleting beside a callback gives error %lu", error);
    check(!gate_opens(done, BRIEFLY), "the event is set while the callback runs");
    open_gate(blocked.log.release);
    check(gate_opens(done, GENEROUS), "the event is never set");
    delete_queue_and_join(at, blocked.queue);
}

struct own {
    const struct level *at;
    HANDLE queue;
    HANDLE timer;
    HANDLE other; // also deleted, and waited for, if there is one
    HANDLE stored;
    struct legacy_log earlier;
    bool makes_earlier;
    volatile LONG count;
    volatile LONG done;
    volatile DWORD error;
    volatile DWORD other_error;
};

static void create_own(struct own *own, WAITORTIMERCALLBACK callback, DWORD period, ULONG flags)
{
    DWORD error = legacy_at(own->at)->create_timer(&own->timer, own->queue, callback, own, 10, period, flags);
    require(!error, "the timer cannot be created: error %lu", error);
    open_gate(own->stored);
}

static void CALLBACK delete_own_in_third_call(void *context, BOOLEAN timed_out)
{
    struct own *own = context;
    (void)timed_out;
    pass_gate(own->stored);
    if (count_up(&own->count) != 3)
        return;
    own->error = legacy_at(own->at)->delete_timer(own->queue, own->timer, NULL);
    count_up(&own->done);
}

BINDING_AT_BOTH_LEVELS(a_timer_deleted_in_its_third_call_has_no_fourth, "TQ-025", "NT-033")
{
    struct own own = {.at = at, .queue = timer_queue(at), .stored = gate(), .error = 1};
    // The timer thread runs one callback at a time, so no fourth is on its way during the third.
    create_own(&own, delete_own_in_third_call, 10, WT_EXECUTEINTIMERTHREAD);
    await_count(&own.done, 1);
    check(own.error == ERROR_IO_PENDING, "deleting its own timer gives error %lu", own.error);
    check(stays(&own.count, 3), "a timer that is deleted called back");
    delete_queue_and_join(at, own.queue);
}

// Deletes its own timer, then waits for the deletion of another, which it makes itself if it is told so.
static void CALLBACK delete_own_and_other(void *context, BOOLEAN timed_out)
{
    struct own *own = context;
    (void)timed_out;
    pass_gate(own->stored);
    if (count_up(&own->count) != 1)
        return;
    own->error = legacy_at(own->at)->delete_timer(own->queue, own->timer, NULL);
    HANDLE other = own->other;
    if (own->makes_earlier)
        other = noting_queue_timer(own->at, &own->earlier, own->queue, 500, 0, WT_EXECUTEDEFAULT);
    own->other_error = legacy_at(own->at)->delete_timer(own->queue, other, INVALID_HANDLE_VALUE);
    count_up(&own->done);
}

BINDING_AT_BOTH_LEVELS(a_callback_deletes_another_timer_and_waits_for_it, "TQ-026 TQ-025", "NT-033")
{
    struct legacy_log other = {0};
    struct own own = {.at = at, .queue = timer_queue(at), .stored = gate(), .error = 1, .other_error = 1};
    own.other = noting_queue_timer(at, &other, own.queue, 3600000, 0, WT_EXECUTEDEFAULT);
    create_own(&own, delete_own_and_other, 0, WT_EXECUTEDEFAULT);
    await_count(&own.done, 1);
    check(own.error == ERROR_IO_PENDING, "deleting its own timer gives error %lu", own.error);
    check(!own.other_error, "a blocking delete of another timer gives error %lu", own.other_error);
    check(stays(&own.count, 1) && !other.count, "a timer that is deleted called back");
    delete_queue_and_join(at, own.queue);
}

BINDING_AT_BOTH_LEVELS(a_deleted_timer_stays_dead_while_others_come_and_go, "TQ-041", "NT-033")
{
    struct legacy_log later = {0};
    struct own own = {.at = at, .queue = timer_queue(at), .stored = gate(), .makes_earlier = true};
    noting_queue_timer(at, &later, own.queue, 2500, 0, WT_EXECUTEDEFAULT);
    create_own(&own, delete_own_and_other, 1000, WT_EXECUTEDEFAULT);
    await_count(&own.done, 1);
    await_count(&later.count, 1);
    check(!own.other_error, "a blocking delete of another timer gives error %lu", own.other_error);
    check(own.count == 1, "a timer that is deleted called back");
    delete_queue_and_join(at, own.queue);
}

BINDING_AT_BOTH_LEVELS(a_timer_that_is_due_at_once_and_deleted_at_once_fires_once, "TQ-027", "NT-033")
{
    for (int i = 0; i < 20; i++) {
        struct legacy_log log = {.release = gate()};
        HANDLE queue = timer_queue(at), done = gate();
        HANDLE timer = noting_queue_timer(at, &log, queue, 0, 0, WT_EXECUTEDEFAULT);
        DWORD error = legacy_at(at)->delete_timer(queue, timer, NULL);
        check(error == ERROR_IO_PENDING, "round %d: deleting it at once gives error %lu", i, error);
        open_gate(log.release);
        error = legacy_at(at)->delete_queue_ex(queue, done);
        check(!error || error == ERROR_IO_PENDING, "round %d: deleting the queue gives error %lu", i, error);
        require(gate_opens(done, GENEROUS), "round %d: the queue is never gone", i);
        require(log.count == 1, "round %d: the timer called back %ld times", i, log.count);
    }
}

BINDING_AT_BOTH_LEVELS(deleting_a_queue_deletes_its_timers, "TQ-031 TQ-032", "NT-034")
{
    struct legacy_log far_away = {0}, soon = {0}, periodic = {0};
    HANDLE queue = timer_queue(at);
    noting_queue_timer(at, &far_away, queue, 3600000, 0, WT_EXECUTEDEFAULT);
    noting_queue_timer(at, &soon, queue, 60000, 0, WT_EXECUTEDEFAULT);
    noting_queue_timer(at, &periodic, queue, 0, 20, WT_EXECUTEDEFAULT);
    await_count(&periodic.count, 2);
    delete_queue_and_join(at, queue);
    LONG after = counted(&periodic.count);
    check(stays(&periodic.count, after), "a timer called back after its queue was deleted");
    check(!far_away.count && !soon.count, "a timer that was not due called back");
}

BINDING_AT_BOTH_LEVELS(a_blocking_delete_of_a_queue_waits_for_callbacks, "TQ-032", "NT-034")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    check_delete_waits(at, &blocked, NULL);
}

BINDING_AT_BOTH_LEVELS(the_event_of_a_queue_is_set_when_all_callbacks_are_over, "TQ-033", "NT-034")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    HANDLE done = gate();
    DWORD error = legacy_at(at)->delete_queue_ex(blocked.queue, done);
    check(error == ERROR_IO_PENDING, "deleting the queue beside a callback gives error %lu", error);
    check(!gate_opens(done, BRIEFLY), "the event is set while the callback runs");
    open_gate(blocked.log.release);
    check(gate_opens(done, GENEROUS), "the event is never set");
}

BINDING_AT_BOTH_LEVELS(the_event_of_an_empty_queue_is_set, "TQ-033", "NT-034")
{
    HANDLE done = gate();
    DWORD error = legacy_at(at)->delete_queue_ex(timer_queue(at), done);
    check(!error || error == ERROR_IO_PENDING, "deleting an empty queue gives error %lu", error);
    check(gate_opens(done, GENEROUS), "the event is never set");
}

BINDING_AT_BOTH_LEVELS(deleting_a_queue_without_event_does_not_wait, "TQ-034", "NT-034")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    DWORD error = legacy_at(at)->delete_queue_ex(blocked.queue, NULL);
    check(error == ERROR_IO_PENDING, "deleting a queue beside a callback gives error %lu", error);
    open_gate(blocked.log.release);
    error = legacy_at(at)->delete_queue_ex(timer_queue(at), NULL);
    observe("deleting an empty queue gives error %lu", error);
    check(!error || error == ERROR_IO_PENDING, "deleting an empty queue gives error %lu", error);
}

BINDING_AT_BOTH_LEVELS(the_obsolete_delete_of_a_queue_does_not_wait, "TQ-037 TQ-035 EXP-015", "NT-034")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked, 0);
    DWORD error = legacy_at(at)->delete_queue(blocked.queue);
    check(error == ERROR_IO_PENDING, "deleting a queue beside a callback gives error %lu", error);
    open_gate(blocked.log.release);
    error = legacy_at(at)->delete_queue(timer_queue(at));
    check(!error || error == ERROR_IO_PENDING, "deleting an empty queue gives error %lu", error);
    error = legacy_at(at)->delete_queue(NULL);
    check(error == ERROR_INVALID_HANDLE, "deleting the default queue gives error %lu", error);
}

BINDING_AT_BOTH_LEVELS(the_default_queue_cannot_be_deleted, "TQ-035", "NT-034")
{
    DWORD error = legacy_at(at)->delete_queue_ex(NULL, NULL);
    check(error == ERROR_INVALID_HANDLE, "deleting the default queue gives error %lu", error);
    error = legacy_at(at)->delete_queue_ex(NULL, INVALID_HANDLE_VALUE);
    check(error == ERROR_INVALID_HANDLE, "deleting the default queue with a wait gives error %lu", error);
}
