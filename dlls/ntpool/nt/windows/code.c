// SPDX-License-Identifier: MIT
/* Where code lies. Asked of the kernel and not of the loader, whose lock another thread may hold. */
#include "watch.h"

enum { IMAGE = 0x1000000 };

void *image_of(const void *code)
{
    MEMORY_BASIC_INFORMATION memory;

    if (NtQueryVirtualMemory(NTDLL_CURRENT_PROCESS, code, NTDLL_MEMORY_BASIC, &memory, sizeof(memory), NULL) < 0 ||
        memory.Type != IMAGE)
        return NULL;
    return memory.AllocationBase;
}

size_t nt_module_of(const void *code, char *name, size_t size, uintptr_t *offset)
{
    struct {
        UNICODE_STRING text;
        WCHAR room[1024];
    } path;
    const char *base = image_of(code);

    if (base == NULL ||
        NtQueryVirtualMemory(NTDLL_CURRENT_PROCESS, code, NTDLL_MEMORY_FILE_NAME, &path, sizeof(path), NULL) < 0)
        return nt_text_to_utf8(NULL, 0, name, size);
    *offset = (uintptr_t)((const char *)code - base);
    size_t end = path.text.Length / sizeof(WCHAR), start = end;
    while (start > 0 && path.text.Buffer[start - 1] != L'\\')
        start--;
    return nt_text_to_utf8(path.text.Buffer + start, end - start, name, size);
}

const void *nt_caller(void)
{
    void *frames[24];
    USHORT count = RtlCaptureStackBackTrace(0, sizeof(frames) / sizeof(frames[0]), frames, NULL);

    for (USHORT i = 0; i < count; i++)
        if (image_of(frames[i]) != nt_host.module)
            return frames[i];
    return NULL;
}
