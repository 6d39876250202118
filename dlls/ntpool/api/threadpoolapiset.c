// SPDX-License-Identifier: MIT
/*
 * threadpoolapiset.h: the Win32 names of the object API. What each promises is on its Windows page and in tp/; here a
 * status becomes a last error, and a failure NULL or FALSE.
 */
#include "api/api.h"
#include "tp/group.h"
#include "tp/instance.h"
#include "tp/io.h"
#include "tp/pool.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

#define POOL(pool)           ((struct tp_pool *)(pool))
#define GROUP(group)         ((struct tp_group *)(group))
#define WORK(work)           ((struct tp_work *)(work))
#define TIMER(timer)         ((struct tp_timer *)(timer))
#define WAIT(wait)           ((struct tp_wait *)(wait))
#define IO(io)               ((struct tp_io *)(io))
#define INSTANCE(instance)   ((struct tp_instance *)(instance))
#define ENVIRON(environment) ((const struct tp_environ *)(environment))

/** TpAllocPool. */
PTP_POOL WINAPI api_CreateThreadpool(PVOID reserved);
PTP_POOL WINAPI api_CreateThreadpool(PVOID reserved)
{
    API_FORWARD(CreateThreadpool, reserved);
    struct tp_pool *pool;
    return api_succeeded(tp_pool_create(&pool, reserved)) ? (PTP_POOL)pool : NULL;
}

/** TpReleasePool. */
void WINAPI api_CloseThreadpool(PTP_POOL pool);
void WINAPI api_CloseThreadpool(PTP_POOL pool)
{
    API_FORWARD(CloseThreadpool, pool);
    tp_pool_close(POOL(pool));
}

/** TpSetPoolMaxThreads. */
void WINAPI api_SetThreadpoolThreadMaximum(PTP_POOL pool, DWORD maximum);
void WINAPI api_SetThreadpoolThreadMaximum(PTP_POOL pool, DWORD maximum)
{
    API_FORWARD(SetThreadpoolThreadMaximum, pool, maximum);
    tp_pool_set_maximum(POOL(pool), maximum);
}

/** TpSetPoolMinThreads. */
BOOL WINAPI api_SetThreadpoolThreadMinimum(PTP_POOL pool, DWORD minimum);
BOOL WINAPI api_SetThreadpoolThreadMinimum(PTP_POOL pool, DWORD minimum)
{
    API_FORWARD(SetThreadpoolThreadMinimum, pool, minimum);
    return api_succeeded(tp_pool_set_minimum(POOL(pool), minimum));
}

/** TpSetPoolStackInformation. */
BOOL WINAPI api_SetThreadpoolStackInformation(PTP_POOL pool, PTP_POOL_STACK_INFORMATION information);
BOOL WINAPI api_SetThreadpoolStackInformation(PTP_POOL pool, PTP_POOL_STACK_INFORMATION information)
{
    API_FORWARD(SetThreadpoolStackInformation, pool, information);
    return api_succeeded(tp_pool_set_stack(POOL(pool), (struct tp_stack_information *)information));
}

/** TpQueryPoolStackInformation. */
BOOL WINAPI api_QueryThreadpoolStackInformation(PTP_POOL pool, PTP_POOL_STACK_INFORMATION information);
BOOL WINAPI api_QueryThreadpoolStackInformation(PTP_POOL pool, PTP_POOL_STACK_INFORMATION information)
{
    API_FORWARD(QueryThreadpoolStackInformation, pool, information);
    return api_succeeded(tp_pool_query_stack(POOL(pool), (struct tp_stack_information *)information));
}

/** TpAllocCleanupGroup. */
PTP_CLEANUP_GROUP WINAPI api_CreateThreadpoolCleanupGroup(void);
PTP_CLEANUP_GROUP WINAPI api_CreateThreadpoolCleanupGroup(void)
{
    API_FORWARD(CreateThreadpoolCleanupGroup);
    struct tp_group *group;
    return api_succeeded(tp_group_create(&group)) ? (PTP_CLEANUP_GROUP)group : NULL;
}

/** TpReleaseCleanupGroupMembers. */
void WINAPI api_CloseThreadpoolCleanupGroupMembers(PTP_CLEANUP_GROUP group, BOOL cancel, PVOID context);
void WINAPI api_CloseThreadpoolCleanupGroupMembers(PTP_CLEANUP_GROUP group, BOOL cancel, PVOID context)
{
    API_FORWARD(CloseThreadpoolCleanupGroupMembers, group, cancel, context);
    tp_group_close_members(GROUP(group), cancel, context);
}

/** TpReleaseCleanupGroup. */
void WINAPI api_CloseThreadpoolCleanupGroup(PTP_CLEANUP_GROUP group);
void WINAPI api_CloseThreadpoolCleanupGroup(PTP_CLEANUP_GROUP group)
{
    API_FORWARD(CloseThreadpoolCleanupGroup, group);
    tp_group_close(GROUP(group));
}

/** TpCallbackSetEventOnCompletion. */
void WINAPI api_SetEventWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE event);
void WINAPI api_SetEventWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE event)
{
    API_FORWARD(SetEventWhenCallbackReturns, instance, event);
    tp_instance_set_event(INSTANCE(instance), event);
}

/** TpCallbackReleaseSemaphoreOnCompletion. */
void WINAPI api_ReleaseSemaphoreWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE semaphore, DWORD count);
void WINAPI api_ReleaseSemaphoreWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE semaphore, DWORD count)
{
    API_FORWARD(ReleaseSemaphoreWhenCallbackReturns, instance, semaphore, count);
    tp_instance_release_semaphore(INSTANCE(instance), semaphore, count);
}

/** TpCallbackReleaseMutexOnCompletion. */
void WINAPI api_ReleaseMutexWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE mutex);
void WINAPI api_ReleaseMutexWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HANDLE mutex)
{
    API_FORWARD(ReleaseMutexWhenCallbackReturns, instance, mutex);
    tp_instance_release_mutex(INSTANCE(instance), mutex);
}

/** TpCallbackLeaveCriticalSectionOnCompletion. */
void WINAPI api_LeaveCriticalSectionWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, PCRITICAL_SECTION section);
void WINAPI api_LeaveCriticalSectionWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, PCRITICAL_SECTION section)
{
    API_FORWARD(LeaveCriticalSectionWhenCallbackReturns, instance, section);
    tp_instance_leave_critical_section(INSTANCE(instance), section);
}

/** TpCallbackUnloadDllOnCompletion. */
void WINAPI api_FreeLibraryWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HMODULE module);
void WINAPI api_FreeLibraryWhenCallbackReturns(PTP_CALLBACK_INSTANCE instance, HMODULE module)
{
    API_FORWARD(FreeLibraryWhenCallbackReturns, instance, module);
    tp_instance_unload_library(INSTANCE(instance), module);
}

/** TpCallbackMayRunLong. */
BOOL WINAPI api_CallbackMayRunLong(PTP_CALLBACK_INSTANCE instance);
BOOL WINAPI api_CallbackMayRunLong(PTP_CALLBACK_INSTANCE instance)
{
    API_FORWARD(CallbackMayRunLong, instance);
    return api_succeeded(tp_instance_may_run_long(INSTANCE(instance)));
}

/** TpDisassociateCallback. */
void WINAPI api_DisassociateCurrentThreadFromCallback(PTP_CALLBACK_INSTANCE instance);
void WINAPI api_DisassociateCurrentThreadFromCallback(PTP_CALLBACK_INSTANCE instance)
{
    API_FORWARD(DisassociateCurrentThreadFromCallback, instance);
    tp_instance_disassociate(INSTANCE(instance));
}

/** TpSimpleTryPost. */
BOOL WINAPI api_TrySubmitThreadpoolCallback(PTP_SIMPLE_CALLBACK callback, PVOID context,
                                            PTP_CALLBACK_ENVIRON environment);
BOOL WINAPI api_TrySubmitThreadpoolCallback(PTP_SIMPLE_CALLBACK callback, PVOID context,
                                            PTP_CALLBACK_ENVIRON environment)
{
    API_FORWARD(TrySubmitThreadpoolCallback, callback, context, environment);
    return api_succeeded(tp_simple_post((tp_simple_callback *)(void *)callback, context, ENVIRON(environment)));
}

/** TpAllocWork. */
PTP_WORK WINAPI api_CreateThreadpoolWork(PTP_WORK_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment);
PTP_WORK WINAPI api_CreateThreadpoolWork(PTP_WORK_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    API_FORWARD(CreateThreadpoolWork, callback, context, environment);
    struct tp_work *work;
    nt_status status = tp_work_create(&work, (tp_work_callback *)(void *)callback, context, ENVIRON(environment));
    return api_succeeded(status) ? (PTP_WORK)work : NULL;
}

/** TpPostWork. */
void WINAPI api_SubmitThreadpoolWork(PTP_WORK work);
void WINAPI api_SubmitThreadpoolWork(PTP_WORK work)
{
    API_FORWARD(SubmitThreadpoolWork, work);
    tp_work_post(WORK(work));
}

/** TpWaitForWork. */
void WINAPI api_WaitForThreadpoolWorkCallbacks(PTP_WORK work, BOOL cancel);
void WINAPI api_WaitForThreadpoolWorkCallbacks(PTP_WORK work, BOOL cancel)
{
    API_FORWARD(WaitForThreadpoolWorkCallbacks, work, cancel);
    tp_work_wait(WORK(work), cancel);
}

/** TpReleaseWork. */
void WINAPI api_CloseThreadpoolWork(PTP_WORK work);
void WINAPI api_CloseThreadpoolWork(PTP_WORK work)
{
    API_FORWARD(CloseThreadpoolWork, work);
    tp_work_close(WORK(work));
}

/** TpAllocTimer. */
PTP_TIMER WINAPI api_CreateThreadpoolTimer(PTP_TIMER_CALLBACK callback, PVOID context,
                                           PTP_CALLBACK_ENVIRON environment);
PTP_TIMER WINAPI api_CreateThreadpoolTimer(PTP_TIMER_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    API_FORWARD(CreateThreadpoolTimer, callback, context, environment);
    struct tp_timer *timer;
    nt_status status = tp_timer_create(&timer, (tp_timer_callback *)(void *)callback, context, ENVIRON(environment));
    return api_succeeded(status) ? (PTP_TIMER)timer : NULL;
}

/** TpSetTimer. */
void WINAPI api_SetThreadpoolTimer(PTP_TIMER timer, PFILETIME due, DWORD period, DWORD window);
void WINAPI api_SetThreadpoolTimer(PTP_TIMER timer, PFILETIME due, DWORD period, DWORD window)
{
    API_FORWARD(SetThreadpoolTimer, timer, due, period, window);
    tp_timer_set(TIMER(timer), due, period, window);
}

/** TpSetTimerEx. */
BOOL WINAPI api_SetThreadpoolTimerEx(PTP_TIMER timer, PFILETIME due, DWORD period, DWORD window);
BOOL WINAPI api_SetThreadpoolTimerEx(PTP_TIMER timer, PFILETIME due, DWORD period, DWORD window)
{
    API_FORWARD(SetThreadpoolTimerEx, timer, due, period, window);
    return tp_timer_set_ex(TIMER(timer), due, period, window);
}

/** TpIsTimerSet. */
BOOL WINAPI api_IsThreadpoolTimerSet(PTP_TIMER timer);
BOOL WINAPI api_IsThreadpoolTimerSet(PTP_TIMER timer)
{
    API_FORWARD(IsThreadpoolTimerSet, timer);
    return tp_timer_is_set(TIMER(timer));
}

/** TpWaitForTimer. */
void WINAPI api_WaitForThreadpoolTimerCallbacks(PTP_TIMER timer, BOOL cancel);
void WINAPI api_WaitForThreadpoolTimerCallbacks(PTP_TIMER timer, BOOL cancel)
{
    API_FORWARD(WaitForThreadpoolTimerCallbacks, timer, cancel);
    tp_timer_wait(TIMER(timer), cancel);
}

/** TpReleaseTimer. */
void WINAPI api_CloseThreadpoolTimer(PTP_TIMER timer);
void WINAPI api_CloseThreadpoolTimer(PTP_TIMER timer)
{
    API_FORWARD(CloseThreadpoolTimer, timer);
    tp_timer_close(TIMER(timer));
}

/** TpAllocWait. */
PTP_WAIT WINAPI api_CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment);
PTP_WAIT WINAPI api_CreateThreadpoolWait(PTP_WAIT_CALLBACK callback, PVOID context, PTP_CALLBACK_ENVIRON environment)
{
    API_FORWARD(CreateThreadpoolWait, callback, context, environment);
    struct tp_wait *wait;
    nt_status status = tp_wait_create(&wait, (tp_wait_callback *)(void *)callback, context, ENVIRON(environment));
    return api_succeeded(status) ? (PTP_WAIT)wait : NULL;
}

/** TpSetWait. */
void WINAPI api_SetThreadpoolWait(PTP_WAIT wait, HANDLE handle, PFILETIME timeout);
void WINAPI api_SetThreadpoolWait(PTP_WAIT wait, HANDLE handle, PFILETIME timeout)
{
    API_FORWARD(SetThreadpoolWait, wait, handle, timeout);
    tp_wait_set(WAIT(wait), handle, timeout);
}

/** TpSetWaitEx. */
BOOL WINAPI api_SetThreadpoolWaitEx(PTP_WAIT wait, HANDLE handle, PFILETIME timeout, PVOID reserved);
BOOL WINAPI api_SetThreadpoolWaitEx(PTP_WAIT wait, HANDLE handle, PFILETIME timeout, PVOID reserved)
{
    API_FORWARD(SetThreadpoolWaitEx, wait, handle, timeout, reserved);
    return tp_wait_set_ex(WAIT(wait), handle, timeout, reserved);
}

/** TpWaitForWait. */
void WINAPI api_WaitForThreadpoolWaitCallbacks(PTP_WAIT wait, BOOL cancel);
void WINAPI api_WaitForThreadpoolWaitCallbacks(PTP_WAIT wait, BOOL cancel)
{
    API_FORWARD(WaitForThreadpoolWaitCallbacks, wait, cancel);
    tp_wait_wait(WAIT(wait), cancel);
}

/** TpReleaseWait. */
void WINAPI api_CloseThreadpoolWait(PTP_WAIT wait);
void WINAPI api_CloseThreadpoolWait(PTP_WAIT wait)
{
    API_FORWARD(CloseThreadpoolWait, wait);
    tp_wait_close(WAIT(wait));
}

/** TpAllocIoCompletion, with a callback that gets a Win32 error. */
PTP_IO WINAPI api_CreateThreadpoolIo(HANDLE file, PTP_WIN32_IO_CALLBACK callback, PVOID context,
                                     PTP_CALLBACK_ENVIRON environment);
PTP_IO WINAPI api_CreateThreadpoolIo(HANDLE file, PTP_WIN32_IO_CALLBACK callback, PVOID context,
                                     PTP_CALLBACK_ENVIRON environment)
{
    API_FORWARD(CreateThreadpoolIo, file, callback, context, environment);
    struct tp_io *io;
    nt_status status =
        tp_io_create_win32(&io, file, (tp_win32_io_callback *)(void *)callback, context, ENVIRON(environment));
    return api_succeeded(status) ? (PTP_IO)io : NULL;
}

/** TpStartAsyncIoOperation. */
void WINAPI api_StartThreadpoolIo(PTP_IO io);
void WINAPI api_StartThreadpoolIo(PTP_IO io)
{
    API_FORWARD(StartThreadpoolIo, io);
    tp_io_start(IO(io));
}

/** TpCancelAsyncIoOperation. */
void WINAPI api_CancelThreadpoolIo(PTP_IO io);
void WINAPI api_CancelThreadpoolIo(PTP_IO io)
{
    API_FORWARD(CancelThreadpoolIo, io);
    tp_io_cancel(IO(io));
}

/** TpWaitForIoCompletion. */
void WINAPI api_WaitForThreadpoolIoCallbacks(PTP_IO io, BOOL cancel);
void WINAPI api_WaitForThreadpoolIoCallbacks(PTP_IO io, BOOL cancel)
{
    API_FORWARD(WaitForThreadpoolIoCallbacks, io, cancel);
    tp_io_wait(IO(io), cancel);
}

/** TpReleaseIoCompletion. */
void WINAPI api_CloseThreadpoolIo(PTP_IO io);
void WINAPI api_CloseThreadpoolIo(PTP_IO io)
{
    API_FORWARD(CloseThreadpoolIo, io);
    tp_io_close(IO(io));
}
