// SPDX-License-Identifier: MIT
#include "host.h"

struct start {
    nt_thread_main *main;
    void *argument;
};

static ULONG WINAPI run_thread(void *parameter)
{
    struct start start = *(struct start *)parameter;

    RtlFreeHeap(ntdll_peb()->heap, 0, parameter);
    start.main(start.argument);
    RtlExitUserThread(0);
}

nt_status nt_thread_start(nt_thread_main *main, void *argument, const struct nt_stack_size *stack)
{
    struct start *start = RtlAllocateHeap(ntdll_peb()->heap, 0, sizeof(*start));
    HANDLE thread;
    NTSTATUS status;

    if (start == NULL)
        return NT_NO_MEMORY;
    start->main = main;
    start->argument = argument;
    status =
        RtlCreateUserThread(NTDLL_CURRENT_PROCESS, NULL, FALSE, 0, stack != NULL ? stack->reserve : 0,
                            stack != NULL ? stack->commit : 0, (void *)(uintptr_t)run_thread, start, &thread, NULL);
    if (status < 0) {
        RtlFreeHeap(ntdll_peb()->heap, 0, start);
        return status;
    }
    NtClose(thread);
    return NT_SUCCESS;
}

uint32_t nt_thread_id(void)
{
    return (uint32_t)(uintptr_t)ntdll_teb()->thread_id;
}

void nt_thread_yield(void)
{
    NtYieldExecution();
}

static NTSTATUS open_thread(uint32_t thread, ACCESS_MASK access, HANDLE *handle)
{
    const OBJECT_ATTRIBUTES attributes = {.Length = sizeof(attributes)};
    const CLIENT_ID client = {.UniqueProcess = ntdll_teb()->process_id, .UniqueThread = (HANDLE)(ULONG_PTR)thread};

    return NtOpenThread(handle, access, &attributes, &client);
}

/* Somebody may hold a handle of a thread that is over; then it still has its id, and is signalled. */
bool nt_thread_is_gone(uint32_t thread)
{
    LARGE_INTEGER at_once = {.QuadPart = 0};
    HANDLE handle;
    NTSTATUS status = open_thread(thread, SYNCHRONIZE, &handle);

    if (status < 0)
        return status == NTDLL_STATUS_INVALID_CID || status == NT_INVALID_PARAMETER;
    status = NtWaitForSingleObject(handle, FALSE, &at_once);
    NtClose(handle);
    return status == NT_SUCCESS;
}

bool nt_thread_cpu_time(uint32_t thread, uint64_t *time)
{
    struct ntdll_thread_times times;
    HANDLE handle;

    if (open_thread(thread, THREAD_QUERY_LIMITED_INFORMATION, &handle) < 0)
        return false;
    NTSTATUS status = NtQueryInformationThread(handle, NTDLL_THREAD_TIMES, &times, sizeof(times), NULL);
    NtClose(handle);
    if (status < 0)
        return false;
    *time = (uint64_t)times.kernel.QuadPart + (uint64_t)times.user.QuadPart;
    return true;
}

bool nt_thread_has_pending_io(void)
{
    ULONG is_pending = 0;

    return NtQueryInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_IO_PENDING, &is_pending, sizeof(is_pending),
                                    NULL) >= 0 &&
           is_pending != 0;
}

/*
 * The value the kernel keeps goes out and comes back as it is: the extreme priorities are 15 on one host and 16 on
 * another, and each takes back what it gave.
 */
int nt_thread_priority(void)
{
    struct ntdll_thread_basic thread;

    if (NtQueryInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_BASIC, &thread, sizeof(thread), NULL) < 0)
        return 0;
    return (int)thread.base_priority;
}

void nt_thread_set_priority(int priority)
{
    LONG value = priority;

    NtSetInformationThread(NTDLL_CURRENT_THREAD, NTDLL_THREAD_BASE_PRIORITY, &value, sizeof(value));
}
