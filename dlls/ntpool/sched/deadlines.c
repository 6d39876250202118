// SPDX-License-Identifier: MIT
#include "sched/deadlines.h"

enum { CHILDREN = 4 };

/* How often deadlines on the system clock are looked at again while they are far away. */
#define CLOCK_RECHECK (60 * NT_SECOND)

#define CHUNK_BYTES (DEADLINES_CHUNK * sizeof(struct deadline_entry))

static struct deadline_entry *entry_at(const struct deadline_heap *heap, uint32_t place)
{
    return &heap->chunks[place / DEADLINES_CHUNK][place % DEADLINES_CHUNK];
}

static void put(struct deadline_heap *heap, uint32_t place, struct deadline_entry entry)
{
    *entry_at(heap, place) = entry;
    entry.deadline->slot = place + 1;
}

static void *pages_acquire(size_t size)
{
    void *pages = nt_memory_reserve(size, 1);

    if (pages && !nt_memory_commit(pages, size)) {
        nt_memory_release(pages, size);
        return NULL;
    }
    return pages;
}

static bool directory_grow(struct deadline_heap *heap)
{
    uint32_t room = heap->chunk_room ? heap->chunk_room * 2 : 512;
    struct deadline_entry **chunks = pages_acquire(room * sizeof(*chunks));

    if (!chunks)
        return false;
    if (heap->chunks) {
        __builtin_memcpy(chunks, heap->chunks, heap->chunk_count * sizeof(*chunks));
        nt_memory_release(heap->chunks, heap->chunk_room * sizeof(*chunks));
    }
    heap->chunks = chunks;
    heap->chunk_room = room;
    return true;
}

bool deadlines_reserve(struct deadline_heap *heap, uint32_t count)
{
    while ((uint64_t)heap->chunk_count * DEADLINES_CHUNK < count) {
        if (heap->chunk_count == heap->chunk_room && !directory_grow(heap))
            return false;
        struct deadline_entry *chunk = pages_acquire(CHUNK_BYTES);
        if (!chunk)
            return false;
        heap->chunks[heap->chunk_count++] = chunk;
    }
    return true;
}

void deadlines_trim(struct deadline_heap *heap, uint32_t count)
{
    /* One chunk is kept as a reserve, so that a program at the edge does not map and unmap each time. */
    while (heap->chunk_count > 1 && (uint64_t)(heap->chunk_count - 2) * DEADLINES_CHUNK >= count)
        nt_memory_release(heap->chunks[--heap->chunk_count], CHUNK_BYTES);
}

static void sift_up(struct deadline_heap *heap, uint32_t place, struct deadline_entry entry)
{
    while (place) {
        uint32_t parent = (place - 1) / CHILDREN;
        struct deadline_entry above = *entry_at(heap, parent);
        if (above.due <= entry.due)
            break;
        put(heap, place, above);
        place = parent;
    }
    put(heap, place, entry);
}

static void sift_down(struct deadline_heap *heap, uint32_t place, struct deadline_entry entry)
{
    for (;;) {
        uint64_t first = (uint64_t)place * CHILDREN + 1, least = first;
        if (first >= heap->used)
            break;
        for (uint64_t child = first + 1; child < first + CHILDREN && child < heap->used; child++)
            if (entry_at(heap, (uint32_t)child)->due < entry_at(heap, (uint32_t)least)->due)
                least = child;
        struct deadline_entry below = *entry_at(heap, (uint32_t)least);
        if (entry.due <= below.due)
            break;
        put(heap, place, below);
        place = (uint32_t)least;
    }
    put(heap, place, entry);
}

static void settle(struct deadline_heap *heap, uint32_t place, struct deadline_entry entry)
{
    if (place && entry_at(heap, (place - 1) / CHILDREN)->due > entry.due)
        sift_up(heap, place, entry);
    else
        sift_down(heap, place, entry);
}

void deadlines_insert(struct deadline_heap *heap, struct sched_deadline *deadline, uint64_t due)
{
    sift_up(heap, heap->used++, (struct deadline_entry){due, deadline});
}

void deadlines_remove(struct deadline_heap *heap, struct sched_deadline *deadline)
{
    uint32_t place = deadline->slot - 1;
    struct deadline_entry last = *entry_at(heap, --heap->used);

    deadline->slot = 0;
    if (last.deadline != deadline)
        settle(heap, place, last);
}

void deadlines_move(struct deadline_heap *heap, struct sched_deadline *deadline, uint64_t due)
{
    settle(heap, deadline->slot - 1, (struct deadline_entry){due, deadline});
}

const struct deadline_entry *deadlines_first(const struct deadline_heap *heap)
{
    return heap->used ? entry_at(heap, 0) : NULL;
}

uint64_t deadlines_recheck(uint64_t due, uint64_t now)
{
    uint64_t clock = nt_system_time();
    uint64_t left = due > clock ? due - clock : 0;

    return now + (left < CLOCK_RECHECK ? left : CLOCK_RECHECK);
}
