// SPDX-License-Identifier: MIT
#include "sched/arena.h"

#if UINTPTR_MAX > UINT32_MAX
#define ARENA_SHIFT  26 /* 64 MiB of reserved, mostly uncommitted addresses */
#define ADDRESS_BITS 47
#else
#define ARENA_SHIFT  22
#define ADDRESS_BITS 32
#endif

#define ARENA_SIZE  ((uintptr_t)1 << ARENA_SHIFT)
#define ARENA_SLABS (ARENA_SIZE / ARENA_SLAB_SIZE)
#define ARENAS      ((uintptr_t)1 << (ADDRESS_BITS - ARENA_SHIFT))

/* The first slab of an arena holds this. */
struct arena {
    struct arena *next;
    uint32_t used;                      /* slabs, guarded by arenas_lock */
    uint32_t hint;                      /* where to look for a free slab first, guarded by arenas_lock */
    _Atomic uint8_t kinds[ARENA_SLABS]; /* enum slab_kind; SLAB_ARENA: not in use. Read without the lock. */
};

/* One bit per possible arena. Bits are set once and never cleared: arenas are kept, only their pages are given back. */
static _Atomic uint64_t is_arena[ARENAS / 64];

static struct sched_lock arenas_lock; /* guards the list of arenas and who owns which slab */
static struct arena *arenas;

enum slab_kind slab_kind_of(const void *pointer)
{
    uintptr_t address = (uintptr_t)pointer;
    uintptr_t index = address >> ARENA_SHIFT;

    if (nt_unlikely(index >= ARENAS))
        return SLAB_FOREIGN;
    if (!(atomic_load_explicit(&is_arena[index / 64], memory_order_acquire) >> (index % 64) & 1))
        return SLAB_FOREIGN;
    if (nt_unlikely(address % 16))
        return SLAB_ARENA;
    const struct arena *arena = (const struct arena *)(address & ~(ARENA_SIZE - 1));
    return atomic_load_explicit(&arena->kinds[(address & (ARENA_SIZE - 1)) / ARENA_SLAB_SIZE], memory_order_acquire);
}

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
    atomic_fetch_or_explicit(&is_arena[index / 64], UINT64_C(1) << (index % 64), memory_order_release);
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
