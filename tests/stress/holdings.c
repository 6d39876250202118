// SPDX-License-Identifier: MIT
#include "stress.h"

#define PATIENCE 90000 // ms: longer than any thread of a pool stays idle
#define GAP      512   // so many handle values in a row that name nothing are the end

// Counted one by one: GetProcessHandleCount gives 0 under Wine.
static DWORD handle_count(void)
{
    DWORD count = 0, flags;
    for (ULONG_PTR value = 4, missed = 0; missed < GAP; value += 4) {
        bool is_handle = GetHandleInformation((HANDLE)value, &flags);
        missed = is_handle ? 0 : missed + 1;
        count += is_handle;
    }
    return count;
}

// Without the threads' environment blocks: under Wine they stay, 64 KiB for each thread that was ever there at a time,
// and on a busy machine many are on their way out at a time.
struct holdings holdings_now(void)
{
    struct holdings holdings = {.handles = handle_count(), .threads = thread_count()};
    MEMORY_BASIC_INFORMATION region, blocks;
    void *block;
    __asm__("movq %%gs:0x30, %0" : "=r"(block)); // NtCurrentTeb, about which compilers warn
    VirtualQuery(block, &blocks, sizeof blocks);
    for (char *at = NULL; VirtualQuery(at, &region, sizeof region); at = (char *)region.BaseAddress + region.RegionSize)
        if (region.State == MEM_COMMIT && region.Type == MEM_PRIVATE && region.AllocationBase != blocks.AllocationBase)
            holdings.bytes += region.RegionSize;
    return holdings;
}

static bool is_no_more(const struct holdings *before, size_t slack, struct holdings *now)
{
    *now = holdings_now();
    return now->handles <= before->handles && now->threads <= before->threads && now->bytes <= before->bytes + slack;
}

void holdings_return(const struct holdings *before, size_t slack, const char *what)
{
    struct holdings now;
    bool back = wait_until(is_no_more(before, slack, &now), PATIENCE);
    require(back, "%s: %lu handles, %d threads, %zu bytes were %lu, %d, %zu before", what, now.handles, now.threads,
            now.bytes, before->handles, before->threads, before->bytes);
}
