// SPDX-License-Identifier: MIT
/*
 * Which addresses are ours, and what kind of items lies there: arenas are large aligned reservations, cut into slabs of
 * equal size.
 */
#ifndef NTPOOL_SCHED_ARENA_MAP_H
#define NTPOOL_SCHED_ARENA_MAP_H

#include "nt/nt.h"

#if UINTPTR_MAX > UINT32_MAX
#define ARENA_SHIFT  26 /* 64 MiB of reserved, mostly uncommitted addresses */
#define ADDRESS_BITS 47
#else
#define ARENA_SHIFT  22
#define ADDRESS_BITS 32
#endif

enum { ARENA_SLAB_SIZE = 64 * 1024 };

#define ARENA_SIZE  ((uintptr_t)1 << ARENA_SHIFT)
#define ARENA_SLABS (ARENA_SIZE / ARENA_SLAB_SIZE)
#define ARENAS      ((uintptr_t)1 << (ADDRESS_BITS - ARENA_SHIFT))

/* The first slab of an arena holds this. */
struct arena {
    struct arena *next;
    uint32_t used;                      /* slabs, guarded by the arenas' lock */
    uint32_t hint;                      /* where to look for a free slab first, guarded by the arenas' lock */
    _Atomic uint8_t kinds[ARENA_SLABS]; /* enum slab_kind; SLAB_ARENA: not in use. Read without the lock. */
};

/** One bit for each possible arena. Bits are set once and never cleared: arenas are kept, only their pages are given
 * back. */
extern _Atomic uint64_t arena_map[ARENAS / 64];

static inline bool arena_is_ours(uintptr_t address)
{
    uintptr_t index = address >> ARENA_SHIFT;

    return index < ARENAS && (atomic_load_explicit(&arena_map[index / 64], memory_order_acquire) >> (index % 64) & 1);
}

/** The kind of the slab at an address of ours. */
static inline uint8_t arena_kind_of(uintptr_t address)
{
    uintptr_t base = address & ~(ARENA_SIZE - 1);

    __asm__("" : "+r"(base)); /* compilers think that they know where a constant address cannot lead */
    const struct arena *arena = (const struct arena *)base;
    return atomic_load_explicit(&arena->kinds[(address & (ARENA_SIZE - 1)) / ARENA_SLAB_SIZE], memory_order_acquire);
}

#endif
