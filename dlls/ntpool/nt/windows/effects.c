// SPDX-License-Identifier: MIT
/* What a callback leaves behind, and what the pool raises about it. */
#include "host.h"

nt_status nt_semaphore_release(nt_handle semaphore, uint32_t count)
{
    return NtReleaseSemaphore(semaphore, count, NULL);
}

nt_status nt_mutex_release(nt_handle mutex)
{
    return NtReleaseMutant(mutex, NULL);
}

bool nt_critical_section_leave(void *critical_section)
{
    const RTL_CRITICAL_SECTION *section = critical_section;

    // Leaving what another thread owns, or nobody, would let two in.
    if (section->OwningThread != ntdll_teb()->thread_id)
        return false;
    RtlLeaveCriticalSection(critical_section);
    return true;
}

nt_status nt_library_add_reference(void *module)
{
    return LdrAddRefDll(0, module);
}

nt_status nt_library_release(void *module)
{
    return LdrUnloadDll(module);
}

bool nt_loader_lock_is_held(void)
{
    const RTL_CRITICAL_SECTION *lock = ntdll_peb()->loader_lock;

    return lock != NULL && lock->OwningThread == ntdll_teb()->thread_id;
}

void nt_raise(nt_status code, unsigned count, const uintptr_t *parameters)
{
    EXCEPTION_RECORD record = {.ExceptionCode = (DWORD)code};

    record.ExceptionAddress = __builtin_return_address(0);
    while (record.NumberParameters < count && record.NumberParameters < EXCEPTION_MAXIMUM_PARAMETERS) {
        record.ExceptionInformation[record.NumberParameters] = parameters[record.NumberParameters];
        record.NumberParameters++;
    }
    RtlRaiseException(&record);
}

uint32_t nt_status_to_win32(nt_status status)
{
    return RtlNtStatusToDosErrorNoTeb(status);
}
