// SPDX-License-Identifier: MIT
/*
 * The legacy pool API over the same scheduler: work items, registered waits, timer queues (contract sections 15 to 17).
 * Flags are TP_EXECUTE_... and TP_TRANSFER_IMPERSONATION. Times are in milliseconds.
 */
#ifndef NTPOOL_TP_LEGACY_H
#define NTPOOL_TP_LEGACY_H

#include "tp/types.h"

struct tp_legacy_wait;
struct tp_timer_queue;
struct tp_queue_timer;

#define TP_INFINITE      0xFFFFFFFFu
#define TP_WAIT_FOR_DONE ((nt_handle)(intptr_t)-1) /* INVALID_HANDLE_VALUE as a completion event */

/** RtlQueueWorkItem / QueueUserWorkItem. NT_NO_MEMORY, or why the impersonation token cannot be had. */
nt_status tp_queue_work_item(tp_work_item *function, void *context, uint32_t flags);

/**
 * RtlRegisterWait / RegisterWaitForSingleObject. *wait is stored before the callback can run (WAITLEG-019). Fails with
 * what is wrong with the handle; a mutex raises as in tp_wait_set (WAITLEG-012).
 */
nt_status tp_legacy_wait_register(struct tp_legacy_wait **wait, nt_handle handle, tp_wait_or_timer_callback *callback,
                                  void *context, uint32_t milliseconds, uint32_t flags);
/**
 * RtlDeregisterWaitEx / UnregisterWaitEx. event NULL: does not wait; TP_WAIT_FOR_DONE: waits for the callbacks; else an
 * event to be set when all are over. NT_PENDING: a callback is outstanding, the wait is unregistered all the same.
 * NT_INVALID_HANDLE: not a registered wait.
 */
nt_status tp_legacy_wait_deregister(struct tp_legacy_wait *wait, nt_handle event);

/** RtlCreateTimerQueue. NT_NO_MEMORY. */
nt_status tp_timer_queue_create(struct tp_timer_queue **queue);
/**
 * RtlDeleteTimerQueueEx: deletes the timers and the queue; event as in tp_legacy_wait_deregister. NT_PENDING,
 * NT_INVALID_HANDLE.
 */
nt_status tp_timer_queue_delete(struct tp_timer_queue *queue, nt_handle event);
/** RtlCreateTimer. queue NULL: the process's own. NT_INVALID_HANDLE, NT_NO_MEMORY. */
nt_status tp_queue_timer_create(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                tp_wait_or_timer_callback *callback, void *context, uint32_t due, uint32_t period,
                                uint32_t flags);
/** RtlUpdateTimer. No effect, and success, on a one-shot that has expired (TQ-015). NT_INVALID_HANDLE. */
nt_status tp_queue_timer_update(struct tp_queue_timer *timer, uint32_t due, uint32_t period);
/** RtlDeleteTimer. event as above. NT_PENDING, NT_INVALID_PARAMETER for no timer (TQ-028). */
nt_status tp_queue_timer_delete(struct tp_queue_timer *timer, nt_handle event);

#endif
