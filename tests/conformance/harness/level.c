// SPDX-License-Identifier: MIT
#include "level.h"

#include "suite.h"

#define FORWARD(returns, level, member, export, parameters, arguments)                                                 \
    static returns level##_##member parameters                                                                         \
    {                                                                                                                  \
        return api.export arguments;                                                                                   \
    }

DWORD why(void)
{
    return GetLastError();
}

static bool succeeded(NTSTATUS status)
{
    SetLastError((DWORD)status);
    return status >= 0;
}

static PTP_POOL win32_create_pool(void)
{
    return api.CreateThreadpool(NULL);
}

static PTP_POOL nt_create_pool(void)
{
    PTP_POOL pool = NULL;
    return succeeded(api.TpAllocPool(&pool, NULL)) ? pool : NULL;
}

static bool win32_pool_minimum(PTP_POOL pool, DWORD threads)
{
    return api.SetThreadpoolThreadMinimum(pool, threads);
}

static bool nt_pool_minimum(PTP_POOL pool, DWORD threads)
{
    return succeeded(api.TpSetPoolMinThreads(pool, threads));
}

static bool win32_pool_set_stack(PTP_POOL pool, TP_POOL_STACK_INFORMATION *stack)
{
    return api.SetThreadpoolStackInformation(pool, stack);
}

static bool nt_pool_set_stack(PTP_POOL pool, TP_POOL_STACK_INFORMATION *stack)
{
    return succeeded(api.TpSetPoolStackInformation(pool, stack));
}

static bool win32_pool_query_stack(PTP_POOL pool, TP_POOL_STACK_INFORMATION *stack)
{
    return api.QueryThreadpoolStackInformation(pool, stack);
}

static bool nt_pool_query_stack(PTP_POOL pool, TP_POOL_STACK_INFORMATION *stack)
{
    return succeeded(api.TpQueryPoolStackInformation(pool, stack));
}

static PTP_CLEANUP_GROUP win32_create_group(void)
{
    return api.CreateThreadpoolCleanupGroup();
}

static PTP_CLEANUP_GROUP nt_create_group(void)
{
    PTP_CLEANUP_GROUP group = NULL;
    return succeeded(api.TpAllocCleanupGroup(&group)) ? group : NULL;
}

static PTP_WORK win32_create_work(PTP_WORK_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    return api.CreateThreadpoolWork(callback, context, environment);
}

static PTP_WORK nt_create_work(PTP_WORK_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_WORK work = NULL;
    return succeeded(api.TpAllocWork(&work, callback, context, environment)) ? work : NULL;
}

static bool win32_try_submit(PTP_SIMPLE_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    return api.TrySubmitThreadpoolCallback(callback, context, environment);
}

static bool nt_try_submit(PTP_SIMPLE_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    return succeeded(api.TpSimpleTryPost(callback, context, environment));
}

static PTP_TIMER win32_create_timer(PTP_TIMER_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    return api.CreateThreadpoolTimer(callback, context, environment);
}

static PTP_TIMER nt_create_timer(PTP_TIMER_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_TIMER timer = NULL;
    return succeeded(api.TpAllocTimer(&timer, callback, context, environment)) ? timer : NULL;
}

static PTP_WAIT win32_create_wait(PTP_WAIT_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    return api.CreateThreadpoolWait(callback, context, environment);
}

static PTP_WAIT nt_create_wait(PTP_WAIT_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_WAIT wait = NULL;
    return succeeded(api.TpAllocWait(&wait, callback, context, environment)) ? wait : NULL;
}

static bool win32_may_run_long(PTP_CALLBACK_INSTANCE instance)
{
    return api.CallbackMayRunLong(instance);
}

static bool nt_may_run_long(PTP_CALLBACK_INSTANCE instance)
{
    return succeeded(api.TpCallbackMayRunLong(instance));
}

// FORWARDED(member, result, Win32 name, Tp name, parameters, arguments): the levels differ in nothing but the name.
#define FORWARDED(MEMBER)                                                                                              \
    MEMBER(close_pool, void, CloseThreadpool, TpReleasePool, (PTP_POOL a), (a))                                        \
    MEMBER(pool_maximum, void, SetThreadpoolThreadMaximum, TpSetPoolMaxThreads, (PTP_POOL a, DWORD b), (a, b))         \
    MEMBER(close_group, void, CloseThreadpoolCleanupGroup, TpReleaseCleanupGroup, (PTP_CLEANUP_GROUP a), (a))          \
    MEMBER(close_members, void, CloseThreadpoolCleanupGroupMembers, TpReleaseCleanupGroupMembers,                      \
           (PTP_CLEANUP_GROUP a, BOOL b, void *c), (a, b, c))                                                          \
    MEMBER(submit, void, SubmitThreadpoolWork, TpPostWork, (PTP_WORK a), (a))                                          \
    MEMBER(wait_for_work, void, WaitForThreadpoolWorkCallbacks, TpWaitForWork, (PTP_WORK a, BOOL b), (a, b))           \
    MEMBER(close_work, void, CloseThreadpoolWork, TpReleaseWork, (PTP_WORK a), (a))                                    \
    MEMBER(set_timer, void, SetThreadpoolTimer, TpSetTimer, (PTP_TIMER a, FILETIME * b, DWORD c, DWORD d),             \
           (a, b, c, d))                                                                                               \
    MEMBER(set_timer_ex, BOOL, SetThreadpoolTimerEx, TpSetTimerEx, (PTP_TIMER a, FILETIME * b, DWORD c, DWORD d),      \
           (a, b, c, d))                                                                                               \
    MEMBER(timer_is_set, BOOL, IsThreadpoolTimerSet, TpIsTimerSet, (PTP_TIMER a), (a))                                 \
    MEMBER(wait_for_timer, void, WaitForThreadpoolTimerCallbacks, TpWaitForTimer, (PTP_TIMER a, BOOL b), (a, b))       \
    MEMBER(close_timer, void, CloseThreadpoolTimer, TpReleaseTimer, (PTP_TIMER a), (a))                                \
    MEMBER(set_wait, void, SetThreadpoolWait, TpSetWait, (PTP_WAIT a, HANDLE b, FILETIME * c), (a, b, c))              \
    MEMBER(set_wait_ex, BOOL, SetThreadpoolWaitEx, TpSetWaitEx, (PTP_WAIT a, HANDLE b, FILETIME * c, void *d),         \
           (a, b, c, d))                                                                                               \
    MEMBER(wait_for_wait, void, WaitForThreadpoolWaitCallbacks, TpWaitForWait, (PTP_WAIT a, BOOL b), (a, b))           \
    MEMBER(close_wait, void, CloseThreadpoolWait, TpReleaseWait, (PTP_WAIT a), (a))                                    \
    MEMBER(start_io, void, StartThreadpoolIo, TpStartAsyncIoOperation, (PTP_IO a), (a))                                \
    MEMBER(cancel_io, void, CancelThreadpoolIo, TpCancelAsyncIoOperation, (PTP_IO a), (a))                             \
    MEMBER(wait_for_io, void, WaitForThreadpoolIoCallbacks, TpWaitForIoCompletion, (PTP_IO a, BOOL b), (a, b))         \
    MEMBER(close_io, void, CloseThreadpoolIo, TpReleaseIoCompletion, (PTP_IO a), (a))                                  \
    MEMBER(disassociate, void, DisassociateCurrentThreadFromCallback, TpDisassociateCallback,                          \
           (PTP_CALLBACK_INSTANCE a), (a))                                                                             \
    MEMBER(set_event_on_return, void, SetEventWhenCallbackReturns, TpCallbackSetEventOnCompletion,                     \
           (PTP_CALLBACK_INSTANCE a, HANDLE b), (a, b))                                                                \
    MEMBER(release_semaphore_on_return, void, ReleaseSemaphoreWhenCallbackReturns,                                     \
           TpCallbackReleaseSemaphoreOnCompletion, (PTP_CALLBACK_INSTANCE a, HANDLE b, DWORD c), (a, b, c))            \
    MEMBER(release_mutex_on_return, void, ReleaseMutexWhenCallbackReturns, TpCallbackReleaseMutexOnCompletion,         \
           (PTP_CALLBACK_INSTANCE a, HANDLE b), (a, b))                                                                \
    MEMBER(leave_section_on_return, void, LeaveCriticalSectionWhenCallbackReturns,                                     \
           TpCallbackLeaveCriticalSectionOnCompletion, (PTP_CALLBACK_INSTANCE a, CRITICAL_SECTION * b), (a, b))        \
    MEMBER(free_library_on_return, void, FreeLibraryWhenCallbackReturns, TpCallbackUnloadDllOnCompletion,              \
           (PTP_CALLBACK_INSTANCE a, HMODULE b), (a, b))

#define AT_WIN32(member, returns, win32_name, nt_name, parameters, arguments)                                          \
    FORWARD(returns, win32, member, win32_name, parameters, arguments)
#define AT_NT(member, returns, win32_name, nt_name, parameters, arguments)                                             \
    FORWARD(returns, nt, member, nt_name, parameters, arguments)
FORWARDED(AT_WIN32)
FORWARDED(AT_NT)

#define WIN32_MEMBER(member, ...) .member = win32_##member,
#define NT_MEMBER(member, ...)    .member = nt_##member,
#define TRANSLATED(MEMBER)                                                                                             \
    MEMBER(create_pool)                                                                                                \
    MEMBER(pool_minimum)                                                                                               \
    MEMBER(pool_set_stack)                                                                                             \
    MEMBER(pool_query_stack)                                                                                           \
    MEMBER(create_group)                                                                                               \
    MEMBER(create_work)                                                                                                \
    MEMBER(try_submit)                                                                                                 \
    MEMBER(create_timer)                                                                                               \
    MEMBER(create_wait)                                                                                                \
    MEMBER(may_run_long)

const struct level win32_level = {.name = "Win32", FORWARDED(WIN32_MEMBER) TRANSLATED(WIN32_MEMBER)};
const struct level nt_level = {.name = "NT", .native = true, FORWARDED(NT_MEMBER) TRANSLATED(NT_MEMBER)};

TP_CALLBACK_ENVIRON_V3 plain_environment(void)
{
    TP_CALLBACK_ENVIRON_V3 environment = {
        .Version = 3, .CallbackPriority = TP_CALLBACK_PRIORITY_NORMAL, .Size = sizeof environment};
    return environment;
}

TP_CALLBACK_ENVIRON_V3 environment_of(PTP_POOL pool)
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.Pool = pool;
    return environment;
}

TP_CALLBACK_ENVIRON_V3 environment_in(PTP_POOL pool, PTP_CLEANUP_GROUP group, PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancel)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    environment.CleanupGroup = group;
    environment.CleanupGroupCancelCallback = cancel;
    return environment;
}

PTP_POOL pool_of(const struct level *at, DWORD threads)
{
    PTP_POOL pool = at->create_pool();
    require(pool, "no pool could be created: error 0x%lx", why());
    at->pool_maximum(pool, threads);
    return pool;
}
