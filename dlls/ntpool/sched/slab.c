// SPDX-License-Identifier: MIT
#include "sched/slab.h"
#include "sched/arena.h"

enum {
    EMPTY_SLABS_KEPT = 2,
    RETURNED_MOST = 256, /* then whoever returns one more slot puts them all back */
};

/* Addresses of user space have 47 bits. */
#define RETURNED_COUNT_SHIFT 48
#define RETURNED_ONE         (UINT64_C(1) << RETURNED_COUNT_SHIFT)

/* A free slot. The tag stays first, so that a stale pointer still reads one. */
struct free_slot {
    struct slab_item item;
    struct free_slot *next;
};

/* The head of a slab; slots follow it. All but shard is guarded by the shard's lock, and written all the time by those
 * who allocate; who frees reads shard. */
struct slab {
    struct slab_shard *shard;
    _Alignas(64) struct slab *next, *before;
    struct free_slot *free;
    uint32_t used;
    uint32_t untouched; /* offset of the first slot that was never handed out */
    _Alignas(64) char slots[];
};

static struct slab_shard *my_shard(struct slab_cache *cache)
{
    return &cache->shards[cache->few ? 0 : (nt_thread_id() >> 2) % SLAB_SHARDS];
}

static bool slab_has_room(const struct slab_cache *cache, const struct slab *slab)
{
    return slab->free || slab->untouched + cache->size <= ARENA_SLAB_SIZE;
}

static void partial_insert(struct slab_shard *shard, struct slab *slab)
{
    slab->before = NULL;
    slab->next = shard->partial;
    if (slab->next)
        slab->next->before = slab;
    shard->partial = slab;
}

static void partial_remove(struct slab_shard *shard, struct slab *slab)
{
    if (slab->before)
        slab->before->next = slab->next;
    else
        shard->partial = slab->next;
    if (slab->next)
        slab->next->before = slab->before;
}

static void free_locked(struct slab_cache *cache, struct slab_shard *shard, struct free_slot *slot)
{
    struct slab *slab = arena_slab_of(slot);

    if (!slab_has_room(cache, slab))
        partial_insert(shard, slab);
    slot->next = slab->free;
    slab->free = slot;
    shard->live--;
    if (--slab->used)
        return;
    if (cache->keep || shard->empty_slabs < EMPTY_SLABS_KEPT) {
        shard->empty_slabs++;
        return;
    }
    partial_remove(shard, slab);
    arena_slab_release(slab);
}

static struct free_slot *first_returned(uint64_t returned)
{
    return (struct free_slot *)(uintptr_t)(returned & (RETURNED_ONE - 1));
}

/* The lock is held. */
static void collect_returned(struct slab_cache *cache, struct slab_shard *shard)
{
    uint64_t returned = atomic_exchange_explicit(&shard->returned, 0, memory_order_acquire);
    struct free_slot *slot = first_returned(returned);

    while (slot) {
        struct free_slot *next = slot->next;
        free_locked(cache, shard, slot);
        slot = next;
    }
}

static struct slab *slab_create(struct slab_cache *cache, struct slab_shard *shard)
{
    struct slab *slab = arena_slab_acquire(cache->kind);

    if (!slab)
        return NULL;
    slab->shard = shard;
    slab->free = NULL;
    slab->used = 0;
    slab->untouched = offsetof(struct slab, slots);
    partial_insert(shard, slab);
    shard->empty_slabs++;
    return slab;
}

/* What is cleared is read as other types later. */
typedef uint64_t __attribute__((may_alias)) any_word;
typedef uint32_t __attribute__((may_alias)) any_half;
typedef uint64_t __attribute__((may_alias, vector_size(16))) any_pair;

/* All but the tag. Items are small, and multiples of 16: a loop beats a call. */
static void clear(void *slot, uint32_t size)
{
    any_pair *pair = slot, *end = (any_pair *)((char *)slot + size);

    ((any_half *)slot)[1] = 0;
    ((any_word *)slot)[1] = 0;
    for (pair++; pair < end; pair++) {
        *pair = (any_pair){0, 0};
        __asm__ volatile("" : : "r"(pair)); /* or the compiler makes it a call of memset again */
    }
}

/* The same for kinds whose stale pointers are looked at, perhaps just now: what is atomic there reads the old or 0. */
static void clear_under_looks(void *slot, uint32_t size)
{
    any_word *word = slot, *end = (any_word *)((char *)slot + size);

    __atomic_store_n((any_half *)slot + 1, 0, __ATOMIC_RELAXED);
    for (word++; word < end; word++)
        __atomic_store_n(word, 0, __ATOMIC_RELAXED);
}

void *slab_alloc(struct slab_cache *cache)
{
    struct slab_shard *shard = my_shard(cache);

    sched_lock_acquire(&shard->lock);
    struct slab *slab = shard->partial;
    if (nt_unlikely(!slab)) {
        collect_returned(cache, shard);
        slab = shard->partial;
        if (!slab)
            slab = slab_create(cache, shard);
        if (!slab) {
            sched_lock_release(&shard->lock);
            return NULL;
        }
    }
    struct free_slot *slot = slab->free;
    if (slot) {
        slab->free = slot->next;
    } else {
        slot = (struct free_slot *)((char *)slab + slab->untouched);
        slab->untouched += cache->size;
    }
    shard->live++;
    if (slab->used++ == 0)
        shard->empty_slabs--;
    if (!slab_has_room(cache, slab))
        partial_remove(shard, slab);
    sched_lock_release(&shard->lock);

    if (cache->keep)
        clear_under_looks(slot, cache->size);
    else
        clear(slot, cache->size);
    atomic_store_explicit(&slot->item.tag, SLAB_TAG(cache->kind, SLAB_LIVE), memory_order_release);
    return slot;
}

/* Release: whoever collects the slot sees it as we left it. */
static void give_back(struct slab_cache *cache, struct slab_shard *shard, struct free_slot *slot)
{
    uint64_t returned = atomic_load_explicit(&shard->returned, memory_order_relaxed), with;

    do {
        slot->next = first_returned(returned);
        with = (uint64_t)(uintptr_t)slot | ((returned & ~(RETURNED_ONE - 1)) + RETURNED_ONE);
    } while (!atomic_compare_exchange_weak_explicit(&shard->returned, &returned, with, memory_order_release,
                                                    memory_order_relaxed));
    if (nt_unlikely(with >= RETURNED_MOST * RETURNED_ONE) && sched_lock_try(&shard->lock)) {
        collect_returned(cache, shard);
        sched_lock_release(&shard->lock);
    }
}

/* What this thread's shard has not handed out is left to those who use that shard, who take many at a time: so a thread
 * that creates and one that frees do not fight for a lock. */
void slab_free(struct slab_cache *cache, void *item)
{
    struct free_slot *slot = item;
    struct slab_shard *shard = arena_slab_of(item)->shard;

    atomic_store_explicit(&slot->item.tag, SLAB_TAG(cache->kind, SLAB_FREE), memory_order_release);
    if (shard != my_shard(cache) || nt_unlikely(!sched_lock_try(&shard->lock))) {
        give_back(cache, shard, slot);
        return;
    }
    free_locked(cache, shard, slot);
    sched_lock_release(&shard->lock);
}

int64_t slab_live_items(struct slab_cache *cache)
{
    int64_t live = 0;

    for (int i = 0; i < SLAB_SHARDS; i++) {
        struct slab_shard *shard = &cache->shards[i];
        sched_lock_acquire(&shard->lock);
        collect_returned(cache, shard);
        live += shard->live;
        sched_lock_release(&shard->lock);
    }
    return live;
}
