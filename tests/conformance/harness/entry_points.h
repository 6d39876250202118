// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_ENTRY_POINTS_H
#define CONFORMANCE_ENTRY_POINTS_H

#include <windows.h>
#include <winternl.h>
#include <stdbool.h>

// The NT-level I/O callback reports a raw status block where the Win32 one reports an error code.
typedef void(NTAPI *nt_io_callback)(PTP_CALLBACK_INSTANCE, void *context, void *apc_context, IO_STATUS_BLOCK *, PTP_IO);
// The routine of RtlSetIoCompletionCallback.
typedef void(NTAPI *nt_completion_routine)(DWORD status, DWORD bytes, LPOVERLAPPED);

// Every entry point of the thread pool API: ENTRY(result, name, parameters).
// The 51 names that kernel32 exports.
#define WIN32_ENTRY_POINTS(ENTRY)                                                                                      \
    ENTRY(BOOL, BindIoCompletionCallback, (HANDLE, LPOVERLAPPED_COMPLETION_ROUTINE, ULONG))                            \
    ENTRY(BOOL, CallbackMayRunLong, (PTP_CALLBACK_INSTANCE))                                                           \
    ENTRY(void, CancelThreadpoolIo, (PTP_IO))                                                                          \
    ENTRY(BOOL, CancelTimerQueueTimer, (HANDLE, HANDLE))                                                               \
    ENTRY(BOOL, ChangeTimerQueueTimer, (HANDLE, HANDLE, ULONG, ULONG))                                                 \
    ENTRY(void, CloseThreadpool, (PTP_POOL))                                                                           \
    ENTRY(void, CloseThreadpoolCleanupGroup, (PTP_CLEANUP_GROUP))                                                      \
    ENTRY(void, CloseThreadpoolCleanupGroupMembers, (PTP_CLEANUP_GROUP, BOOL, void *))                                 \
    ENTRY(void, CloseThreadpoolIo, (PTP_IO))                                                                           \
    ENTRY(void, CloseThreadpoolTimer, (PTP_TIMER))                                                                     \
    ENTRY(void, CloseThreadpoolWait, (PTP_WAIT))                                                                       \
    ENTRY(void, CloseThreadpoolWork, (PTP_WORK))                                                                       \
    ENTRY(PTP_POOL, CreateThreadpool, (void *))                                                                        \
    ENTRY(PTP_CLEANUP_GROUP, CreateThreadpoolCleanupGroup, (void))                                                     \
    ENTRY(PTP_IO, CreateThreadpoolIo, (HANDLE, PTP_WIN32_IO_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                   \
    ENTRY(PTP_TIMER, CreateThreadpoolTimer, (PTP_TIMER_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                        \
    ENTRY(PTP_WAIT, CreateThreadpoolWait, (PTP_WAIT_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                           \
    ENTRY(PTP_WORK, CreateThreadpoolWork, (PTP_WORK_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                           \
    ENTRY(HANDLE, CreateTimerQueue, (void))                                                                            \
    ENTRY(BOOL, CreateTimerQueueTimer, (HANDLE *, HANDLE, WAITORTIMERCALLBACK, void *, DWORD, DWORD, ULONG))           \
    ENTRY(BOOL, DeleteTimerQueue, (HANDLE))                                                                            \
    ENTRY(BOOL, DeleteTimerQueueEx, (HANDLE, HANDLE))                                                                  \
    ENTRY(BOOL, DeleteTimerQueueTimer, (HANDLE, HANDLE, HANDLE))                                                       \
    ENTRY(void, DisassociateCurrentThreadFromCallback, (PTP_CALLBACK_INSTANCE))                                        \
    ENTRY(void, FreeLibraryWhenCallbackReturns, (PTP_CALLBACK_INSTANCE, HMODULE))                                      \
    ENTRY(BOOL, IsThreadpoolTimerSet, (PTP_TIMER))                                                                     \
    ENTRY(void, LeaveCriticalSectionWhenCallbackReturns, (PTP_CALLBACK_INSTANCE, CRITICAL_SECTION *))                  \
    ENTRY(BOOL, QueryThreadpoolStackInformation, (PTP_POOL, TP_POOL_STACK_INFORMATION *))                              \
    ENTRY(BOOL, QueueUserWorkItem, (LPTHREAD_START_ROUTINE, void *, ULONG))                                            \
    ENTRY(BOOL, RegisterWaitForSingleObject, (HANDLE *, HANDLE, WAITORTIMERCALLBACK, void *, ULONG, ULONG))            \
    ENTRY(HANDLE, RegisterWaitForSingleObjectEx, (HANDLE, WAITORTIMERCALLBACK, void *, ULONG, ULONG))                  \
    ENTRY(void, ReleaseMutexWhenCallbackReturns, (PTP_CALLBACK_INSTANCE, HANDLE))                                      \
    ENTRY(void, ReleaseSemaphoreWhenCallbackReturns, (PTP_CALLBACK_INSTANCE, HANDLE, DWORD))                           \
    ENTRY(void, SetEventWhenCallbackReturns, (PTP_CALLBACK_INSTANCE, HANDLE))                                          \
    ENTRY(BOOL, SetThreadpoolStackInformation, (PTP_POOL, TP_POOL_STACK_INFORMATION *))                                \
    ENTRY(void, SetThreadpoolThreadMaximum, (PTP_POOL, DWORD))                                                         \
    ENTRY(BOOL, SetThreadpoolThreadMinimum, (PTP_POOL, DWORD))                                                         \
    ENTRY(void, SetThreadpoolTimer, (PTP_TIMER, FILETIME *, DWORD, DWORD))                                             \
    ENTRY(BOOL, SetThreadpoolTimerEx, (PTP_TIMER, FILETIME *, DWORD, DWORD))                                           \
    ENTRY(void, SetThreadpoolWait, (PTP_WAIT, HANDLE, FILETIME *))                                                     \
    ENTRY(BOOL, SetThreadpoolWaitEx, (PTP_WAIT, HANDLE, FILETIME *, void *))                                           \
    ENTRY(HANDLE, SetTimerQueueTimer, (HANDLE, WAITORTIMERCALLBACK, void *, DWORD, DWORD, BOOL))                       \
    ENTRY(void, StartThreadpoolIo, (PTP_IO))                                                                           \
    ENTRY(void, SubmitThreadpoolWork, (PTP_WORK))                                                                      \
    ENTRY(BOOL, TrySubmitThreadpoolCallback, (PTP_SIMPLE_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                      \
    ENTRY(BOOL, UnregisterWait, (HANDLE))                                                                              \
    ENTRY(BOOL, UnregisterWaitEx, (HANDLE, HANDLE))                                                                    \
    ENTRY(void, WaitForThreadpoolIoCallbacks, (PTP_IO, BOOL))                                                          \
    ENTRY(void, WaitForThreadpoolTimerCallbacks, (PTP_TIMER, BOOL))                                                    \
    ENTRY(void, WaitForThreadpoolWaitCallbacks, (PTP_WAIT, BOOL))                                                      \
    ENTRY(void, WaitForThreadpoolWorkCallbacks, (PTP_WORK, BOOL))

// The 37 Tp names that ntdll exports, one for each function of the object API.
#define TP_ENTRY_POINTS(ENTRY)                                                                                         \
    ENTRY(NTSTATUS, TpAllocCleanupGroup, (PTP_CLEANUP_GROUP *))                                                        \
    ENTRY(NTSTATUS, TpAllocIoCompletion, (PTP_IO *, HANDLE, nt_io_callback, void *, PTP_CALLBACK_ENVIRON))             \
    ENTRY(NTSTATUS, TpAllocPool, (PTP_POOL *, void *))                                                                 \
    ENTRY(NTSTATUS, TpAllocTimer, (PTP_TIMER *, PTP_TIMER_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                     \
    ENTRY(NTSTATUS, TpAllocWait, (PTP_WAIT *, PTP_WAIT_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                        \
    ENTRY(NTSTATUS, TpAllocWork, (PTP_WORK *, PTP_WORK_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                        \
    ENTRY(void, TpCallbackLeaveCriticalSectionOnCompletion, (PTP_CALLBACK_INSTANCE, CRITICAL_SECTION *))               \
    ENTRY(NTSTATUS, TpCallbackMayRunLong, (PTP_CALLBACK_INSTANCE))                                                     \
    ENTRY(void, TpCallbackReleaseMutexOnCompletion, (PTP_CALLBACK_INSTANCE, HANDLE))                                   \
    ENTRY(void, TpCallbackReleaseSemaphoreOnCompletion, (PTP_CALLBACK_INSTANCE, HANDLE, DWORD))                        \
    ENTRY(void, TpCallbackSetEventOnCompletion, (PTP_CALLBACK_INSTANCE, HANDLE))                                       \
    ENTRY(void, TpCallbackUnloadDllOnCompletion, (PTP_CALLBACK_INSTANCE, HMODULE))                                     \
    ENTRY(void, TpCancelAsyncIoOperation, (PTP_IO))                                                                    \
    ENTRY(void, TpDisassociateCallback, (PTP_CALLBACK_INSTANCE))                                                       \
    ENTRY(BOOL, TpIsTimerSet, (PTP_TIMER))                                                                             \
    ENTRY(void, TpPostWork, (PTP_WORK))                                                                                \
    ENTRY(NTSTATUS, TpQueryPoolStackInformation, (PTP_POOL, TP_POOL_STACK_INFORMATION *))                              \
    ENTRY(void, TpReleaseCleanupGroup, (PTP_CLEANUP_GROUP))                                                            \
    ENTRY(void, TpReleaseCleanupGroupMembers, (PTP_CLEANUP_GROUP, BOOL, void *))                                       \
    ENTRY(void, TpReleaseIoCompletion, (PTP_IO))                                                                       \
    ENTRY(void, TpReleasePool, (PTP_POOL))                                                                             \
    ENTRY(void, TpReleaseTimer, (PTP_TIMER))                                                                           \
    ENTRY(void, TpReleaseWait, (PTP_WAIT))                                                                             \
    ENTRY(void, TpReleaseWork, (PTP_WORK))                                                                             \
    ENTRY(void, TpSetPoolMaxThreads, (PTP_POOL, DWORD))                                                                \
    ENTRY(NTSTATUS, TpSetPoolMinThreads, (PTP_POOL, DWORD))                                                            \
    ENTRY(NTSTATUS, TpSetPoolStackInformation, (PTP_POOL, TP_POOL_STACK_INFORMATION *))                                \
    ENTRY(void, TpSetTimer, (PTP_TIMER, FILETIME *, DWORD, DWORD))                                                     \
    ENTRY(BOOL, TpSetTimerEx, (PTP_TIMER, FILETIME *, DWORD, DWORD))                                                   \
    ENTRY(void, TpSetWait, (PTP_WAIT, HANDLE, FILETIME *))                                                             \
    ENTRY(BOOL, TpSetWaitEx, (PTP_WAIT, HANDLE, FILETIME *, void *))                                                   \
    ENTRY(NTSTATUS, TpSimpleTryPost, (PTP_SIMPLE_CALLBACK, void *, PTP_CALLBACK_ENVIRON))                              \
    ENTRY(void, TpStartAsyncIoOperation, (PTP_IO))                                                                     \
    ENTRY(void, TpWaitForIoCompletion, (PTP_IO, BOOL))                                                                 \
    ENTRY(void, TpWaitForTimer, (PTP_TIMER, BOOL))                                                                     \
    ENTRY(void, TpWaitForWait, (PTP_WAIT, BOOL))                                                                       \
    ENTRY(void, TpWaitForWork, (PTP_WORK, BOOL))

// The 14 Rtl names that ntdll exports for the legacy API.
#define RTL_ENTRY_POINTS(ENTRY)                                                                                        \
    ENTRY(NTSTATUS, RtlCancelTimer, (HANDLE, HANDLE))                                                                  \
    ENTRY(NTSTATUS, RtlCreateTimer, (HANDLE, HANDLE *, WAITORTIMERCALLBACK, void *, ULONG, ULONG, ULONG))              \
    ENTRY(NTSTATUS, RtlCreateTimerQueue, (HANDLE *))                                                                   \
    ENTRY(NTSTATUS, RtlDeleteTimer, (HANDLE, HANDLE, HANDLE))                                                          \
    ENTRY(NTSTATUS, RtlDeleteTimerQueue, (HANDLE))                                                                     \
    ENTRY(NTSTATUS, RtlDeleteTimerQueueEx, (HANDLE, HANDLE))                                                           \
    ENTRY(NTSTATUS, RtlDeregisterWait, (HANDLE))                                                                       \
    ENTRY(NTSTATUS, RtlDeregisterWaitEx, (HANDLE, HANDLE))                                                             \
    ENTRY(NTSTATUS, RtlQueueWorkItem, (LPTHREAD_START_ROUTINE, void *, ULONG))                                         \
    ENTRY(NTSTATUS, RtlRegisterWait, (HANDLE *, HANDLE, WAITORTIMERCALLBACK, void *, ULONG, ULONG))                    \
    ENTRY(NTSTATUS, RtlSetIoCompletionCallback, (HANDLE, nt_completion_routine, ULONG))                                \
    ENTRY(NTSTATUS, RtlSetThreadPoolStartFunc, (void *, void *))                                                       \
    ENTRY(NTSTATUS, RtlSetTimer, (HANDLE, HANDLE *, WAITORTIMERCALLBACK, void *, ULONG, ULONG, ULONG))                 \
    ENTRY(NTSTATUS, RtlUpdateTimer, (HANDLE, HANDLE, ULONG, ULONG))

#define NT_ENTRY_POINTS(ENTRY)                                                                                         \
    TP_ENTRY_POINTS(ENTRY)                                                                                             \
    RTL_ENTRY_POINTS(ENTRY)
#define ALL_ENTRY_POINTS(ENTRY)                                                                                        \
    WIN32_ENTRY_POINTS(ENTRY)                                                                                          \
    NT_ENTRY_POINTS(ENTRY)

struct entry_points {
#define MEMBER(result, name, parameters) result(NTAPI *name) parameters;
    ALL_ENTRY_POINTS(MEMBER)
#undef MEMBER
};

// The pool under test. A member whose export is missing fails the test that calls it, with a message that names it.
extern struct entry_points api;

// Fills `api`: every name from `dll`, or with NULL from the system's own kernel32 (else kernelbase) and ntdll.
// False if the DLL cannot be loaded.
bool entry_points_resolve(const char *dll);

// The same for another table: from a module, or with NULL from the system.
void entry_points_of(struct entry_points *points, HMODULE module);
HMODULE load_dll(const char *dll);

// Under Wine a path may be given in the form of the system below it; on any host with forward slashes.
void to_dos_path(const char *path, char *out, size_t size);

// The address that the DLL under test exports for any name, or NULL.
void *exported(const char *name);

// The module that serves the Win32 names.
HMODULE module_under_test(void);

#endif
