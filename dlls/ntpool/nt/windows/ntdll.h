// SPDX-License-Identifier: MIT
/*
 * What this folder calls of ntdll, and the few words it reads of the structures that ntdll and the kernel keep
 * for every thread and process. Everything declared here exists since Windows 7; what is newer is in table.h.
 */
#ifndef NTPOOL_NT_WINDOWS_NTDLL_H
#define NTPOOL_NT_WINDOWS_NTDLL_H

#include <stdbool.h>
#include <windows.h>
#include <winternl.h>

#define NTDLL __declspec(dllimport) NTAPI

/* ---- thread and process blocks ---------------------------------------------------------------- */

struct ntdll_parameters {
    ULONG maximum_length;
    ULONG length;
    ULONG flags;
    ULONG debug_flags;
    HANDLE console;
    ULONG console_flags;
    HANDLE standard_input;
    HANDLE standard_output;
    HANDLE standard_error;
    UNICODE_STRING current_directory;
    HANDLE current_directory_handle;
    UNICODE_STRING dll_path;
    UNICODE_STRING image_path;
};

/** The head of what the loader keeps about the process. */
struct ntdll_loader {
    ULONG length;
    BOOLEAN is_initialized;
    HANDLE security;
    LIST_ENTRY load_order;
};

struct ntdll_peb {
    BYTE flags[4];
    HANDLE mutant;
    void *image_base;
    struct ntdll_loader *loader;
    struct ntdll_parameters *parameters;
    void *subsystem;
    HANDLE heap;
#ifdef _WIN64
    BYTE unused[0x110 - 0x38];
#else
    BYTE unused[0xa0 - 0x1c];
#endif
    RTL_CRITICAL_SECTION *loader_lock;
};

struct ntdll_teb {
    NT_TIB tib;
    void *environment;
    HANDLE process_id;
    HANDLE thread_id;
    void *rpc;
    void *tls;
    struct ntdll_peb *peb;
#ifdef _WIN64
    BYTE unused0[0x2c8 - 0x68];
    void *activation_stack;
    BYTE unused1[0x1478 - 0x2d0];
    void *stack_allocation;
    BYTE unused2[0x179c - 0x1480];
#else
    BYTE unused0[0x1a8 - 0x34];
    void *activation_stack;
    BYTE unused1[0xe0c - 0x1ac];
    void *stack_allocation;
    BYTE unused2[0xf9c - 0xe10];
#endif
    ULONG is_impersonating;
};

#ifdef _WIN64
_Static_assert(offsetof(struct ntdll_parameters, image_path) == 0x60, "process parameters");
_Static_assert(offsetof(struct ntdll_peb, image_base) == 0x10, "process block");
_Static_assert(offsetof(struct ntdll_loader, load_order) == 0x10, "loader data");
_Static_assert(offsetof(struct ntdll_peb, loader_lock) == 0x110, "process block");
_Static_assert(offsetof(struct ntdll_teb, activation_stack) == 0x2c8, "thread block");
_Static_assert(offsetof(struct ntdll_teb, stack_allocation) == 0x1478, "thread block");
_Static_assert(offsetof(struct ntdll_teb, is_impersonating) == 0x179c, "thread block");
#else
_Static_assert(offsetof(struct ntdll_parameters, image_path) == 0x38, "process parameters");
_Static_assert(offsetof(struct ntdll_peb, loader_lock) == 0xa0, "process block");
_Static_assert(offsetof(struct ntdll_teb, activation_stack) == 0x1a8, "thread block");
_Static_assert(offsetof(struct ntdll_teb, stack_allocation) == 0xe0c, "thread block");
_Static_assert(offsetof(struct ntdll_teb, is_impersonating) == 0xf9c, "thread block");
#endif

static inline struct ntdll_teb *ntdll_teb(void)
{
    struct ntdll_teb *teb;

    // Not NtCurrentTeb(): the compiler takes its read of the segment for one through a null pointer.
#ifdef _WIN64
    __asm__ volatile("movq %%gs:0x30, %0" : "=r"(teb));
#else
    __asm__ volatile("movl %%fs:0x18, %0" : "=r"(teb));
#endif
    return teb;
}

static inline struct ntdll_peb *ntdll_peb(void)
{
    return ntdll_teb()->peb;
}

/** The head of what the loader keeps about a module. */
struct ntdll_module {
    LIST_ENTRY load_order;
    LIST_ENTRY memory_order;
    LIST_ENTRY initialization_order;
    void *base;
    void *entry_point;
    ULONG image_size;
    UNICODE_STRING full_name;
};

/* ---- information blocks ----------------------------------------------------------------------- */

struct ntdll_process_basic {
    NTSTATUS exit_status;
    struct ntdll_peb *peb;
    ULONG_PTR affinity;
    LONG base_priority;
    ULONG_PTR id;
    ULONG_PTR parent;
};

struct ntdll_thread_basic {
    NTSTATUS exit_status;
    void *teb;
    HANDLE process_id;
    HANDLE thread_id;
    ULONG_PTR affinity;
    LONG priority;
    LONG base_priority;
};

struct ntdll_thread_times {
    LARGE_INTEGER create;
    LARGE_INTEGER exit;
    LARGE_INTEGER kernel;
    LARGE_INTEGER user;
};

struct ntdll_processor_times {
    LARGE_INTEGER idle;
    LARGE_INTEGER kernel;
    LARGE_INTEGER user;
    LARGE_INTEGER others[2];
    ULONG interrupts;
};

#define NTDLL_PROCESSOR_TIMES           ((SYSTEM_INFORMATION_CLASS)8)
#define NTDLL_PROCESS_BASIC             ((PROCESSINFOCLASS)0)
#define NTDLL_THREAD_BASIC              ((THREADINFOCLASS)0)
#define NTDLL_THREAD_TIMES              ((THREADINFOCLASS)1)
#define NTDLL_THREAD_BASE_PRIORITY      ((THREADINFOCLASS)3)
#define NTDLL_THREAD_AFFINITY           ((THREADINFOCLASS)4)
#define NTDLL_THREAD_IMPERSONATION      ((THREADINFOCLASS)5)
#define NTDLL_THREAD_IO_PENDING         ((THREADINFOCLASS)16)
#define NTDLL_THREAD_IO_PRIORITY        ((THREADINFOCLASS)22)
#define NTDLL_MEMORY_BASIC              0
#define NTDLL_MEMORY_FILE_NAME          2
#define NTDLL_OBJECT_TYPE               ((OBJECT_INFORMATION_CLASS)2)
#define NTDLL_FILE_COMPLETION           ((FILE_INFORMATION_CLASS)30)
#define NTDLL_TOKEN_IMPERSONATION_LEVEL 9
#define NTDLL_WAIT_ALL                  0
#define NTDLL_WAIT_ANY                  1
#define NTDLL_EVENT_NOTIFICATION        0
#define NTDLL_EVENT_SYNCHRONIZATION     1
#define NTDLL_ADD_REFERENCE_PIN         1
#define NTDLL_FORCE_EARLY_DEACTIVATION  1

#define NTDLL_CURRENT_PROCESS ((HANDLE)(LONG_PTR)-1)
#define NTDLL_CURRENT_THREAD  ((HANDLE)(LONG_PTR)-2)

#define NTDLL_STATUS_INVALID_CID        ((NTSTATUS)0xC000000B)
#define NTDLL_STATUS_NO_TOKEN           ((NTSTATUS)0xC000007C)
#define NTDLL_STATUS_FILE_LOCK_CONFLICT ((NTSTATUS)0xC0000054)

/** As the offset of a write: after the last byte of the file, wherever that is at that moment. */
#define NTDLL_WRITE_TO_END_OF_FILE ((LONGLONG)-1)

/* ---- functions that winternl.h does not declare ------------------------------------------------- */

NTSTATUS NTDLL NtAllocateVirtualMemory(HANDLE, void **, ULONG_PTR, SIZE_T *, ULONG, ULONG);
NTSTATUS NTDLL NtFreeVirtualMemory(HANDLE, void **, SIZE_T *, ULONG);
NTSTATUS NTDLL NtProtectVirtualMemory(HANDLE, void **, SIZE_T *, ULONG, ULONG *);
NTSTATUS NTDLL NtQueryVirtualMemory(HANDLE, const void *, ULONG, void *, SIZE_T, SIZE_T *);
NTSTATUS NTDLL NtReadVirtualMemory(HANDLE, const void *, void *, SIZE_T, SIZE_T *);
NTSTATUS NTDLL NtWriteVirtualMemory(HANDLE, void *, const void *, SIZE_T, SIZE_T *);

NTSTATUS NTDLL NtQueryPerformanceCounter(LARGE_INTEGER *, LARGE_INTEGER *);
BOOLEAN NTDLL RtlQueryUnbiasedInterruptTime(ULONGLONG *);
NTSTATUS NTDLL NtYieldExecution(void);

NTSTATUS NTDLL RtlCreateUserThread(HANDLE, void *, BOOLEAN, ULONG, SIZE_T, SIZE_T, void *, void *, HANDLE *, void *);
void NTDLL RtlExitUserThread(ULONG) __attribute__((noreturn));
NTSTATUS NTDLL NtOpenThread(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, const CLIENT_ID *);
NTSTATUS NTDLL NtResumeThread(HANDLE, ULONG *);
NTSTATUS NTDLL NtSetInformationThread(HANDLE, THREADINFOCLASS, void *, ULONG);
BOOLEAN NTDLL RtlDllShutdownInProgress(void);

NTSTATUS NTDLL NtCreateKeyedEvent(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, ULONG);
NTSTATUS NTDLL NtWaitForKeyedEvent(HANDLE, const void *, BOOLEAN, const LARGE_INTEGER *);
NTSTATUS NTDLL NtReleaseKeyedEvent(HANDLE, const void *, BOOLEAN, const LARGE_INTEGER *);

NTSTATUS NTDLL NtCreateEvent(HANDLE *, ACCESS_MASK, const OBJECT_ATTRIBUTES *, ULONG, BOOLEAN);
NTSTATUS NTDLL NtSetEvent(HANDLE, LONG *);
NTSTATUS NTDLL NtSignalAndWaitForSingleObject(HANDLE, HANDLE, BOOLEAN, const LARGE_INTEGER *);
NTSTATUS NTDLL NtDuplicateObject(HANDLE, HANDLE, HANDLE, HANDLE *, ACCESS_MASK, ULONG, ULONG);
NTSTATUS NTDLL NtWaitForMultipleObjects(ULONG, const HANDLE *, ULONG, BOOLEAN, const LARGE_INTEGER *);

NTSTATUS NTDLL NtCreateIoCompletion(HANDLE *, ACCESS_MASK, OBJECT_ATTRIBUTES *, ULONG);
NTSTATUS NTDLL NtRemoveIoCompletion(HANDLE, ULONG_PTR *, ULONG_PTR *, IO_STATUS_BLOCK *, LARGE_INTEGER *);

NTSTATUS NTDLL NtReleaseSemaphore(HANDLE, ULONG, ULONG *);
NTSTATUS NTDLL NtReleaseMutant(HANDLE, LONG *);
NTSTATUS NTDLL RtlLeaveCriticalSection(RTL_CRITICAL_SECTION *);

NTSTATUS NTDLL NtQueryMutant(HANDLE, ULONG, void *, ULONG, ULONG *);
USHORT NTDLL RtlCaptureStackBackTrace(ULONG, ULONG, void **, ULONG *);

NTSTATUS NTDLL LdrAddRefDll(ULONG, HMODULE);
NTSTATUS NTDLL LdrUnloadDll(HMODULE);
NTSTATUS NTDLL LdrFindEntryForAddress(const void *, struct ntdll_module **);
NTSTATUS NTDLL LdrGetDllHandle(const WCHAR *, ULONG, const UNICODE_STRING *, HMODULE *);
NTSTATUS NTDLL LdrGetProcedureAddress(HMODULE, const ANSI_STRING *, ULONG, void **);

NTSTATUS NTDLL RtlGetActiveActivationContext(HANDLE *);
void NTDLL RtlAddRefActivationContext(HANDLE);
void NTDLL RtlReleaseActivationContext(HANDLE);
NTSTATUS NTDLL RtlActivateActivationContext(ULONG, HANDLE, ULONG_PTR *);
void NTDLL RtlDeactivateActivationContext(ULONG, ULONG_PTR);

NTSTATUS NTDLL NtOpenThreadToken(HANDLE, ACCESS_MASK, BOOLEAN, HANDLE *);
NTSTATUS NTDLL NtDuplicateToken(HANDLE, ACCESS_MASK, OBJECT_ATTRIBUTES *, SECURITY_IMPERSONATION_LEVEL, TOKEN_TYPE,
                                HANDLE *);
NTSTATUS NTDLL NtQueryInformationToken(HANDLE, ULONG, void *, ULONG, ULONG *);

void NTDLL RtlRaiseException(EXCEPTION_RECORD *);
ULONG NTDLL RtlNtStatusToDosErrorNoTeb(NTSTATUS);

NTSTATUS NTDLL RtlQueryEnvironmentVariable_U(const WCHAR *, const UNICODE_STRING *, UNICODE_STRING *);
NTSTATUS NTDLL RtlUnicodeToUTF8N(char *, ULONG, ULONG *, const WCHAR *, ULONG);
NTSTATUS NTDLL RtlUTF8ToUnicodeN(WCHAR *, ULONG, ULONG *, const char *, ULONG);
ULONG NTDLL RtlGetFullPathName_U(const WCHAR *, ULONG, WCHAR *, WCHAR **);
NTSTATUS NTDLL NtWriteFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const void *, ULONG,
                           const LARGE_INTEGER *, ULONG *);

NTSTATUS NTDLL NtLockFile(HANDLE, HANDLE, void *, void *, IO_STATUS_BLOCK *, const LARGE_INTEGER *,
                          const LARGE_INTEGER *, ULONG *, BOOLEAN, BOOLEAN);
NTSTATUS NTDLL NtUnlockFile(HANDLE, IO_STATUS_BLOCK *, const LARGE_INTEGER *, const LARGE_INTEGER *, ULONG *);
NTSTATUS NTDLL NtDelayExecution(BOOLEAN, const LARGE_INTEGER *);

#endif
