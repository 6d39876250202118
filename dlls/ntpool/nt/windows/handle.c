// SPDX-License-Identifier: MIT
#include "host.h"

/*
 * All rights to an event, a semaphore, a timer or a completion port. A granted right is one that the object's kind
 * has; a mutex has no second specific right, and the kinds that cannot be waited for have no right to wait. So a handle
 * with exactly these is fit, and its kind need not be asked for: under Wine each question is a request to another
 * process.
 */
#define RIGHTS_OF_WAITABLE_KINDS ((ACCESS_MASK)0x1F0003)

struct basic_information {
    ULONG attributes;
    ACCESS_MASK granted;
    ULONG unused[12];
};

union type_information {
    UNICODE_STRING name;
    char storage[512];
};

static bool is_named(const UNICODE_STRING *text, const WCHAR *name)
{
    size_t i;

    for (i = 0; i < text->Length / sizeof(WCHAR); i++)
        if (text->Buffer[i] != name[i])
            return false;
    return name[i] == L'\0';
}

/* The kinds the system cannot wait for. Consoles and whatever a later system adds are taken as waitable. */
static bool cannot_be_waited_for(const UNICODE_STRING *kind)
{
    static const WCHAR names[][16] = {
        L"Section", L"Key",    L"Token",  L"Directory",     L"SymbolicLink", L"KeyedEvent",
        L"Type",    L"Device", L"Driver", L"WindowStation", L"Desktop",      L"EtwRegistration",
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (is_named(kind, names[i]))
            return true;
    return false;
}

static nt_status check(HANDLE handle)
{
    struct basic_information basic;
    union type_information type;
    NTSTATUS status = NtQueryObject(handle, ObjectBasicInformation, &basic, sizeof(basic), NULL);

    if (status < 0)
        return status;
    if (basic.granted == RIGHTS_OF_WAITABLE_KINDS)
        return NT_SUCCESS;
    if (NtQueryObject(handle, NTDLL_OBJECT_TYPE, &type, sizeof(type), NULL) >= 0) {
        if (is_named(&type.name, L"Mutant"))
            return NT_INVALID_PARAMETER_3;
        if (cannot_be_waited_for(&type.name))
            return NT_OBJECT_TYPE_MISMATCH;
    }
    return basic.granted & SYNCHRONIZE ? NT_SUCCESS : NT_ACCESS_DENIED;
}

nt_status nt_handle_open_for_wait(nt_handle handle, nt_handle *own)
{
    HANDLE duplicate;
    NTSTATUS status = NtDuplicateObject(NTDLL_CURRENT_PROCESS, handle, NTDLL_CURRENT_PROCESS, &duplicate, 0, 0,
                                        DUPLICATE_SAME_ACCESS);

    if (status < 0)
        return status;
    status = check(duplicate);
    if (status < 0) {
        NtClose(duplicate);
        return status;
    }
    *own = duplicate;
    return NT_SUCCESS;
}

nt_handle nt_handle_resolve_standard(nt_handle handle)
{
    const struct ntdll_parameters *parameters = ntdll_peb()->parameters;

    switch ((DWORD)(uintptr_t)handle) {
    case STD_INPUT_HANDLE:
        return parameters->standard_input;
    case STD_OUTPUT_HANDLE:
        return parameters->standard_output;
    case STD_ERROR_HANDLE:
        return parameters->standard_error;
    default:
        return handle;
    }
}
