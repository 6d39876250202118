// SPDX-License-Identifier: MIT
/*
 * Type-stable, tagged storage for everything that lives longer than a call.
 *
 * All slabs lie in arenas that this file reserves itself, so "is this pointer ours?" is answered from the address
 * and never reads foreign memory. A slot keeps its kind as long as its slab lives: a stale pointer reads a tag that
 * says "closed" (or the next object of the same kind), never something else. Empty slabs are given back late: each
 * shard keeps a few.
 *
 * Every item starts with its tag (struct slab_item). slab_alloc hands out zeroed memory but for the tag, which it
 * sets to live; slab_free sets it to free first.
 */
#ifndef NTPOOL_SCHED_SLAB_H
#define NTPOOL_SCHED_SLAB_H

#include "sched/arena_map.h"
#include "sched/lock.h"

enum slab_kind {
    SLAB_FOREIGN, /* not in any arena of ours */
    SLAB_ARENA,   /* an arena's own header, or an unused slab */
    SLAB_WORKER,
    SLAB_SCHEDULER_POOL,
    SLAB_WAITER,
    SLAB_POOL,
    SLAB_WORK,
    SLAB_SIMPLE,
    SLAB_TIMER,
    SLAB_WAIT,
    SLAB_IO,
    SLAB_COMPLETION,
    SLAB_CAPTURE,
    SLAB_GROUP,
    SLAB_LEGACY_WORK,
    SLAB_LEGACY_WAIT,
    SLAB_TIMER_QUEUE,
    SLAB_QUEUE_TIMER,
    SLAB_BINDING,
    SLAB_CONVERSION,
    SLAB_BOUND_COMPLETION,
    SLAB_FINALIZATION,
    SLAB_KINDS
};

enum slab_state { SLAB_FREE = 0x46000000, SLAB_LIVE = 0x4C000000, SLAB_CLOSED = 0x43000000 };

struct slab_item {
    _Atomic uint32_t tag; /* kind | state */
};

#define SLAB_TAG(kind, state) ((uint32_t)(kind) | (uint32_t)(state))

/** The size of an item of this type, and of one that shares no cache line with another. */
#define SLAB_SIZE_OF(type)  ((uint32_t)(sizeof(type) + 15) & ~15u)
#define SLAB_LINES_OF(type) ((uint32_t)(sizeof(type) + 63) & ~63u)

enum { SLAB_SHARDS = 8 };

struct slab;

/* One of several equal parts of a cache, picked by thread id, so that threads rarely meet. */
struct slab_shard {
    _Alignas(64) struct sched_lock lock; /* guards every field here and the slabs' lists, but not returned */
    unsigned empty_slabs;
    int64_t live;
    struct slab *partial; /* slabs with a free slot */
    /* Slots that other threads freed: the first one's address, and above it how many there are. On a line of its own,
     * since it is written by those who free and all else by those who allocate. */
    _Alignas(64) _Atomic uint64_t returned;
};

struct slab_cache {
    enum slab_kind kind;
    uint32_t size; /* of one item: SLAB_SIZE_OF or SLAB_LINES_OF its type */
    bool keep;     /* never give slabs back: stale pointers of this kind are looked at at any time */
    /* One shard for all threads: there are few items, allocated by ever new threads, each of which would in time leave
     * an empty slab in a shard of its own. */
    bool few;
    struct slab_shard shards[SLAB_SHARDS];
};

/** A zeroed item with tag live, or NULL when memory is out. */
void *slab_alloc(struct slab_cache *cache);
/** Gives an item back. Any thread may. */
void slab_free(struct slab_cache *cache, void *item);

/** What lies at pointer, judged by its address alone. */
static inline enum slab_kind slab_kind_of(const void *pointer)
{
    uintptr_t address = (uintptr_t)pointer;

    if (nt_unlikely(!arena_is_ours(address)))
        return SLAB_FOREIGN;
    return nt_unlikely(address % 16) ? SLAB_ARENA : (enum slab_kind)arena_kind_of(address);
}

/** True when pointer is a live item of this kind. Cheap: three loads, no locks. Never faults on foreign pointers. */
static inline bool slab_is_live(const void *pointer, enum slab_kind kind)
{
    return nt_likely(slab_kind_of(pointer) == kind) &&
           nt_likely(atomic_load_explicit(&((const struct slab_item *)pointer)->tag, memory_order_relaxed) ==
                     SLAB_TAG(kind, SLAB_LIVE));
}

/** From live to closed; false when pointer is not a live item of this kind. Of several callers one gets true. */
static inline bool slab_close(void *pointer, enum slab_kind kind)
{
    uint32_t live = SLAB_TAG(kind, SLAB_LIVE);

    return slab_kind_of(pointer) == kind && atomic_compare_exchange_strong_explicit(
                                                &((struct slab_item *)pointer)->tag, &live, SLAB_TAG(kind, SLAB_CLOSED),
                                                memory_order_acq_rel, memory_order_relaxed);
}

/** Items of a cache that are handed out now: for tests and leak checks. */
int64_t slab_live_items(struct slab_cache *cache);

#endif
