// SPDX-License-Identifier: MIT
#include "sched/arena.h"

_Atomic uint64_t arena_map[ARENAS / 64];

static struct sched_lock arenas_lock; /* guards the list of arenas and who owns which slab */
static struct arena *arenas;

static struct arena *arena_create(void)
{
    struct arena *arena = nt_memory_reserve(ARENA_SIZE, ARENA_SIZE);

    if (!arena)
        return NULL;
    uintptr_t index = (uintptr_t)arena >> ARENA_SHIFT;
    if (index >= ARENAS || !nt_memory_commit(arena, ARENA_SLAB_SIZE)) {
        nt_memory_release(arena, ARENA_SIZE);
        return NULL;
    }
    for (uintptr_t i = 0; i < ARENA_SLABS; i++)
        atomic_store_explicit(&arena->kinds[i], SLAB_ARENA, memory_order_relaxed);
    arena->used = 1;
    arena->hint = 1;
    arena->next = arenas;
    arenas = arena;
    atomic_fetch_or_explicit(&arena_map[index / 64], UINT64_C(1) << (index % 64), memory_order_release);
    return arena;
}

static struct slab *take_slab(struct arena *arena, enum slab_kind kind)
{
    uint32_t index = arena->hint;

    while (atomic_load_explicit(&arena->kinds[index], memory_order_relaxed) != SLAB_ARENA)
        index = index + 1 < ARENA_SLABS ? index + 1 : 1;
    struct slab *slab = (struct slab *)((char *)arena + (uintptr_t)index * ARENA_SLAB_SIZE);
    if (!nt_memory_commit(slab, ARENA_SLAB_SIZE))
        return NULL;
    atomic_store_explicit(&arena->kinds[index], (uint8_t)kind, memory_order_release);
    arena->used++;
    arena->hint = index + 1 < ARENA_SLABS ? index + 1 : 1;
    return slab;
}

struct slab *arena_slab_acquire(enum slab_kind kind)
{
    sched_lock_acquire(&arenas_lock);
    struct arena *arena = arenas;
    while (arena && arena->used == ARENA_SLABS)
        arena = arena->next;
    if (!arena)
        arena = arena_create();
    struct slab *slab = arena ? take_slab(arena, kind) : NULL;
    sched_lock_release(&arenas_lock);
    return slab;
}

void arena_slab_release(struct slab *slab)
{
    struct arena *arena = (struct arena *)((uintptr_t)slab & ~(ARENA_SIZE - 1));
    uint32_t index = (uint32_t)(((uintptr_t)slab & (ARENA_SIZE - 1)) / ARENA_SLAB_SIZE);

    sched_lock_acquire(&arenas_lock);
    atomic_store_explicit(&arena->kinds[index], SLAB_ARENA, memory_order_release);
    nt_memory_decommit(slab, ARENA_SLAB_SIZE);
    arena->used--;
    arena->hint = index;
    sched_lock_release(&arenas_lock);
}
