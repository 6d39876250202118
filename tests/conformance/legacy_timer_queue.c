// SPDX-License-Identifier: MIT
//
// Timer queues: creating, firing and changing their timers.
#include "legacy.h"

static void delete_and_join(const struct level *at, HANDLE queue, HANDLE timer)
{
    DWORD error = legacy_at(at)->delete_timer(queue, timer, INVALID_HANDLE_VALUE);
    check(!error, "a blocking delete fails: error %lu", error);
}

static void delete_queue_and_join(const struct level *at, HANDLE queue)
{
    DWORD error = legacy_at(at)->delete_queue_ex(queue, INVALID_HANDLE_VALUE);
    check(!error, "a blocking delete of the queue fails: error %lu", error);
}

BINDING_AT_BOTH_LEVELS(a_queue_timer_fires_after_its_due_time, "TQ-001 TQ-002 TQ-004 TQ-005 TQ-006 TQ-044",
                       "NT-029 NT-030")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE timer = noting_queue_timer(at, &log, queue, 200, 0, WT_EXECUTEDEFAULT);
    await_count(&log.count, 1);
    check(log.timed_out == 1, "the callback says signalled");
    check(log.first >= 200 - TICK, "a due time of 200 ms came after %.1f", log.first);
    check(log.thread != GetCurrentThreadId(), "the callback ran on the thread that created the timer");
    check(stays(&log.count, 1), "a timer without period called back %ld times", log.count);
    delete_and_join(at, queue, timer);
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(the_default_queue_needs_no_handle, "TQ-003 TQ-014 TQ-020", "NT-030 NT-032 NT-033")
{
    struct legacy_log log = {0};
    HANDLE timer = noting_queue_timer(at, &log, NULL, 3600000, 0, WT_EXECUTEDEFAULT);
    DWORD error = legacy_at(at)->change_timer(NULL, timer, 0, 0);
    check(!error, "the timer cannot be changed: error %lu", error);
    await_count(&log.timed_out, 1);
    delete_and_join(at, NULL, timer);
    check(log.count == 1, "the timer called back %ld times", log.count);
}

BINDING_AT_BOTH_LEVELS(a_due_time_of_zero_fires_at_once, "TQ-004 TQ-005", "NT-030")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE timer = noting_queue_timer(at, &log, queue, 0, 0, WT_EXECUTEDEFAULT);
    await_count(&log.timed_out, 1);
    check(stays(&log.count, 1), "a timer without period called back %ld times", log.count);
    delete_and_join(at, queue, timer);
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(a_period_repeats_until_the_timer_is_deleted, "TQ-005 TQ-006 TQ-020", "NT-030 NT-033")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE timer = noting_queue_timer(at, &log, queue, 50, 50, WT_EXECUTEDEFAULT);
    await_count(&log.count, 5);
    double took = milliseconds() - log.since;
    check(took >= 250 - 5 * TICK, "five times 50 ms took %.1f", took);
    delete_and_join(at, queue, timer);
    LONG before = counted(&log.count);
    check(stays(&log.count, before), "a callback came after the blocking delete");
    check(log.signalled == 0, "%ld callbacks say signalled", log.signalled);
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(a_once_only_queue_timer_fires_once, "TQ-010 TQ-009 TQ-011", "NT-030")
{
    static const ULONG flags[] = {WT_EXECUTEONLYONCE,           WT_EXECUTEINTIMERTHREAD, WT_EXECUTEINIOTHREAD,
                                  WT_EXECUTEINPERSISTENTTHREAD, WT_EXECUTELONGFUNCTION,  WT_TRANSFER_IMPERSONATION};
    HANDLE queue = timer_queue(at);
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct legacy_log log = {0};
        HANDLE timer = noting_queue_timer(at, &log, queue, 1, 0, flags[i]);
        await_count(&log.timed_out, 1);
        check(stays(&log.count, 1), "flags 0x%lx: the timer called back %ld times", flags[i], log.count);
        delete_and_join(at, queue, timer);
    }
    delete_queue_and_join(at, queue);
}

// Documented as forbidden: refused, or without effect.
OBSERVATION_AT_BOTH_LEVELS(a_once_only_queue_timer_heeds_no_period, "TQ-010", "NT-030")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at), timer = NULL;
    DWORD error = legacy_at(at)->create_timer(&timer, queue, note_legacy, &log, 1, 20, WT_EXECUTEONLYONCE);
    observe("a period for a timer that fires once is %s", error ? "refused" : "accepted");
    if (!error) {
        await_count(&log.timed_out, 1);
        check(stays(&log.count, 1), "the timer called back %ld times", log.count);
        delete_and_join(at, queue, timer);
    }
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(a_change_sets_a_new_due_time_and_period, "TQ-014", "NT-032")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE timer = noting_queue_timer(at, &log, queue, 3600000, 0, WT_EXECUTEDEFAULT);
    DWORD error = legacy_at(at)->change_timer(queue, timer, 0, 20);
    check(!error, "the timer cannot be changed: error %lu", error);
    await_count(&log.count, 3);
    error = legacy_at(at)->change_timer(queue, timer, 3600000, 0);
    check(!error, "the timer cannot be changed again: error %lu", error);
    check(falls_silent(&log.count), "the old period is still in force");
    delete_and_join(at, queue, timer);
    delete_queue_and_join(at, queue);
}

BINDING_AT_BOTH_LEVELS(a_change_of_an_expired_timer_does_nothing, "TQ-015", "NT-032")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE timer = noting_queue_timer(at, &log, queue, 0, 0, WT_EXECUTEDEFAULT);
    await_count(&log.count, 1);
    Sleep(BRIEFLY);
    DWORD error = legacy_at(at)->change_timer(queue, timer, 0, 0);
    check(!error, "changing an expired timer gives error %lu", error);
    error = legacy_at(at)->change_timer(queue, timer, 10, 10);
    check(!error, "changing an expired timer again gives error %lu", error);
    check(stays(&log.count, 1), "an expired timer called back again");
    delete_and_join(at, queue, timer);
    delete_queue_and_join(at, queue);
}

struct changing {
    const struct level *at;
    HANDLE queue;
    HANDLE timer;
    HANDLE stored;
    ULONG due;
    volatile LONG count;
    volatile DWORD error;
};

static void CALLBACK change_own_timer(void *context, BOOLEAN timed_out)
{
    struct changing *changing = context;
    (void)timed_out;
    pass_gate(changing->stored);
    changing->error =
        legacy_at(changing->at)->change_timer(changing->queue, changing->timer, changing->due, changing->due);
    count_up(&changing->count);
}

static void start_changing(const struct level *at, struct changing *changing, DWORD period, ULONG due)
{
    *changing = (struct changing){.at = at, .queue = timer_queue(at), .stored = gate(), .due = due, .error = 1};
    DWORD error = legacy_at(at)->create_timer(&changing->timer, changing->queue, change_own_timer, changing, 10, period,
                                              WT_EXECUTEINTIMERTHREAD);
    require(!error, "the timer cannot be created: error %lu", error);
    open_gate(changing->stored);
    await_count(&changing->count, 1);
}

BINDING_AT_BOTH_LEVELS(a_callback_pushes_its_own_timer_away, "TQ-016", "NT-032")
{
    struct changing changing;
    start_changing(at, &changing, 500, 3600000);
    check(!changing.error, "the change inside the callback gives error %lu", changing.error);
    check(!wait_until(counted(&changing.count) > 1, 1200), "a timer that was pushed away called back");
    delete_and_join(at, changing.queue, changing.timer);
    delete_queue_and_join(at, changing.queue);
}

BINDING_AT_BOTH_LEVELS(a_one_shot_callback_cannot_revive_its_timer, "TQ-015 TQ-016", "NT-032")
{
    struct changing changing;
    start_changing(at, &changing, 0, 10);
    check(!changing.error, "the change inside the callback gives error %lu", changing.error);
    check(stays(&changing.count, 1), "an expired timer called back again");
    delete_and_join(at, changing.queue, changing.timer);
    delete_queue_and_join(at, changing.queue);
}

BINDING_AT_BOTH_LEVELS(the_queue_of_a_timer_is_not_checked, "TQ-017 TQ-030", "NT-032 NT-033")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(at);
    HANDLE ours = noting_queue_timer(at, &log, queue, 3600000, 0, WT_EXECUTEDEFAULT);
    HANDLE of_default = noting_queue_timer(at, &log, NULL, 3600000, 0, WT_EXECUTEDEFAULT);
    DWORD error = legacy_at(at)->change_timer(NULL, ours, 0, 0);
    check(!error, "changing a timer by way of the default queue gives error %lu", error);
    await_count(&log.count, 1);
    error = legacy_at(at)->change_timer(queue, of_default, 0, 0);
    check(!error, "changing a timer of the default queue by way of another gives error %lu", error);
    await_count(&log.count, 2);
    delete_and_join(at, NULL, ours);
    delete_and_join(at, queue, of_default);
    delete_queue_and_join(at, queue);
}

BINDING_AT_NT_LEVEL(rtl_set_timer_creates_a_timer, "NT-030 NT-031")
{
    struct legacy_log log = {0};
    HANDLE queue = timer_queue(&nt_level), timer = NULL;
    NTSTATUS status = api.RtlSetTimer(queue, &timer, note_legacy, &log, 0, 0, WT_EXECUTEDEFAULT);
    require(!status && timer, "the timer cannot be created: status 0x%lx", (ULONG)status);
    await_count(&log.timed_out, 1);
    delete_and_join(&nt_level, queue, timer);
    delete_queue_and_join(&nt_level, queue);
}

OBSERVATION(set_timer_queue_timer_gives_a_timer, "TQ-039 TQ-040 EXP-015")
{
    for (BOOL prefer_io = FALSE; prefer_io <= TRUE; prefer_io++) {
        struct legacy_log log = {0};
        HANDLE queue = timer_queue(&win32_level);
        HANDLE timer = api.SetTimerQueueTimer(queue, note_legacy, &log, 10, 20, prefer_io);
        require(timer, "no timer: error %lu", GetLastError());
        await_count(&log.timed_out, 3);
        delete_and_join(&win32_level, queue, timer);
        delete_queue_and_join(&win32_level, queue);
    }
}
