// SPDX-License-Identifier: MIT
/*
 * Every exported name, once: ntpool.def is checked against this list, and a second copy of the DLL in a process looks
 * each of them up in the first (see second_copy.c).
 */
#ifndef NTPOOL_API_EXPORTS_H
#define NTPOOL_API_EXPORTS_H

/* clang-format off */
#define API_WIN32_EXPORTS(EXPORT) \
    EXPORT(BindIoCompletionCallback) \
    EXPORT(CallbackMayRunLong) \
    EXPORT(CancelThreadpoolIo) \
    EXPORT(CancelTimerQueueTimer) \
    EXPORT(ChangeTimerQueueTimer) \
    EXPORT(CloseThreadpool) \
    EXPORT(CloseThreadpoolCleanupGroup) \
    EXPORT(CloseThreadpoolCleanupGroupMembers) \
    EXPORT(CloseThreadpoolIo) \
    EXPORT(CloseThreadpoolTimer) \
    EXPORT(CloseThreadpoolWait) \
    EXPORT(CloseThreadpoolWork) \
    EXPORT(CreateThreadpool) \
    EXPORT(CreateThreadpoolCleanupGroup) \
    EXPORT(CreateThreadpoolIo) \
    EXPORT(CreateThreadpoolTimer) \
    EXPORT(CreateThreadpoolWait) \
    EXPORT(CreateThreadpoolWork) \
    EXPORT(CreateTimerQueue) \
    EXPORT(CreateTimerQueueTimer) \
    EXPORT(DeleteTimerQueue) \
    EXPORT(DeleteTimerQueueEx) \
    EXPORT(DeleteTimerQueueTimer) \
    EXPORT(DisassociateCurrentThreadFromCallback) \
    EXPORT(FreeLibraryWhenCallbackReturns) \
    EXPORT(IsThreadpoolTimerSet) \
    EXPORT(LeaveCriticalSectionWhenCallbackReturns) \
    EXPORT(QueryThreadpoolStackInformation) \
    EXPORT(QueueUserWorkItem) \
    EXPORT(RegisterWaitForSingleObject) \
    EXPORT(RegisterWaitForSingleObjectEx) \
    EXPORT(ReleaseMutexWhenCallbackReturns) \
    EXPORT(ReleaseSemaphoreWhenCallbackReturns) \
    EXPORT(SetEventWhenCallbackReturns) \
    EXPORT(SetThreadpoolStackInformation) \
    EXPORT(SetThreadpoolThreadMaximum) \
    EXPORT(SetThreadpoolThreadMinimum) \
    EXPORT(SetThreadpoolTimer) \
    EXPORT(SetThreadpoolTimerEx) \
    EXPORT(SetThreadpoolWait) \
    EXPORT(SetThreadpoolWaitEx) \
    EXPORT(SetTimerQueueTimer) \
    EXPORT(StartThreadpoolIo) \
    EXPORT(SubmitThreadpoolWork) \
    EXPORT(TrySubmitThreadpoolCallback) \
    EXPORT(UnregisterWait) \
    EXPORT(UnregisterWaitEx) \
    EXPORT(WaitForThreadpoolIoCallbacks) \
    EXPORT(WaitForThreadpoolTimerCallbacks) \
    EXPORT(WaitForThreadpoolWaitCallbacks) \
    EXPORT(WaitForThreadpoolWorkCallbacks)

#define API_NT_EXPORTS(EXPORT) \
    EXPORT(RtlCancelTimer) \
    EXPORT(RtlCreateTimer) \
    EXPORT(RtlCreateTimerQueue) \
    EXPORT(RtlDeleteTimer) \
    EXPORT(RtlDeleteTimerQueue) \
    EXPORT(RtlDeleteTimerQueueEx) \
    EXPORT(RtlDeregisterWait) \
    EXPORT(RtlDeregisterWaitEx) \
    EXPORT(RtlQueueWorkItem) \
    EXPORT(RtlRegisterWait) \
    EXPORT(RtlSetIoCompletionCallback) \
    EXPORT(RtlSetThreadPoolStartFunc) \
    EXPORT(RtlSetTimer) \
    EXPORT(RtlUpdateTimer) \
    EXPORT(TpAllocCleanupGroup) \
    EXPORT(TpAllocIoCompletion) \
    EXPORT(TpAllocPool) \
    EXPORT(TpAllocTimer) \
    EXPORT(TpAllocWait) \
    EXPORT(TpAllocWork) \
    EXPORT(TpCallbackLeaveCriticalSectionOnCompletion) \
    EXPORT(TpCallbackMayRunLong) \
    EXPORT(TpCallbackReleaseMutexOnCompletion) \
    EXPORT(TpCallbackReleaseSemaphoreOnCompletion) \
    EXPORT(TpCallbackSetEventOnCompletion) \
    EXPORT(TpCallbackUnloadDllOnCompletion) \
    EXPORT(TpCancelAsyncIoOperation) \
    EXPORT(TpDisassociateCallback) \
    EXPORT(TpIsTimerSet) \
    EXPORT(TpPostWork) \
    EXPORT(TpQueryPoolStackInformation) \
    EXPORT(TpReleaseCleanupGroup) \
    EXPORT(TpReleaseCleanupGroupMembers) \
    EXPORT(TpReleaseIoCompletion) \
    EXPORT(TpReleasePool) \
    EXPORT(TpReleaseTimer) \
    EXPORT(TpReleaseWait) \
    EXPORT(TpReleaseWork) \
    EXPORT(TpSetPoolMaxThreads) \
    EXPORT(TpSetPoolMinThreads) \
    EXPORT(TpSetPoolStackInformation) \
    EXPORT(TpSetTimer) \
    EXPORT(TpSetTimerEx) \
    EXPORT(TpSetWait) \
    EXPORT(TpSetWaitEx) \
    EXPORT(TpSimpleTryPost) \
    EXPORT(TpStartAsyncIoOperation) \
    EXPORT(TpWaitForIoCompletion) \
    EXPORT(TpWaitForTimer) \
    EXPORT(TpWaitForWait) \
    EXPORT(TpWaitForWork)

#define API_EXPORTS(EXPORT) API_WIN32_EXPORTS(EXPORT) API_NT_EXPORTS(EXPORT)
/* clang-format on */

enum api_export {
#define EXPORT(name) API_##name,
    API_EXPORTS(EXPORT)
#undef EXPORT
        API_COUNT
};

/* The first copy's functions when this DLL is not the first of its kind in the process; else all NULL. */
extern void *api_first_copy[API_COUNT];

/* First in each exported function. */
#define API_FORWARD(name, ...)                                                                                         \
    do {                                                                                                               \
        if (__builtin_expect(api_first_copy[API_##name] != 0, 0))                                                      \
            return ((__typeof__(&api_##name))api_first_copy[API_##name])(__VA_ARGS__);                                 \
    } while (0)

#endif
