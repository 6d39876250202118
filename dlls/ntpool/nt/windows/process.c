// SPDX-License-Identifier: MIT
#include "host.h"

bool nt_process_is_exiting(void)
{
    return RtlDllShutdownInProgress() != 0;
}

unsigned nt_processor_count(void)
{
    struct ntdll_process_basic process;
    SYSTEM_BASIC_INFORMATION system;

    if (NtQueryInformationProcess(NTDLL_CURRENT_PROCESS, NTDLL_PROCESS_BASIC, &process, sizeof(process), NULL) >= 0 &&
        process.affinity != 0)
        return (unsigned)__builtin_popcountll(process.affinity);
    // A process that spans processor groups has no single mask.
    if (NtQuerySystemInformation(SystemBasicInformation, &system, sizeof(system), NULL) >= 0 &&
        system.NumberOfProcessors > 0)
        return (unsigned)system.NumberOfProcessors;
    return 1;
}

uint64_t nt_process_cpu_time(void)
{
    struct ntdll_process_times times;

    if (NtQueryInformationProcess(NTDLL_CURRENT_PROCESS, NTDLL_PROCESS_TIMES, &times, sizeof(times), NULL) < 0)
        return 0;
    return (uint64_t)times.kernel.QuadPart + (uint64_t)times.user.QuadPart;
}

uint64_t nt_process_cpu_tick(void)
{
    return nt_host.is_wine ? 10 * NT_MILLISECOND : 16 * NT_MILLISECOND;
}

void nt_pin_module(void)
{
    LdrAddRefDll(NTDLL_ADD_REFERENCE_PIN, nt_host.module);
}

struct nt_stack_size nt_default_stack_size(void)
{
    const char *image = ntdll_peb()->image_base;
    const IMAGE_NT_HEADERS *headers = (const IMAGE_NT_HEADERS *)(image + ((const IMAGE_DOS_HEADER *)image)->e_lfanew);

    return (struct nt_stack_size){.reserve = headers->OptionalHeader.SizeOfStackReserve,
                                  .commit = headers->OptionalHeader.SizeOfStackCommit};
}

uint32_t nt_process_id(void)
{
    return (uint32_t)(uintptr_t)ntdll_teb()->process_id;
}

size_t nt_program_name(char *buffer, size_t size)
{
    const UNICODE_STRING *path = &ntdll_peb()->parameters->image_path;
    size_t end = path->Length / sizeof(WCHAR);
    size_t start = end;

    while (start > 0 && path->Buffer[start - 1] != L'\\' && path->Buffer[start - 1] != L'/')
        start--;
    return nt_text_to_utf8(path->Buffer + start, end - start, buffer, size);
}

bool nt_module_is_system(void)
{
    return nt_host.module_is_system;
}

/* Skips prefix, without regard to case, at the start of text; 0 when text starts otherwise. */
static size_t match(const WCHAR *text, size_t length, const WCHAR *prefix, size_t prefix_length)
{
    size_t i;

    for (i = 0; i < prefix_length && prefix[i] != L'\0'; i++) {
        WCHAR a = i < length ? text[i] : L'\0';
        WCHAR b = prefix[i];

        a = a >= L'A' && a <= L'Z' ? (WCHAR)(a + 32) : a;
        b = b >= L'A' && b <= L'Z' ? (WCHAR)(b + 32) : b;
        if (a != b)
            return 0;
    }
    return i;
}

bool nt_module_was_loaded_from_system(const void *module)
{
    static const WCHAR native[] = L"\\system32\\";
    static const WCHAR wow64[] = L"\\syswow64\\";
    struct ntdll_module *entry;
    const WCHAR *name;
    size_t length;
    size_t skip;

    if (LdrFindEntryForAddress(module, &entry) < 0)
        return false;
    name = entry->full_name.Buffer;
    length = entry->full_name.Length / sizeof(WCHAR);
    skip = match(name, length, NTDLL_SYSTEM_ROOT, NTDLL_SYSTEM_ROOT_LENGTH);
    if (skip == 0)
        return false;
    return match(name + skip, length - skip, native, sizeof(native) / sizeof(WCHAR)) != 0 ||
           match(name + skip, length - skip, wow64, sizeof(wow64) / sizeof(WCHAR)) != 0;
}
