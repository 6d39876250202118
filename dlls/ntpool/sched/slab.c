// SPDX-License-Identifier: MIT
#include "sched/slab.h"
#include "sched/arena.h"

enum { EMPTY_SLABS_KEPT = 2 };

/* A free slot. The tag stays first, so that a stale pointer still reads one. */
struct free_slot {
    struct slab_item item;
    struct free_slot *next;
};

/* The head of a slab; slots follow it. All of it is guarded by the shard's lock. */
struct slab {
    struct slab_shard *shard;
    struct slab *next, *before;
    struct free_slot *free;
    uint32_t used;
    uint32_t untouched; /* offset of the first slot that was never handed out */
    _Alignas(64) char slots[];
};

static struct slab_shard *my_shard(struct slab_cache *cache)
{
    return &cache->shards[(nt_thread_id() >> 2) % SLAB_SHARDS];
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

static void collect_returned(struct slab_cache *cache, struct slab_shard *shard)
{
    if (!atomic_load_explicit(&shard->returned, memory_order_relaxed))
        return;
    struct slab_item *item = atomic_exchange_explicit(&shard->returned, NULL, memory_order_acquire);
    while (item) {
        struct free_slot *slot = (struct free_slot *)item;
        item = (struct slab_item *)slot->next;
        free_locked(cache, shard, slot);
    }
}

/* Nobody who pushed to returned while we held the lock will come back for it, so look once more after letting go:
 * the exchange that frees the lock and this load are both sequentially consistent, as are the push and the
 * attempt at the lock on the other side, so one of the two sees the other. */
static void shard_unlock(struct slab_cache *cache, struct slab_shard *shard)
{
    for (;;) {
        sched_lock_release(&shard->lock);
        if (nt_likely(!atomic_load_explicit(&shard->returned, memory_order_seq_cst)) || !sched_lock_try(&shard->lock))
            return;
        collect_returned(cache, shard);
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

/* All but the tag. Items are small, and multiples of 16: a loop beats a call. */
static void clear(void *slot, uint32_t size)
{
    any_word *word = slot, *end = (any_word *)((char *)slot + size);

    ((any_half *)slot)[1] = 0;
    for (word++; word < end; word++) {
        *word = 0;
        __asm__ volatile("" : : "r"(word)); /* or the compiler makes it a call of memset again */
    }
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
            shard_unlock(cache, shard);
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
    shard_unlock(cache, shard);

    clear(slot, cache->size);
    atomic_store_explicit(&slot->item.tag, SLAB_TAG(cache->kind, SLAB_LIVE), memory_order_release);
    return slot;
}

void slab_free(struct slab_cache *cache, void *item)
{
    struct free_slot *slot = item;
    struct slab_shard *shard = arena_slab_of(item)->shard;

    atomic_store_explicit(&slot->item.tag, SLAB_TAG(cache->kind, SLAB_FREE), memory_order_release);
    if (nt_likely(sched_lock_try(&shard->lock))) {
        free_locked(cache, shard, slot);
        shard_unlock(cache, shard);
        return;
    }
    struct slab_item *head = atomic_load_explicit(&shard->returned, memory_order_relaxed);
    do {
        slot->next = (struct free_slot *)head;
    } while (!atomic_compare_exchange_weak_explicit(&shard->returned, &head, &slot->item, memory_order_seq_cst,
                                                    memory_order_relaxed));
    if (sched_lock_try(&shard->lock)) {
        collect_returned(cache, shard);
        shard_unlock(cache, shard);
    }
}

int64_t slab_live_items(struct slab_cache *cache)
{
    int64_t live = 0;

    for (int i = 0; i < SLAB_SHARDS; i++) {
        struct slab_shard *shard = &cache->shards[i];
        sched_lock_acquire(&shard->lock);
        collect_returned(cache, shard);
        live += shard->live;
        shard_unlock(cache, shard);
    }
    return live;
}
