// SPDX-License-Identifier: MIT
/*
 * Where slabs come from: large aligned reservations, cut into slabs of equal size, with one byte per slab that
 * says which kind of item lives there. A bitmap over the whole address space says which reservations are ours.
 */
#ifndef NTPOOL_SCHED_ARENA_H
#define NTPOOL_SCHED_ARENA_H

#include "sched/slab.h"

/** A committed, zeroed slab whose kind is recorded, or NULL when memory is out. */
struct slab *arena_slab_acquire(enum slab_kind kind);
void arena_slab_release(struct slab *slab);

static inline struct slab *arena_slab_of(const void *item)
{
    return (struct slab *)((uintptr_t)item & ~(uintptr_t)(ARENA_SLAB_SIZE - 1));
}

#endif
