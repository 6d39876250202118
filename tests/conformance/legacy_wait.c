// SPDX-License-Identifier: MIT
//
// Registered waits: RegisterWaitForSingleObject and RtlRegisterWait.
#include "legacy.h"
#include "wait_log.h"

_Static_assert(__builtin_types_compatible_p(WAITORTIMERCALLBACK, void(NTAPI *)(void *, BOOLEAN)) &&
                   sizeof(BOOLEAN) == 1,
               "the callback's flag is one byte");

static void unregister_and_join(const struct level *at, HANDLE wait)
{
    DWORD error = legacy_at(at)->unregister_ex(wait, INVALID_HANDLE_VALUE);
    check(!error, "a blocking unregister fails: error %lu", error);
}

BINDING_AT_BOTH_LEVELS(a_registered_wait_says_false_for_a_signal, "WAITLEG-001 WAITLEG-004 WAITLEG-010 ST-009",
                       "NT-026")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEDEFAULT);
    check(stays(&log.count, 0), "a callback came before the signal");
    SetEvent(event);
    await_count(&log.count, 1);
    check(log.signalled == 1, "the callback says timeout");
    check(log.thread != GetCurrentThreadId(), "the callback ran on the thread that signalled");
    check(!takes_signal(event), "the callback did not take the signal");
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_registered_wait_says_true_for_a_timeout, "WAITLEG-004 WAITLEG-008 ST-009", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, semaphore(0), 200, WT_EXECUTEONLYONCE);
    await_count(&log.count, 1);
    check(log.timed_out == 1, "the callback says signalled");
    check(log.first >= 200 - TICK, "a timeout of 200 ms came after %.1f", log.first);
    check(stays(&log.count, 1), "a once-only wait called back %ld times", log.count);
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_registered_wait_arms_itself_again, "WAITLEG-005", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEDEFAULT);
    for (LONG i = 1; i <= 5; i++) {
        SetEvent(event);
        await_count(&log.signalled, i);
    }
    check(stays(&log.count, 5), "5 signals gave %ld callbacks", log.count);
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(the_timeout_of_a_registered_wait_restarts, "WAITLEG-005 WAITLEG-008", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE counting = semaphore(0);
    HANDLE wait = noting_registration(at, &log, counting, 100, WT_EXECUTEDEFAULT);
    await_count(&log.timed_out, 3);
    double took = milliseconds() - log.since;
    check(took >= 300 - 3 * TICK, "three timeouts of 100 ms came within %.1f", took);
    ReleaseSemaphore(counting, 1, NULL);
    await_count(&log.signalled, 1);
    LONG before = counted(&log.timed_out);
    await_count(&log.timed_out, before + 1);
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_once_only_wait_calls_back_once_and_leaves_later_signals, "WAITLEG-006 WAITLEG-007 WAITLEG-026",
                       "NT-026 NT-027")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEONLYONCE);
    SetEvent(event);
    await_count(&log.signalled, 1);
    SetEvent(event);
    check(stays(&log.count, 1), "a second signal gave a second callback");
    check(takes_signal(event), "a spent wait took a signal");
    DWORD error = legacy_at(at)->unregister(wait);
    check(!error, "unregistering a spent wait fails: error %lu", error);
}

BINDING_AT_BOTH_LEVELS(a_timeout_of_zero_calls_back_at_once, "WAITLEG-008", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, semaphore(0), 0, WT_EXECUTEONLYONCE);
    await_count(&log.count, 1);
    check(log.timed_out == 1, "the callback says signalled");
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(an_infinite_registered_wait_never_times_out, "WAITLEG-008 WAITLEG-026", "NT-026 NT-027")
{
    struct legacy_log log = {0};
    HANDLE wait = noting_registration(at, &log, semaphore(0), INFINITE, WT_EXECUTEDEFAULT);
    check(!wait_until(counted(&log.count), 1000), "a wait without timeout and signal called back");
    DWORD error = legacy_at(at)->unregister(wait);
    check(!error, "unregistering a wait that is idle fails: error %lu", error);
}

BINDING_AT_BOTH_LEVELS(a_registered_wait_for_a_signalled_object_calls_back_at_once, "WAITLEG-009 WAITLEG-010", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE counting = semaphore(2);
    HANDLE wait = noting_registration(at, &log, counting, INFINITE, WT_EXECUTEDEFAULT);
    await_count(&log.signalled, 2);
    check(stays(&log.count, 2), "a count of 2 gave %ld callbacks", log.count);
    check(!takes_signal(counting), "a count was not taken");
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(an_object_that_stays_signalled_calls_back_again_and_again, "WAITLEG-013", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE event = gate();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEDEFAULT);
    SetEvent(event);
    await_count(&log.signalled, 5);
    ResetEvent(event);
    unregister_and_join(at, wait);
    LONG after = counted(&log.count);
    check(stays(&log.count, after), "a callback came after the blocking unregister");
}

BINDING_AT_BOTH_LEVELS(every_flag_of_a_registered_wait_is_accepted, "WAITLEG-016 WAITLEG-020 WAITLEG-022", "NT-026")
{
    static const ULONG flags[] = {WT_EXECUTEDEFAULT,
                                  WT_EXECUTEINIOTHREAD,
                                  WT_EXECUTEINWAITTHREAD,
                                  WT_EXECUTELONGFUNCTION,
                                  WT_EXECUTEINPERSISTENTTHREAD,
                                  WT_TRANSFER_IMPERSONATION,
                                  WT_EXECUTELONGFUNCTION | WT_EXECUTEINWAITTHREAD};
    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        struct legacy_log log = {0};
        HANDLE event = auto_reset_event();
        HANDLE wait = noting_registration(at, &log, event, INFINITE, flags[i]);
        SetEvent(event);
        await_count(&log.signalled, 1);
        unregister_and_join(at, wait);
        check(log.count == 1, "flags 0x%lx: one signal gave %ld callbacks", flags[i], log.count);
    }
}

BINDING_AT_BOTH_LEVELS(wait_thread_callbacks_run_on_one_thread, "WAITLEG-017", "NT-026")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEINWAITTHREAD);
    SetEvent(event);
    await_count(&log.count, 1);
    DWORD first = log.thread;
    check(first != GetCurrentThreadId(), "the callback ran on the registering thread");
    SetEvent(event);
    await_count(&log.count, 2);
    check(log.thread == first, "the second callback ran on another thread");
    unregister_and_join(at, wait);

    struct legacy_log ready = {0};
    SetEvent(event);
    wait = noting_registration(at, &ready, event, INFINITE, WT_EXECUTEINWAITTHREAD);
    await_count(&ready.signalled, 1);
    check(ready.thread != GetCurrentThreadId(), "a signalled object called back on the registering thread");
    unregister_and_join(at, wait);

    struct legacy_log zero = {0};
    wait = noting_registration(at, &zero, event, 0, WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE);
    await_count(&zero.timed_out, 1);
    check(zero.thread != GetCurrentThreadId(), "a timeout of zero called back on the registering thread");
    unregister_and_join(at, wait);
}

BINDING_AT_BOTH_LEVELS(wait_thread_callbacks_run_one_at_a_time, "WAITLEG-018", "NT-026")
{
    struct legacy_log blocked = {.entered = gate(), .release = gate()}, other = {0};
    HANDLE first = auto_reset_event(), second = auto_reset_event();
    HANDLE one = noting_registration(at, &blocked, first, INFINITE, WT_EXECUTEINWAITTHREAD);
    HANDLE two = noting_registration(at, &other, second, INFINITE, WT_EXECUTEINWAITTHREAD);
    SetEvent(first);
    pass_gate(blocked.entered);
    SetEvent(second);
    check(stays(&other.count, 0), "a callback ran beside another one that blocks the wait thread");
    open_gate(blocked.release);
    await_count(&other.signalled, 1);
    check(other.thread == blocked.thread, "the two callbacks ran on different threads");
    unregister_and_join(at, one);
    unregister_and_join(at, two);
}

OBSERVATION_AT_BOTH_LEVELS(a_blocked_wait_thread_holds_up_no_other_waits, "WAITLEG-016", "NT-026")
{
    struct legacy_log blocked = {.entered = gate(), .release = gate()}, other = {0};
    HANDLE first = auto_reset_event(), second = auto_reset_event();
    HANDLE two = noting_registration(at, &other, second, INFINITE, WT_EXECUTEDEFAULT);
    HANDLE one = noting_registration(at, &blocked, first, INFINITE, WT_EXECUTEINWAITTHREAD);
    SetEvent(first);
    pass_gate(blocked.entered);
    SetEvent(second);
    check(wait_until(counted(&other.signalled), 5000), "an ordinary wait waits for a callback of the wait thread");
    open_gate(blocked.release);
    unregister_and_join(at, one);
    unregister_and_join(at, two);
}

static void CALLBACK on_apc(ULONG_PTR context)
{
    count_up((volatile LONG *)context);
}

BINDING_AT_BOTH_LEVELS(the_thread_of_an_io_thread_wait_runs_apcs, "WAITLEG-020", "NT-026")
{
    struct legacy_log log = {0};
    volatile LONG delivered = 0;
    HANDLE event = auto_reset_event();
    HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEINIOTHREAD);
    SetEvent(event);
    await_count(&log.count, 1);
    HANDLE thread = OpenThread(THREAD_SET_CONTEXT, FALSE, log.thread);
    require(thread, "the thread of the callback cannot be opened: error %lu", GetLastError());
    require(QueueUserAPC(on_apc, thread, (ULONG_PTR)&delivered), "no APC could be queued: error %lu", GetLastError());
    check(wait_until(counted(&delivered), GENEROUS), "the APC never ran");
    unregister_and_join(at, wait);
}

struct publication {
    HANDLE wait;
    HANDLE seen;
    volatile LONG count;
};

static void CALLBACK read_the_handle(void *context, BOOLEAN timed_out)
{
    struct publication *publication = context;
    (void)timed_out;
    publication->seen = *(HANDLE volatile *)&publication->wait;
    count_up(&publication->count);
}

BINDING_AT_BOTH_LEVELS(the_handle_is_there_before_the_callback_runs, "WAITLEG-019", "NT-026")
{
    HANDLE event = gate(), none = (HANDLE)(ULONG_PTR)0xdeadbee0;
    SetEvent(event);
    for (int i = 0; i < 100; i++) {
        struct publication publication = {.wait = none};
        DWORD error = legacy_at(at)->register_wait(&publication.wait, event, read_the_handle, &publication, INFINITE,
                                                   WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE);
        require(!error, "round %d: the wait cannot be registered: error %lu", i, error);
        await_count(&publication.count, 1);
        check(publication.seen == publication.wait, "round %d: the callback saw %p instead of %p", i, publication.seen,
              publication.wait);
        unregister_and_join(at, publication.wait);
    }
}

BINDING_AT_BOTH_LEVELS(five_hundred_waits_are_registered_at_once, "WAITLEG-038", "NT-026")
{
    static struct legacy_log log[512];
    HANDLE event[512], wait[512];
    for (int i = 0; i < 512; i++) {
        event[i] = auto_reset_event();
        wait[i] = noting_registration(at, &log[i], event[i], INFINITE, WT_EXECUTEDEFAULT);
    }
    for (int i = 511; i >= 0; i--)
        SetEvent(event[i]);
    for (int i = 0; i < 512; i++)
        await_count(&log[i].signalled, 1);
    for (int i = 0; i < 512; i++) {
        unregister_and_join(at, wait[i]);
        check(log[i].count == 1, "wait %d gave %ld callbacks for one signal", i, log[i].count);
    }
}

OBSERVATION(the_ex_function_returns_the_wait, "WAITLEG-002")
{
    struct legacy_log log = {0};
    HANDLE event = auto_reset_event();
    HANDLE wait = api.RegisterWaitForSingleObjectEx(event, note_legacy, &log, INFINITE, WT_EXECUTEDEFAULT);
    require(wait, "the wait cannot be registered: error %lu", GetLastError());
    SetEvent(event);
    await_count(&log.signalled, 1);
    unregister_and_join(&win32_level, wait);
}
