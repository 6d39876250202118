// SPDX-License-Identifier: MIT
/*
 * threadpoollegacyapiset.h and its relatives in winbase.h: work items, registered waits, timer queues, bound files. A
 * status becomes a last error; STATUS_PENDING is a failure with ERROR_IO_PENDING (WAITLEG-027, TQ-021).
 */
#include "api/api.h"
#include "tp/io.h"
#include "tp/legacy.h"

#define QUEUE(queue) ((struct tp_timer_queue *)(queue))
#define TIMER(timer) ((struct tp_queue_timer *)(timer))
#define WAIT(wait)   ((struct tp_legacy_wait *)(wait))

/** RtlQueueWorkItem. */
BOOL WINAPI api_QueueUserWorkItem(LPTHREAD_START_ROUTINE function, PVOID context, ULONG flags);
BOOL WINAPI api_QueueUserWorkItem(LPTHREAD_START_ROUTINE function, PVOID context, ULONG flags)
{
    API_FORWARD(QueueUserWorkItem, function, context, flags);
    return api_succeeded(tp_queue_work_item((tp_work_item *)(void *)function, context, flags));
}

/** RtlRegisterWait. */
BOOL WINAPI api_RegisterWaitForSingleObject(PHANDLE wait, HANDLE object, WAITORTIMERCALLBACK callback, PVOID context,
                                            ULONG milliseconds, ULONG flags);
BOOL WINAPI api_RegisterWaitForSingleObject(PHANDLE wait, HANDLE object, WAITORTIMERCALLBACK callback, PVOID context,
                                            ULONG milliseconds, ULONG flags)
{
    API_FORWARD(RegisterWaitForSingleObject, wait, object, callback, context, milliseconds, flags);
    return api_succeeded(tp_legacy_wait_register((struct tp_legacy_wait **)wait, object,
                                                 (tp_wait_or_timer_callback *)(void *)callback, context, milliseconds,
                                                 flags));
}

/** RtlRegisterWait, with the wait as the result (WAITLEG-002). */
HANDLE WINAPI api_RegisterWaitForSingleObjectEx(HANDLE object, WAITORTIMERCALLBACK callback, PVOID context,
                                                ULONG milliseconds, ULONG flags);
HANDLE WINAPI api_RegisterWaitForSingleObjectEx(HANDLE object, WAITORTIMERCALLBACK callback, PVOID context,
                                                ULONG milliseconds, ULONG flags)
{
    API_FORWARD(RegisterWaitForSingleObjectEx, object, callback, context, milliseconds, flags);
    struct tp_legacy_wait *wait = NULL;
    nt_status status =
        tp_legacy_wait_register(&wait, nt_handle_resolve_standard(object),
                                (tp_wait_or_timer_callback *)(void *)callback, context, milliseconds, flags);
    return api_succeeded(status) ? (HANDLE)wait : NULL;
}

/** RtlDeregisterWait. */
BOOL WINAPI api_UnregisterWait(HANDLE wait);
BOOL WINAPI api_UnregisterWait(HANDLE wait)
{
    API_FORWARD(UnregisterWait, wait);
    return api_succeeded(tp_legacy_wait_deregister(WAIT(wait), NULL));
}

/** RtlDeregisterWaitEx. */
BOOL WINAPI api_UnregisterWaitEx(HANDLE wait, HANDLE event);
BOOL WINAPI api_UnregisterWaitEx(HANDLE wait, HANDLE event)
{
    API_FORWARD(UnregisterWaitEx, wait, event);
    return api_succeeded(tp_legacy_wait_deregister(WAIT(wait), event));
}

/** RtlCreateTimerQueue. */
HANDLE WINAPI api_CreateTimerQueue(void);
HANDLE WINAPI api_CreateTimerQueue(void)
{
    API_FORWARD(CreateTimerQueue);
    struct tp_timer_queue *queue;
    return api_succeeded(tp_timer_queue_create(&queue)) ? (HANDLE)queue : NULL;
}

/** RtlCreateTimer. */
BOOL WINAPI api_CreateTimerQueueTimer(PHANDLE timer, HANDLE queue, WAITORTIMERCALLBACK callback, PVOID context,
                                      DWORD due, DWORD period, ULONG flags);
BOOL WINAPI api_CreateTimerQueueTimer(PHANDLE timer, HANDLE queue, WAITORTIMERCALLBACK callback, PVOID context,
                                      DWORD due, DWORD period, ULONG flags)
{
    API_FORWARD(CreateTimerQueueTimer, timer, queue, callback, context, due, period, flags);
    return api_succeeded(tp_queue_timer_create(QUEUE(queue), (struct tp_queue_timer **)timer,
                                               (tp_wait_or_timer_callback *)(void *)callback, context, due, period,
                                               flags));
}

/** RtlUpdateTimer; the queue is not looked at (TQ-017). */
BOOL WINAPI api_ChangeTimerQueueTimer(HANDLE queue, HANDLE timer, ULONG due, ULONG period);
BOOL WINAPI api_ChangeTimerQueueTimer(HANDLE queue, HANDLE timer, ULONG due, ULONG period)
{
    API_FORWARD(ChangeTimerQueueTimer, queue, timer, due, period);
    return api_succeeded(tp_queue_timer_update(TIMER(timer), due, period));
}

/** RtlDeleteTimer; the queue is not looked at (TQ-030). */
BOOL WINAPI api_DeleteTimerQueueTimer(HANDLE queue, HANDLE timer, HANDLE event);
BOOL WINAPI api_DeleteTimerQueueTimer(HANDLE queue, HANDLE timer, HANDLE event)
{
    API_FORWARD(DeleteTimerQueueTimer, queue, timer, event);
    return api_succeeded(tp_queue_timer_delete(TIMER(timer), event));
}

/** RtlCancelTimer (TQ-038). */
BOOL WINAPI api_CancelTimerQueueTimer(HANDLE queue, HANDLE timer);
BOOL WINAPI api_CancelTimerQueueTimer(HANDLE queue, HANDLE timer)
{
    API_FORWARD(CancelTimerQueueTimer, queue, timer);
    return api_succeeded(tp_queue_timer_delete(TIMER(timer), NULL));
}

/** RtlCreateTimer, with the timer as the result (TQ-039). */
HANDLE WINAPI api_SetTimerQueueTimer(HANDLE queue, WAITORTIMERCALLBACK callback, PVOID context, DWORD due, DWORD period,
                                     BOOL prefer_io);
HANDLE WINAPI api_SetTimerQueueTimer(HANDLE queue, WAITORTIMERCALLBACK callback, PVOID context, DWORD due, DWORD period,
                                     BOOL prefer_io)
{
    API_FORWARD(SetTimerQueueTimer, queue, callback, context, due, period, prefer_io);
    struct tp_queue_timer *timer = NULL;
    /* prefer_io has had no effect since Windows Vista (TQ-040). */
    nt_status status = tp_queue_timer_create(QUEUE(queue), &timer, (tp_wait_or_timer_callback *)(void *)callback,
                                             context, due, period, 0);
    return api_succeeded(status) ? (HANDLE)timer : NULL;
}

/** RtlDeleteTimerQueueEx. */
BOOL WINAPI api_DeleteTimerQueueEx(HANDLE queue, HANDLE event);
BOOL WINAPI api_DeleteTimerQueueEx(HANDLE queue, HANDLE event)
{
    API_FORWARD(DeleteTimerQueueEx, queue, event);
    return api_succeeded(tp_timer_queue_delete(QUEUE(queue), event));
}

/** RtlDeleteTimerQueue. */
BOOL WINAPI api_DeleteTimerQueue(HANDLE queue);
BOOL WINAPI api_DeleteTimerQueue(HANDLE queue)
{
    API_FORWARD(DeleteTimerQueue, queue);
    return api_succeeded(tp_timer_queue_delete(QUEUE(queue), NULL));
}

/** RtlSetIoCompletionCallback, with a callback that gets a Win32 error; flags are not looked at (BIND-002). */
BOOL WINAPI api_BindIoCompletionCallback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback, ULONG flags);
BOOL WINAPI api_BindIoCompletionCallback(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE callback, ULONG flags)
{
    API_FORWARD(BindIoCompletionCallback, file, callback, flags);
    return api_succeeded(tp_bind_io(file, (tp_bound_io_callback *)(void *)callback, true));
}
