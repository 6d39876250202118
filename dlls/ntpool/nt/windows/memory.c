// SPDX-License-Identifier: MIT
#include "host.h"

static void *allocate(void *address, size_t size, ULONG type)
{
    SIZE_T bytes = size;

    if (NtAllocateVirtualMemory(NTDLL_CURRENT_PROCESS, &address, 0, &bytes, type, PAGE_READWRITE) < 0)
        return NULL;
    return address;
}

static void discard(void *address, size_t size, ULONG type)
{
    SIZE_T bytes = size;

    NtFreeVirtualMemory(NTDLL_CURRENT_PROCESS, &address, &bytes, type);
}

void *nt_memory_reserve(size_t size, size_t alignment)
{
    char *address = allocate(NULL, size, MEM_RESERVE);
    int attempt;

    if (address == NULL || ((uintptr_t)address & (alignment - 1)) == 0)
        return address;
    discard(address, 0, MEM_RELEASE);

    // A hole that is large enough has an aligned place in it; another thread may take that place first.
    for (attempt = 0; attempt < 16; attempt++) {
        address = allocate(NULL, size + alignment, MEM_RESERVE);
        if (address == NULL)
            return NULL;
        discard(address, 0, MEM_RELEASE);
        address = (char *)(((uintptr_t)address + alignment - 1) & ~(uintptr_t)(alignment - 1));
        address = allocate(address, size, MEM_RESERVE);
        if (address != NULL)
            return address;
    }
    return NULL;
}

bool nt_memory_commit(void *address, size_t size)
{
    return allocate(address, size, MEM_COMMIT) != NULL;
}

void nt_memory_decommit(void *address, size_t size)
{
    // A size of zero would mean the whole reservation.
    if (size != 0)
        discard(address, size, MEM_DECOMMIT);
}

void nt_memory_release(void *address, size_t size)
{
    (void)size;
    discard(address, 0, MEM_RELEASE);
}
