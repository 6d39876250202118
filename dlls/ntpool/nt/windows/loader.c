// SPDX-License-Identifier: MIT
/* The loader: the system's own functions, and references that do not wait for the loader's lock. */
#include "host.h"

NTSTATUS NTDLL LdrLockLoaderLock(ULONG, ULONG *, ULONG_PTR *);
NTSTATUS NTDLL LdrUnlockLoaderLock(ULONG, ULONG_PTR);

#define LOCK_TRY_ONLY 2
#define LOCK_TAKEN    1

void *nt_system_function(const char *name)
{
    static const WCHAR ntdll[] = L"ntdll.dll";
    UNICODE_STRING module_name = {sizeof(ntdll) - sizeof(WCHAR), sizeof(ntdll), (WCHAR *)(uintptr_t)ntdll};
    ANSI_STRING function_name = {.Buffer = (char *)(uintptr_t)name};
    HMODULE module;
    void *function;

    while (name[function_name.Length])
        function_name.Length++;
    function_name.MaximumLength = function_name.Length + 1;
    if (LdrGetDllHandle(NULL, 0, &module_name, &module) < 0 ||
        LdrGetProcedureAddress(module, &function_name, 0, &function) < 0)
        return NULL;
    return function;
}

NTSTATUS nt_loader_try_enter(ULONG_PTR *cookie)
{
    ULONG disposition = 0;
    NTSTATUS status = LdrLockLoaderLock(LOCK_TRY_ONLY, &disposition, cookie);

    return status >= 0 && disposition != LOCK_TAKEN ? NT_PENDING : status;
}

void nt_loader_leave(ULONG_PTR cookie)
{
    LdrUnlockLoaderLock(0, cookie);
}

nt_status nt_library_try_add_reference(void *module)
{
    ULONG_PTR cookie = 0;
    NTSTATUS status = nt_loader_try_enter(&cookie);

    if (status != NT_SUCCESS)
        return status;
    status = LdrAddRefDll(0, module);
    nt_loader_leave(cookie);
    return status;
}
