// SPDX-License-Identifier: MIT
#include "legacy.h"

#include <string.h>

static DWORD of_result(BOOL done)
{
    return done ? 0 : GetLastError();
}

static DWORD of_status(NTSTATUS status)
{
    ULONG(NTAPI * translate)(NTSTATUS) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlNtStatusToDosError");
    memcpy(&translate, &address, sizeof address);
    return translate(status);
}

#define AT_WIN32(name, parameters, call)                                                                               \
    static DWORD win32_##name parameters                                                                               \
    {                                                                                                                  \
        SetLastError(0xdead);                                                                                          \
        return of_result(api.call);                                                                                    \
    }
#define AT_NT(name, parameters, call)                                                                                  \
    static DWORD nt_##name parameters                                                                                  \
    {                                                                                                                  \
        return of_status(api.call);                                                                                    \
    }
#define BOTH(name, parameters, win32, nt) AT_WIN32(name, parameters, win32) AT_NT(name, parameters, nt)

BOTH(queue_item, (LPTHREAD_START_ROUTINE a, void *b, ULONG c), QueueUserWorkItem(a, b, c), RtlQueueWorkItem(a, b, c))
BOTH(register_wait, (HANDLE * a, HANDLE b, WAITORTIMERCALLBACK c, void *d, ULONG e, ULONG f),
     RegisterWaitForSingleObject(a, b, c, d, e, f), RtlRegisterWait(a, b, c, d, e, f))
BOTH(unregister, (HANDLE a), UnregisterWait(a), RtlDeregisterWait(a))
BOTH(unregister_ex, (HANDLE a, HANDLE b), UnregisterWaitEx(a, b), RtlDeregisterWaitEx(a, b))
BOTH(delete_queue, (HANDLE a), DeleteTimerQueue(a), RtlDeleteTimerQueue(a))
BOTH(delete_queue_ex, (HANDLE a, HANDLE b), DeleteTimerQueueEx(a, b), RtlDeleteTimerQueueEx(a, b))
BOTH(create_timer, (HANDLE * a, HANDLE b, WAITORTIMERCALLBACK c, void *d, DWORD e, DWORD f, ULONG g),
     CreateTimerQueueTimer(a, b, c, d, e, f, g), RtlCreateTimer(b, a, c, d, e, f, g))
BOTH(change_timer, (HANDLE a, HANDLE b, ULONG c, ULONG d), ChangeTimerQueueTimer(a, b, c, d),
     RtlUpdateTimer(a, b, c, d))
BOTH(delete_timer, (HANDLE a, HANDLE b, HANDLE c), DeleteTimerQueueTimer(a, b, c), RtlDeleteTimer(a, b, c))
BOTH(cancel_timer, (HANDLE a, HANDLE b), CancelTimerQueueTimer(a, b), RtlCancelTimer(a, b))
BOTH(bind, (HANDLE a, LPOVERLAPPED_COMPLETION_ROUTINE b, ULONG c), BindIoCompletionCallback(a, b, c),
     RtlSetIoCompletionCallback(a, b, c))
AT_NT(create_queue, (HANDLE * a), RtlCreateTimerQueue(a))

static DWORD win32_create_queue(HANDLE *queue)
{
    *queue = api.CreateTimerQueue();
    return of_result(*queue != NULL);
}

#define MEMBERS(level)                                                                                                 \
    {                                                                                                                  \
        level##_queue_item, level##_register_wait, level##_unregister, level##_unregister_ex, level##_create_queue,    \
            level##_delete_queue, level##_delete_queue_ex, level##_create_timer, level##_change_timer,                 \
            level##_delete_timer, level##_cancel_timer, level##_bind                                                   \
    }

const struct legacy *legacy_at(const struct level *at)
{
    static const struct legacy win32 = MEMBERS(win32), nt = MEMBERS(nt);
    return at->native ? &nt : &win32;
}

void CALLBACK note_legacy(void *context, BOOLEAN timed_out)
{
    struct legacy_log *log = context;
    log->thread = GetCurrentThreadId();
    if (!counted(&log->count))
        log->first = milliseconds() - log->since;
    count_up(timed_out ? &log->timed_out : &log->signalled);
    count_up(&log->count);
    if (log->entered)
        open_gate(log->entered);
    if (log->release)
        pass_gate(log->release);
}

HANDLE noting_registration(const struct level *at, struct legacy_log *log, HANDLE object, ULONG ms, ULONG flags)
{
    HANDLE wait = NULL;
    log->since = milliseconds();
    DWORD error = legacy_at(at)->register_wait(&wait, object, note_legacy, log, ms, flags);
    require(!error && wait, "the wait cannot be registered: error %lu", error);
    return wait;
}

HANDLE noting_queue_timer(const struct level *at, struct legacy_log *log, HANDLE queue, DWORD due, DWORD period,
                          ULONG flags)
{
    HANDLE timer = NULL;
    log->since = milliseconds();
    DWORD error = legacy_at(at)->create_timer(&timer, queue, note_legacy, log, due, period, flags);
    require(!error && timer, "the timer cannot be created: error %lu", error);
    return timer;
}

HANDLE timer_queue(const struct level *at)
{
    HANDLE queue = NULL;
    DWORD error = legacy_at(at)->create_queue(&queue);
    require(!error && queue, "the timer queue cannot be created: error %lu", error);
    return queue;
}
