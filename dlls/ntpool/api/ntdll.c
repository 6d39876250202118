// SPDX-License-Identifier: MIT
/*
 * The names of ntdll that the Win32 ones of the object API stand on (contract section 19). A status is returned as it
 * is.
 */
#include "api/api.h"
#include "tp/group.h"
#include "tp/instance.h"
#include "tp/io.h"
#include "tp/pool.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

/** NT-001. */
nt_status NTAPI api_TpAllocPool(struct tp_pool **pool, void *reserved);
nt_status NTAPI api_TpAllocPool(struct tp_pool **pool, void *reserved)
{
    API_FORWARD(TpAllocPool, pool, reserved);
    return tp_pool_create(pool, reserved);
}

/** NT-002. */
void NTAPI api_TpReleasePool(struct tp_pool *pool);
void NTAPI api_TpReleasePool(struct tp_pool *pool)
{
    API_FORWARD(TpReleasePool, pool);
    tp_pool_close(pool);
}

/** NT-003. */
void NTAPI api_TpSetPoolMaxThreads(struct tp_pool *pool, ULONG maximum);
void NTAPI api_TpSetPoolMaxThreads(struct tp_pool *pool, ULONG maximum)
{
    API_FORWARD(TpSetPoolMaxThreads, pool, maximum);
    tp_pool_set_maximum(pool, maximum);
}

/** NT-004: NT_SUCCESS, where Wine returns TRUE. */
nt_status NTAPI api_TpSetPoolMinThreads(struct tp_pool *pool, ULONG minimum);
nt_status NTAPI api_TpSetPoolMinThreads(struct tp_pool *pool, ULONG minimum)
{
    API_FORWARD(TpSetPoolMinThreads, pool, minimum);
    return tp_pool_set_minimum(pool, minimum);
}

/** NT-005. */
nt_status NTAPI api_TpSetPoolStackInformation(struct tp_pool *pool, const struct tp_stack_information *information);
nt_status NTAPI api_TpSetPoolStackInformation(struct tp_pool *pool, const struct tp_stack_information *information)
{
    API_FORWARD(TpSetPoolStackInformation, pool, information);
    return tp_pool_set_stack(pool, information);
}

/** NT-005. */
nt_status NTAPI api_TpQueryPoolStackInformation(struct tp_pool *pool, struct tp_stack_information *information);
nt_status NTAPI api_TpQueryPoolStackInformation(struct tp_pool *pool, struct tp_stack_information *information)
{
    API_FORWARD(TpQueryPoolStackInformation, pool, information);
    return tp_pool_query_stack(pool, information);
}

/** NT-006. */
nt_status NTAPI api_TpAllocCleanupGroup(struct tp_group **group);
nt_status NTAPI api_TpAllocCleanupGroup(struct tp_group **group)
{
    API_FORWARD(TpAllocCleanupGroup, group);
    return tp_group_create(group);
}

/** NT-007. */
void NTAPI api_TpReleaseCleanupGroup(struct tp_group *group);
void NTAPI api_TpReleaseCleanupGroup(struct tp_group *group)
{
    API_FORWARD(TpReleaseCleanupGroup, group);
    tp_group_close(group);
}

/** NT-008. */
void NTAPI api_TpReleaseCleanupGroupMembers(struct tp_group *group, LONG cancel, void *context);
void NTAPI api_TpReleaseCleanupGroupMembers(struct tp_group *group, LONG cancel, void *context)
{
    API_FORWARD(TpReleaseCleanupGroupMembers, group, cancel, context);
    tp_group_close_members(group, cancel, context);
}

/** NT-009. */
void NTAPI api_TpCallbackSetEventOnCompletion(struct tp_instance *instance, HANDLE event);
void NTAPI api_TpCallbackSetEventOnCompletion(struct tp_instance *instance, HANDLE event)
{
    API_FORWARD(TpCallbackSetEventOnCompletion, instance, event);
    tp_instance_set_event(instance, event);
}

/** NT-010. */
void NTAPI api_TpCallbackReleaseSemaphoreOnCompletion(struct tp_instance *instance, HANDLE semaphore, ULONG count);
void NTAPI api_TpCallbackReleaseSemaphoreOnCompletion(struct tp_instance *instance, HANDLE semaphore, ULONG count)
{
    API_FORWARD(TpCallbackReleaseSemaphoreOnCompletion, instance, semaphore, count);
    tp_instance_release_semaphore(instance, semaphore, count);
}

/** NT-011. */
void NTAPI api_TpCallbackReleaseMutexOnCompletion(struct tp_instance *instance, HANDLE mutex);
void NTAPI api_TpCallbackReleaseMutexOnCompletion(struct tp_instance *instance, HANDLE mutex)
{
    API_FORWARD(TpCallbackReleaseMutexOnCompletion, instance, mutex);
    tp_instance_release_mutex(instance, mutex);
}

/** NT-012. */
void NTAPI api_TpCallbackLeaveCriticalSectionOnCompletion(struct tp_instance *instance, RTL_CRITICAL_SECTION *section);
void NTAPI api_TpCallbackLeaveCriticalSectionOnCompletion(struct tp_instance *instance, RTL_CRITICAL_SECTION *section)
{
    API_FORWARD(TpCallbackLeaveCriticalSectionOnCompletion, instance, section);
    tp_instance_leave_critical_section(instance, section);
}

/** NT-013. */
void NTAPI api_TpCallbackUnloadDllOnCompletion(struct tp_instance *instance, HMODULE module);
void NTAPI api_TpCallbackUnloadDllOnCompletion(struct tp_instance *instance, HMODULE module)
{
    API_FORWARD(TpCallbackUnloadDllOnCompletion, instance, module);
    tp_instance_unload_library(instance, module);
}

/** NT-014. */
nt_status NTAPI api_TpCallbackMayRunLong(struct tp_instance *instance);
nt_status NTAPI api_TpCallbackMayRunLong(struct tp_instance *instance)
{
    API_FORWARD(TpCallbackMayRunLong, instance);
    return tp_instance_may_run_long(instance);
}

/** NT-015. */
void NTAPI api_TpDisassociateCallback(struct tp_instance *instance);
void NTAPI api_TpDisassociateCallback(struct tp_instance *instance)
{
    API_FORWARD(TpDisassociateCallback, instance);
    tp_instance_disassociate(instance);
}

/** NT-016. */
nt_status NTAPI api_TpSimpleTryPost(tp_simple_callback *callback, void *context, const struct tp_environ *environment);
nt_status NTAPI api_TpSimpleTryPost(tp_simple_callback *callback, void *context, const struct tp_environ *environment)
{
    API_FORWARD(TpSimpleTryPost, callback, context, environment);
    return tp_simple_post(callback, context, environment);
}

/** NT-017. */
nt_status NTAPI api_TpAllocWork(struct tp_work **work, tp_work_callback *callback, void *context,
                                const struct tp_environ *environment);
nt_status NTAPI api_TpAllocWork(struct tp_work **work, tp_work_callback *callback, void *context,
                                const struct tp_environ *environment)
{
    API_FORWARD(TpAllocWork, work, callback, context, environment);
    return tp_work_create(work, callback, context, environment);
}

/** NT-017. */
void NTAPI api_TpReleaseWork(struct tp_work *work);
void NTAPI api_TpReleaseWork(struct tp_work *work)
{
    API_FORWARD(TpReleaseWork, work);
    tp_work_close(work);
}

/** NT-017. */
void NTAPI api_TpPostWork(struct tp_work *work);
void NTAPI api_TpPostWork(struct tp_work *work)
{
    API_FORWARD(TpPostWork, work);
    tp_work_post(work);
}

/** NT-017. */
void NTAPI api_TpWaitForWork(struct tp_work *work, LONG cancel);
void NTAPI api_TpWaitForWork(struct tp_work *work, LONG cancel)
{
    API_FORWARD(TpWaitForWork, work, cancel);
    tp_work_wait(work, cancel);
}

/** NT-018. */
nt_status NTAPI api_TpAllocTimer(struct tp_timer **timer, tp_timer_callback *callback, void *context,
                                 const struct tp_environ *environment);
nt_status NTAPI api_TpAllocTimer(struct tp_timer **timer, tp_timer_callback *callback, void *context,
                                 const struct tp_environ *environment)
{
    API_FORWARD(TpAllocTimer, timer, callback, context, environment);
    return tp_timer_create(timer, callback, context, environment);
}

/** NT-018. */
void NTAPI api_TpReleaseTimer(struct tp_timer *timer);
void NTAPI api_TpReleaseTimer(struct tp_timer *timer)
{
    API_FORWARD(TpReleaseTimer, timer);
    tp_timer_close(timer);
}

/** NT-018. */
void NTAPI api_TpSetTimer(struct tp_timer *timer, const LARGE_INTEGER *due, LONG period, LONG window);
void NTAPI api_TpSetTimer(struct tp_timer *timer, const LARGE_INTEGER *due, LONG period, LONG window)
{
    API_FORWARD(TpSetTimer, timer, due, period, window);
    tp_timer_set(timer, due, (uint32_t)period, (uint32_t)window);
}

/** NT-019: 1 when the timer was set and is withdrawn, else 0. */
LONG NTAPI api_TpSetTimerEx(struct tp_timer *timer, const LARGE_INTEGER *due, LONG period, LONG window);
LONG NTAPI api_TpSetTimerEx(struct tp_timer *timer, const LARGE_INTEGER *due, LONG period, LONG window)
{
    API_FORWARD(TpSetTimerEx, timer, due, period, window);
    return tp_timer_set_ex(timer, due, (uint32_t)period, (uint32_t)window);
}

/** NT-018. */
LONG NTAPI api_TpIsTimerSet(struct tp_timer *timer);
LONG NTAPI api_TpIsTimerSet(struct tp_timer *timer)
{
    API_FORWARD(TpIsTimerSet, timer);
    return tp_timer_is_set(timer);
}

/** NT-018. */
void NTAPI api_TpWaitForTimer(struct tp_timer *timer, LONG cancel);
void NTAPI api_TpWaitForTimer(struct tp_timer *timer, LONG cancel)
{
    API_FORWARD(TpWaitForTimer, timer, cancel);
    tp_timer_wait(timer, cancel);
}

/** NT-020. */
nt_status NTAPI api_TpAllocWait(struct tp_wait **wait, tp_wait_callback *callback, void *context,
                                const struct tp_environ *environment);
nt_status NTAPI api_TpAllocWait(struct tp_wait **wait, tp_wait_callback *callback, void *context,
                                const struct tp_environ *environment)
{
    API_FORWARD(TpAllocWait, wait, callback, context, environment);
    return tp_wait_create(wait, callback, context, environment);
}

/** NT-020. */
void NTAPI api_TpReleaseWait(struct tp_wait *wait);
void NTAPI api_TpReleaseWait(struct tp_wait *wait)
{
    API_FORWARD(TpReleaseWait, wait);
    tp_wait_close(wait);
}

/** NT-020. */
void NTAPI api_TpSetWait(struct tp_wait *wait, HANDLE handle, const LARGE_INTEGER *timeout);
void NTAPI api_TpSetWait(struct tp_wait *wait, HANDLE handle, const LARGE_INTEGER *timeout)
{
    API_FORWARD(TpSetWait, wait, handle, timeout);
    tp_wait_set(wait, handle, timeout);
}

/** NT-019: 1 when the wait was set and is cancelled, else 0. */
LONG NTAPI api_TpSetWaitEx(struct tp_wait *wait, HANDLE handle, const LARGE_INTEGER *timeout, void *reserved);
LONG NTAPI api_TpSetWaitEx(struct tp_wait *wait, HANDLE handle, const LARGE_INTEGER *timeout, void *reserved)
{
    API_FORWARD(TpSetWaitEx, wait, handle, timeout, reserved);
    return tp_wait_set_ex(wait, handle, timeout, reserved);
}

/** NT-020. */
void NTAPI api_TpWaitForWait(struct tp_wait *wait, LONG cancel);
void NTAPI api_TpWaitForWait(struct tp_wait *wait, LONG cancel)
{
    API_FORWARD(TpWaitForWait, wait, cancel);
    tp_wait_wait(wait, cancel);
}

/** NT-021. */
nt_status NTAPI api_TpAllocIoCompletion(struct tp_io **io, HANDLE file, tp_io_callback *callback, void *context,
                                        const struct tp_environ *environment);
nt_status NTAPI api_TpAllocIoCompletion(struct tp_io **io, HANDLE file, tp_io_callback *callback, void *context,
                                        const struct tp_environ *environment)
{
    API_FORWARD(TpAllocIoCompletion, io, file, callback, context, environment);
    return tp_io_create(io, file, callback, context, environment);
}

/** NT-021. */
void NTAPI api_TpReleaseIoCompletion(struct tp_io *io);
void NTAPI api_TpReleaseIoCompletion(struct tp_io *io)
{
    API_FORWARD(TpReleaseIoCompletion, io);
    tp_io_close(io);
}

/** NT-021. */
void NTAPI api_TpStartAsyncIoOperation(struct tp_io *io);
void NTAPI api_TpStartAsyncIoOperation(struct tp_io *io)
{
    API_FORWARD(TpStartAsyncIoOperation, io);
    tp_io_start(io);
}

/** NT-021. */
void NTAPI api_TpCancelAsyncIoOperation(struct tp_io *io);
void NTAPI api_TpCancelAsyncIoOperation(struct tp_io *io)
{
    API_FORWARD(TpCancelAsyncIoOperation, io);
    tp_io_cancel(io);
}

/** NT-021. */
void NTAPI api_TpWaitForIoCompletion(struct tp_io *io, LONG cancel);
void NTAPI api_TpWaitForIoCompletion(struct tp_io *io, LONG cancel)
{
    API_FORWARD(TpWaitForIoCompletion, io, cancel);
    tp_io_wait(io, cancel);
}
