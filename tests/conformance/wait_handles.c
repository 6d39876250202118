// SPDX-License-Identifier: MIT
//
// Wait objects: which handles can be waited for, which raise, and handles that are closed early.
#include "wait_log.h"
#include "waitable.h"

#define HANDLE_EXCEPTION     0xC000070Au
#define INVALID_PARAMETER_3  0xC00000F1u
#define INVALID_HANDLE       0xC0000008u
#define OBJECT_TYPE_MISMATCH 0xC0000024u
#define ACCESS_DENIED        0xC0000022u

struct setting {
    const struct level *at;
    PTP_WAIT wait;
    HANDLE handle;
};

static void set_it(void *argument)
{
    struct setting *setting = argument;
    setting->at->set_wait(setting->wait, setting->handle, NULL);
}

static struct raised set_and_catch(const struct level *at, PTP_WAIT wait, HANDLE handle)
{
    return attempt(set_it, &(struct setting){at, wait, handle});
}

BINDING_AT_BOTH_LEVELS(a_mutex_raises, "WAIT-024 EXC-001", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE mutex = CreateMutexW(NULL, FALSE, NULL);
    struct raised raised = set_and_catch(at, wait, mutex);
    check(raised.happened && raised.code == HANDLE_EXCEPTION, "expected exception 0x%08x, got 0x%08lx",
          HANDLE_EXCEPTION, raised.code);
    if (raised.happened)
        check(raised.parameters >= 1 && (DWORD)raised.parameter[0] == INVALID_PARAMETER_3,
              "the exception has %lu parameters, the first is 0x%08lx", raised.parameters, (DWORD)raised.parameter[0]);
    check(stays(&log.count, 0), "a wait for a mutex called back");
}

static void expect_handle_exception(const struct level *at, HANDLE handle, DWORD status, const char *what)
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    struct raised raised = set_and_catch(at, wait, handle);
    observe("%s: code 0x%08lx with %lu parameters, the first is 0x%08lx", what, raised.code, raised.parameters,
            (DWORD)raised.parameter[0]);
    check(raised.code == HANDLE_EXCEPTION && raised.parameters && (DWORD)raised.parameter[0] == status,
          "%s does not raise 0x%08x with 0x%08lx", what, HANDLE_EXCEPTION, status);
    check(stays(&log.count, 0), "%s called back", what);
}

OBSERVATION_AT_BOTH_LEVELS(an_invalid_handle_raises, "WAIT-026 EXC-001", "NT-020")
{
    expect_handle_exception(at, (HANDLE)(ULONG_PTR)0xdeadbee0, INVALID_HANDLE, "an invalid handle");
}

OBSERVATION_AT_BOTH_LEVELS(a_handle_that_cannot_be_waited_for_raises, "WAIT-026 EXC-001", "NT-020")
{
    HKEY key;
    require(!RegOpenKeyExA(HKEY_LOCAL_MACHINE, "Software", 0, KEY_READ, &key), "no registry key can be opened");
    expect_handle_exception(at, key, OBJECT_TYPE_MISMATCH, "a registry key");
}

OBSERVATION_AT_BOTH_LEVELS(a_handle_without_the_right_to_wait_raises, "WAIT-026 EXC-001", "NT-020")
{
    HANDLE weak;
    require(DuplicateHandle(GetCurrentProcess(), auto_reset_event(), GetCurrentProcess(), &weak, EVENT_MODIFY_STATE,
                            FALSE, 0),
            "the handle cannot be duplicated: error %lu", GetLastError());
    expect_handle_exception(at, weak, ACCESS_DENIED, "an event without SYNCHRONIZE");
}

OBSERVATION_AT_BOTH_LEVELS(the_handle_exception_names_status_handle_wait_and_waiter, "WAIT-027 EXC-001", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE mutex = CreateMutexW(NULL, FALSE, NULL);
    struct raised raised = set_and_catch(at, wait, mutex);
    check(raised.parameters == 4, "%lu parameters instead of 4", raised.parameters);
    check((HANDLE)raised.parameter[1] == mutex, "parameter 1 is %p instead of the handle %p",
          (void *)raised.parameter[1], mutex);
    check((PTP_WAIT)raised.parameter[2] == wait, "parameter 2 is %p instead of the wait object %p",
          (void *)raised.parameter[2], (void *)wait);
}

OBSERVATION_AT_BOTH_LEVELS(a_wait_that_raised_can_be_set_again, "WAIT-026", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    set_and_catch(at, wait, (HANDLE)(ULONG_PTR)0xdeadbee0);
    HANDLE event = auto_reset_event();
    SetEvent(event);
    at->set_wait(wait, event, NULL);
    check(wait_until(counted(&log.signalled) == 1, GENEROUS), "no callback came");
    retire_wait(at, wait);
}

static HANDLE waitable_timer(LONGLONG ms)
{
    HANDLE timer = CreateWaitableTimerW(NULL, FALSE, NULL);
    LARGE_INTEGER due = {.QuadPart = -ms * 10000};
    require(timer && SetWaitableTimer(timer, &due, 0, NULL, NULL, FALSE), "no waitable timer: error %lu",
            GetLastError());
    return timer;
}

// Sets a wait for the object, checks that it is not signalled yet, makes it so and expects one callback.
static void expect_callback(const struct level *at, HANDLE object, void (*signal)(void *), void *argument)
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, object, NULL);
    check(stays(&log.count, 0), "a callback came before the signal");
    signal(argument);
    await_count(&log.signalled, 1);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_waitable_timer_can_be_waited_for, "WAIT-029", "NT-020")
{
    with_waitable_timer(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_thread_can_be_waited_for, "WAIT-029", "NT-020")
{
    with_thread(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_process_can_be_waited_for, "WAIT-029", "NT-020")
{
    with_process(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_change_notification_can_be_waited_for, "WAIT-029", "NT-020")
{
    with_change_notification(at, expect_callback);
}

BINDING_AT_BOTH_LEVELS(a_memory_notification_can_be_waited_for, "WAIT-029", "NT-020")
{
    HANDLE notification = CreateMemoryResourceNotification(HighMemoryResourceNotification);
    if (!notification)
        skip("this host has no memory resource notification: error %lu", GetLastError());
    bool plenty = takes_signal(notification);
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    start_wait(at, wait, &log, notification, AFTER(300));
    await_count(&log.count, 1);
    check(plenty == (log.signalled == 1) || plenty != takes_signal(notification),
          "memory is %s, but the result is the other", plenty ? "plentiful" : "short");
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_waitable_timer_closed_right_after_the_set_still_calls_back, "WAIT-031 WAIT-030", "NT-020")
{
    struct wait_log log = {0};
    PTP_WAIT wait = noting_wait(at, &log, NULL);
    HANDLE timer = waitable_timer(100);
    start_wait(at, wait, &log, timer, NULL);
    CloseHandle(timer);
    await_count(&log.signalled, 1);
    retire_wait(at, wait);
}

BINDING_AT_BOTH_LEVELS(a_handle_closed_while_its_wait_is_armed_disturbs_no_other, "WAIT-032 WAIT-030", "NT-020")
{
    struct wait_log first = {0}, second = {0};
    PTP_WAIT closed = noting_wait(at, &first, NULL), other = noting_wait(at, &second, NULL);
    HANDLE gone = semaphore(0), kept = semaphore(0);
    start_wait(at, closed, &first, gone, AFTER(1000));
    start_wait(at, other, &second, kept, NULL);
    CloseHandle(gone);
    for (LONG i = 0; i < 5; i++) {
        ReleaseSemaphore(kept, 1, NULL);
        await_count(&second.signalled, i + 1);
        start_wait(at, other, &second, kept, NULL);
    }
    await_count(&first.timed_out, 1);
    check(first.at >= 1000 - TICK, "a timeout of 1000 ms came after %.1f", first.at);
    retire_wait(at, closed);
    retire_wait(at, other);
}
