// SPDX-License-Identifier: MIT
#include "redirect/near.h"

#define GRANULARITY UINT64_C(0x10000)
#define REACH       (UINT64_C(1) << 32)
#define STEP        (UINT64_C(1) << 20)

static uint64_t round_up(uint64_t address)
{
    return (address + GRANULARITY - 1) & ~(GRANULARITY - 1);
}

static bool commit_at(HANDLE process, uint64_t address, size_t size)
{
    void *place = (void *)(uintptr_t)address;
    SIZE_T bytes = size;

    return NtAllocateVirtualMemory(process, &place, 0, &bytes, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) >= 0;
}

uint64_t near_allocate(HANDLE process, uint64_t base, uint64_t end, size_t size)
{
    uint64_t limit = base + REACH - GRANULARITY;
    uint64_t address = round_up(end);

    while (address + size <= limit) {
        MEMORY_BASIC_INFORMATION region;
        uint64_t region_end;

        if (NtQueryVirtualMemory(process, (void *)(uintptr_t)address, NTDLL_MEMORY_BASIC, &region, sizeof(region),
                                 NULL) < 0)
            return 0;
        region_end = (uint64_t)(uintptr_t)region.BaseAddress + region.RegionSize;
        // A free region may still be refused in places: Wine keeps some addresses for itself.
        for (; region.State == MEM_FREE && address + size <= region_end && address + size <= limit; address += STEP)
            if (commit_at(process, address, size))
                return address;
        if (region_end <= address && region.State != MEM_FREE)
            return 0;
        address = region_end > address ? round_up(region_end) : round_up(address + 1);
    }
    return 0;
}
