// SPDX-License-Identifier: MIT
/*
 * The names of ntdll that the legacy Win32 ones stand on (contract section 19). A status is returned as it is.
 */
#include "api/api.h"
#include "tp/io.h"
#include "tp/legacy.h"

/** NT-025. */
nt_status NTAPI api_RtlQueueWorkItem(tp_work_item *function, void *context, ULONG flags);
nt_status NTAPI api_RtlQueueWorkItem(tp_work_item *function, void *context, ULONG flags)
{
    API_FORWARD(RtlQueueWorkItem, function, context, flags);
    return tp_queue_work_item(function, context, flags);
}

/** NT-026. */
nt_status NTAPI api_RtlRegisterWait(struct tp_legacy_wait **wait, HANDLE object, tp_wait_or_timer_callback *callback,
                                    void *context, ULONG milliseconds, ULONG flags);
nt_status NTAPI api_RtlRegisterWait(struct tp_legacy_wait **wait, HANDLE object, tp_wait_or_timer_callback *callback,
                                    void *context, ULONG milliseconds, ULONG flags)
{
    API_FORWARD(RtlRegisterWait, wait, object, callback, context, milliseconds, flags);
    return tp_legacy_wait_register(wait, object, callback, context, milliseconds, flags);
}

/** NT-028. */
nt_status NTAPI api_RtlDeregisterWait(struct tp_legacy_wait *wait);
nt_status NTAPI api_RtlDeregisterWait(struct tp_legacy_wait *wait)
{
    API_FORWARD(RtlDeregisterWait, wait);
    return tp_legacy_wait_deregister(wait, NULL);
}

/** NT-027. */
nt_status NTAPI api_RtlDeregisterWaitEx(struct tp_legacy_wait *wait, HANDLE event);
nt_status NTAPI api_RtlDeregisterWaitEx(struct tp_legacy_wait *wait, HANDLE event)
{
    API_FORWARD(RtlDeregisterWaitEx, wait, event);
    return tp_legacy_wait_deregister(wait, event);
}

/** NT-029. */
nt_status NTAPI api_RtlCreateTimerQueue(struct tp_timer_queue **queue);
nt_status NTAPI api_RtlCreateTimerQueue(struct tp_timer_queue **queue)
{
    API_FORWARD(RtlCreateTimerQueue, queue);
    return tp_timer_queue_create(queue);
}

/** NT-030. */
nt_status NTAPI api_RtlCreateTimer(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                   tp_wait_or_timer_callback *callback, void *context, ULONG due, ULONG period,
                                   ULONG flags);
nt_status NTAPI api_RtlCreateTimer(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                   tp_wait_or_timer_callback *callback, void *context, ULONG due, ULONG period,
                                   ULONG flags)
{
    API_FORWARD(RtlCreateTimer, queue, timer, callback, context, due, period, flags);
    return tp_queue_timer_create(queue, timer, callback, context, due, period, flags);
}

/** NT-031: another name of RtlCreateTimer. */
nt_status NTAPI api_RtlSetTimer(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                tp_wait_or_timer_callback *callback, void *context, ULONG due, ULONG period,
                                ULONG flags);
nt_status NTAPI api_RtlSetTimer(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                tp_wait_or_timer_callback *callback, void *context, ULONG due, ULONG period,
                                ULONG flags)
{
    API_FORWARD(RtlSetTimer, queue, timer, callback, context, due, period, flags);
    return tp_queue_timer_create(queue, timer, callback, context, due, period, flags);
}

/** NT-032. */
nt_status NTAPI api_RtlUpdateTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer, ULONG due, ULONG period);
nt_status NTAPI api_RtlUpdateTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer, ULONG due, ULONG period)
{
    API_FORWARD(RtlUpdateTimer, queue, timer, due, period);
    return tp_queue_timer_update(timer, due, period);
}

/** NT-033. */
nt_status NTAPI api_RtlDeleteTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer, HANDLE event);
nt_status NTAPI api_RtlDeleteTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer, HANDLE event)
{
    API_FORWARD(RtlDeleteTimer, queue, timer, event);
    return tp_queue_timer_delete(timer, event);
}

/** NT-035. */
nt_status NTAPI api_RtlCancelTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer);
nt_status NTAPI api_RtlCancelTimer(struct tp_timer_queue *queue, struct tp_queue_timer *timer)
{
    API_FORWARD(RtlCancelTimer, queue, timer);
    return tp_queue_timer_delete(timer, NULL);
}

/** NT-034. */
nt_status NTAPI api_RtlDeleteTimerQueueEx(struct tp_timer_queue *queue, HANDLE event);
nt_status NTAPI api_RtlDeleteTimerQueueEx(struct tp_timer_queue *queue, HANDLE event)
{
    API_FORWARD(RtlDeleteTimerQueueEx, queue, event);
    return tp_timer_queue_delete(queue, event);
}

/** NT-034. */
nt_status NTAPI api_RtlDeleteTimerQueue(struct tp_timer_queue *queue);
nt_status NTAPI api_RtlDeleteTimerQueue(struct tp_timer_queue *queue)
{
    API_FORWARD(RtlDeleteTimerQueue, queue);
    return tp_timer_queue_delete(queue, NULL);
}

/** NT-036: the callback gets the status as it is; flags are not looked at. */
nt_status NTAPI api_RtlSetIoCompletionCallback(HANDLE file, tp_bound_io_callback *callback, ULONG flags);
nt_status NTAPI api_RtlSetIoCompletionCallback(HANDLE file, tp_bound_io_callback *callback, ULONG flags)
{
    API_FORWARD(RtlSetIoCompletionCallback, file, callback, flags);
    return tp_bind_io(file, callback, false);
}

/** NT-037: ntpool starts its threads itself, so there is nothing that these could be used for: NT_NOT_SUPPORTED. */
nt_status NTAPI api_RtlSetThreadPoolStartFunc(void *start, void *end);
nt_status NTAPI api_RtlSetThreadPoolStartFunc(void *start, void *end)
{
    API_FORWARD(RtlSetThreadPoolStartFunc, start, end);
    return NT_NOT_SUPPORTED;
}
