// SPDX-License-Identifier: MIT
/*
 * Wine commits the whole of a thread's stack when the thread starts and accounts it to the process; Windows commits
 * page by page behind a guard page and needs no help. So this works on Wine only, and only where the committed part
 * (down to the thread block's stack limit) is the whole stack but for the guard pages at its end. What lies below
 * the stack limit is never touched, and the limit itself never moves: trimming needs no memory of what it did.
 */
#include "host.h"

#define PAGE ((uintptr_t)0x1000)

/* Kept below the caller's frame: system calls, an exception's record and context, the asynchronous calls of ours. */
#define KEPT ((uintptr_t)0x4000)

/* Nearer the end of the reservation than this, the stack limit has not moved since the thread's start. */
#define GUARD_AT_MOST ((uintptr_t)0x4000)

/* Less than this is not worth two system calls, and is what a stack that grows page by page would show. */
#define WORTHWHILE ((uintptr_t)0x10000)

struct range {
    uintptr_t start;
    uintptr_t end;
};

static bool find_unused(struct range *unused)
{
    const struct ntdll_teb *teb = ntdll_teb();
    uintptr_t frame = (uintptr_t)__builtin_frame_address(0);
    uintptr_t limit = ((uintptr_t)teb->tib.StackLimit + PAGE - 1) & ~(PAGE - 1);

    if (!nt_host.is_wine || frame < limit || frame >= (uintptr_t)teb->tib.StackBase)
        return false;
    if (limit - (uintptr_t)teb->stack_allocation > GUARD_AT_MOST || frame - limit < KEPT + WORTHWHILE)
        return false;
    unused->start = limit;
    unused->end = (frame - KEPT) & ~(PAGE - 1);
    return true;
}

void nt_thread_trim_stack(void)
{
    struct range unused;

    if (find_unused(&unused))
        nt_memory_decommit((void *)unused.start, unused.end - unused.start);
}

void nt_thread_restore_stack(void)
{
    struct range unused;

    // Called from a shallower or deeper frame than the trimming was, so up to the frame: what is committed stays.
    if (find_unused(&unused))
        nt_memory_commit((void *)unused.start, unused.end + KEPT - unused.start);
}
