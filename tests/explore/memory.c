// SPDX-License-Identifier: MIT
/*
 * Memory for the code under test: one region at a fixed address, so that a schedule finds the same addresses each time.
 * Of every 16 bytes it is known whether they may be touched; and of every page, whether it was written, so that making
 * the region as new costs no more than what a schedule has changed.
 */
#include "machine.h"

#include <string.h>
#include <sys/mman.h>

#define REGION      ((uintptr_t)0x200000000000)
#define REGION_SIZE ((uintptr_t)256 << 20)
#define PAGE        ((uintptr_t)4096)
#define GRAIN       ((uintptr_t)16)

enum { MOST_COMMITS = 1024, MOST_SAVED = 64 };

enum grain { GRAIN_CLOSED, GRAIN_OPEN, GRAIN_ITEM, GRAIN_KEPT, GRAIN_FREED_TAG, GRAIN_FREED };

struct saved_page {
    uint32_t page;
    unsigned char bytes[4096];
};

/* Outlives schedules. */
static struct book {
    unsigned char grains[REGION_SIZE / GRAIN];
    bool is_dirty[REGION_SIZE / PAGE];
    uint32_t dirty[REGION_SIZE / PAGE];
    uint32_t dirty_count;
    struct {
        uintptr_t offset, size;
    } commits[MOST_COMMITS];
    uint32_t commit_count;
    struct saved_page saved[MOST_SAVED];
    uint32_t saved_count;
} * book;

static uintptr_t used;

void memory_prepare(void)
{
    book = mmap(NULL, sizeof(*book), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    void *region = mmap((void *)REGION, REGION_SIZE, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);

    if (book == MAP_FAILED || region != (void *)REGION)
        explore_fail("there is no room for memory");
}

static unsigned char *grain_of(uintptr_t address)
{
    return &book->grains[(address - REGION) / GRAIN];
}

static void mark_dirty(uintptr_t offset)
{
    uintptr_t page = offset / PAGE;

    if (book->is_dirty[page])
        return;
    book->is_dirty[page] = true;
    book->dirty[book->dirty_count++] = (uint32_t)page;
}

void memory_save(void)
{
    for (uint32_t i = 0; i < book->dirty_count; i++) {
        uint32_t page = book->dirty[i];
        if (book->saved_count == MOST_SAVED)
            explore_fail("too much memory was written before the first schedule");
        struct saved_page *saved = &book->saved[book->saved_count++];
        saved->page = page;
        memcpy(saved->bytes, (char *)REGION + page * PAGE, PAGE);
        book->is_dirty[page] = false;
    }
    book->dirty_count = 0;
    book->commit_count = 0;
}

void memory_restore(void)
{
    for (uint32_t i = 0; i < book->dirty_count; i++) {
        uint32_t page = book->dirty[i];
        const struct saved_page *saved = book->saved;
        const struct saved_page *end = book->saved + book->saved_count;
        while (saved < end && saved->page != page)
            saved++;
        if (saved < end)
            memcpy((char *)REGION + page * PAGE, saved->bytes, PAGE);
        else
            memset((char *)REGION + page * PAGE, 0, PAGE);
        book->is_dirty[page] = false;
    }
    book->dirty_count = 0;
    for (uint32_t i = 0; i < book->commit_count; i++)
        memset(&book->grains[book->commits[i].offset / GRAIN], GRAIN_CLOSED, book->commits[i].size / GRAIN);
    book->commit_count = 0;
}

/* ---- the ground's part ------------------------------------------------------------------------- */

void *nt_memory_reserve(size_t size, size_t alignment)
{
    uintptr_t start = alignment < PAGE ? used : (used + alignment - 1) & ~(uintptr_t)(alignment - 1);

    start = (start + PAGE - 1) & ~(PAGE - 1);
    if (size % PAGE || start + size > REGION_SIZE)
        explore_fail("no room to reserve %zu bytes", size);
    used = start + size;
    return (void *)(REGION + start);
}

bool nt_memory_commit(void *address, size_t size)
{
    uintptr_t offset = (uintptr_t)address - REGION;

    if (offset >= used || book->commit_count == MOST_COMMITS)
        explore_fail("nt_memory_commit(%p, %zu)", address, size);
    size = (size + PAGE - 1) & ~(PAGE - 1);
    book->commits[book->commit_count].offset = offset;
    book->commits[book->commit_count++].size = size;
    memset(grain_of((uintptr_t)address), GRAIN_OPEN, size / GRAIN);
    return true;
}

void nt_memory_decommit(void *address, size_t size)
{
    uintptr_t offset = (uintptr_t)address - REGION;

    for (uintptr_t at = offset; at < offset + size; at += PAGE)
        if (book->is_dirty[at / PAGE])
            memset((void *)(REGION + at), 0, PAGE);
    memset(grain_of((uintptr_t)address), GRAIN_CLOSED, size / GRAIN);
}

void nt_memory_release(void *address, size_t size)
{
    nt_memory_decommit(address, size);
}

/* ---- what the code under test touches ------------------------------------------------------------ */

static _Noreturn void bad_access(const volatile void *address, const char *why, const void *place)
{
    trace("touches what it must not", address, place);
    trace_print_place(place);
    explore_fail("thread %u touches %p, %s", (unsigned)(machine.current - machine.threads), (void *)(uintptr_t)address,
                 why);
}

void memory_accessed(const volatile void *address, size_t size, bool is_tag, const void *place)
{
    uintptr_t offset = (uintptr_t)address - REGION;

    if (offset < REGION_SIZE) {
        mark_dirty(offset);
        mark_dirty(offset + size - 1);
        enum grain grain = *grain_of((uintptr_t)address);
        if (__builtin_expect(grain == GRAIN_CLOSED, 0))
            bad_access(address, "which is not committed", place);
        if (__builtin_expect(grain >= GRAIN_FREED_TAG && machine.running && !machine.current->in_slab, 0) &&
            !(grain == GRAIN_FREED_TAG && is_tag && size == 4 && offset % GRAIN == 0))
            bad_access(address, "which was freed", place);
        return;
    }
    if (machine.running && machine_is_dead_stack((uintptr_t)address))
        bad_access(address, "which is on a stack and out of scope", place);
}

bool memory_is_freed(const void *item)
{
    enum grain grain = *grain_of((uintptr_t)item);

    return grain == GRAIN_FREED_TAG || grain == GRAIN_KEPT;
}

void memory_freed(void *item, size_t size)
{
    memset(grain_of((uintptr_t)item), GRAIN_FREED, size / GRAIN);
    *grain_of((uintptr_t)item) = GRAIN_FREED_TAG;
}

void memory_kept(void *item)
{
    *grain_of((uintptr_t)item) = GRAIN_KEPT;
}

void memory_reused(void *item, size_t size)
{
    if (*grain_of((uintptr_t)item) == GRAIN_ITEM)
        explore_fail("%p is handed out twice", item);
    memset(grain_of((uintptr_t)item), GRAIN_OPEN, size / GRAIN);
    *grain_of((uintptr_t)item) = GRAIN_ITEM;
}
