// SPDX-License-Identifier: MIT
#include "wait_log.h"

#include <string.h>

void CALLBACK note_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    struct wait_log *log = context;
    log->at = milliseconds() - log->since;
    log->wait = wait;
    log->thread = GetCurrentThreadId();
    if (result == WAIT_OBJECT_0)
        count_up(&log->signalled);
    else if (result == WAIT_TIMEOUT)
        count_up(&log->timed_out);
    else
        check(false, "the wait callback got the result %lu", (DWORD)result);
    count_up(&log->count);
}

PTP_WAIT wait_of(const struct level *at, PTP_WAIT_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_WAIT wait = at->create_wait(callback, context, environment);
    require(wait, "no wait object could be created: error 0x%lx", why());
    return wait;
}

PTP_WAIT noting_wait(const struct level *at, struct wait_log *log, PTP_CALLBACK_ENVIRON environment)
{
    return wait_of(at, note_wait, log, environment);
}

void start_wait(const struct level *at, PTP_WAIT wait, struct wait_log *log, HANDLE object, const LONGLONG *timeout)
{
    FILETIME due;
    log->since = milliseconds();
    at->set_wait(wait, object, timeout ? due_in(&due, *timeout) : NULL);
}

void retire_wait(const struct level *at, PTP_WAIT wait)
{
    at->set_wait(wait, NULL, NULL);
    at->wait_for_wait(wait, TRUE);
    at->close_wait(wait);
}

HANDLE auto_reset_event(void)
{
    HANDLE event = CreateEventW(NULL, FALSE, FALSE, NULL);
    require(event, "no event could be created: error %lu", GetLastError());
    return event;
}

HANDLE semaphore(LONG count)
{
    HANDLE made = CreateSemaphoreW(NULL, count, 0x7FFFFFFF, NULL);
    require(made, "no semaphore could be created: error %lu", GetLastError());
    return made;
}

bool takes_signal(HANDLE object)
{
    return WaitForSingleObject(object, 0) == WAIT_OBJECT_0;
}

bool event_is_set(HANDLE event)
{
    struct {
        LONG type;
        LONG state;
    } basic = {0};
    NTSTATUS(NTAPI * query)(HANDLE, int, void *, ULONG, ULONG *) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "NtQueryEvent");
    memcpy(&query, &address, sizeof address);
    require(query && query(event, 0, &basic, sizeof basic, NULL) >= 0, "the event cannot be queried");
    return basic.state != 0;
}

void signal_and_let_it_be_queued(const struct level *at, HANDLE event)
{
    SetEvent(event);
    require(wait_until(!event_is_set(event), GENEROUS), "the signal is never taken");
    struct wait_log later = {0};
    PTP_WAIT wait = noting_wait(at, &later, NULL);
    HANDLE signalled = gate();
    open_gate(signalled);
    at->set_wait(wait, signalled, NULL);
    await_count(&later.count, 1);
    Sleep(BRIEFLY); // for a pool that has no such order
    retire_wait(at, wait);
}
