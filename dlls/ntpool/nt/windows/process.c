// SPDX-License-Identifier: MIT
#include "host.h"

/* As many as one processor group has; the frame must stay below a page. */
enum { MOST_PROCESSORS = 64 };

bool nt_process_is_exiting(void)
{
    return RtlDllShutdownInProgress() != 0;
}

/* A process that spans processor groups has no single mask: 0. */
static ULONG_PTR affinity_mask(void)
{
    struct ntdll_process_basic process;

    if (NtQueryInformationProcess(NTDLL_CURRENT_PROCESS, NTDLL_PROCESS_BASIC, &process, sizeof(process), NULL) < 0)
        return 0;
    return process.affinity;
}

unsigned nt_processor_count(void)
{
    SYSTEM_BASIC_INFORMATION system;
    ULONG_PTR mask = affinity_mask();

    if (mask != 0)
        return (unsigned)__builtin_popcountll(mask);
    if (NtQuerySystemInformation(SystemBasicInformation, &system, sizeof(system), NULL) >= 0 &&
        system.NumberOfProcessors > 0)
        return (unsigned)system.NumberOfProcessors;
    return 1;
}

uint64_t nt_system_idle_time(void)
{
    struct ntdll_processor_times times[MOST_PROCESSORS];
    ULONG_PTR mask = affinity_mask();
    uint64_t idle = 0;
    ULONG size = 0;

    if (NtQuerySystemInformation(NTDLL_PROCESSOR_TIMES, times, sizeof(times), &size) < 0)
        return 0;
    for (ULONG i = 0; i < size / sizeof(times[0]) && i < MOST_PROCESSORS; i++)
        if (mask == 0 || (mask >> i & 1))
            idle += (uint64_t)times[i].idle.QuadPart;
    return idle;
}

uint64_t nt_cpu_time_step(void)
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

static WCHAR lower(WCHAR character)
{
    return character >= L'A' && character <= L'Z' ? (WCHAR)(character + 32) : character;
}

/* The length of the folder that a path lies in, with its last separator. */
static size_t folder_length(const UNICODE_STRING *path)
{
    size_t length = path->Length / sizeof(WCHAR);

    while (length > 0 && path->Buffer[length - 1] != L'\\')
        length--;
    return length;
}

/* ntdll.dll lies in the system directory and is always there. The shared user data also names the system directory, but
 * not yet in the first process of a Wine prefix. */
bool nt_module_was_loaded_from_system(const void *module)
{
    struct ntdll_module *own, *ntdll;
    size_t length;

    if (LdrFindEntryForAddress(module, &own) < 0 ||
        LdrFindEntryForAddress((const void *)(uintptr_t)&LdrFindEntryForAddress, &ntdll) < 0)
        return false;
    length = folder_length(&own->full_name);
    if (length == 0 || length != folder_length(&ntdll->full_name))
        return false;
    for (size_t i = 0; i < length; i++)
        if (lower(own->full_name.Buffer[i]) != lower(ntdll->full_name.Buffer[i]))
            return false;
    return true;
}
