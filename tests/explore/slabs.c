// SPDX-License-Identifier: MIT
/* slab_alloc and slab_free as the rest of the code under test calls them: what they hand out and take back is noted. */
#include "machine.h"
#include "sched/slab.h"

void *__real_slab_alloc(struct slab_cache *cache);
void __real_slab_free(struct slab_cache *cache, void *item);
void *__wrap_slab_alloc(struct slab_cache *cache);
void __wrap_slab_free(struct slab_cache *cache, void *item);

static long live;

long slabs_live(void)
{
    return live;
}

void *__wrap_slab_alloc(struct slab_cache *cache)
{
    machine.current->in_slab++;
    void *item = __real_slab_alloc(cache);
    machine.current->in_slab--;
    if (!item)
        return NULL;
    memory_reused(item, cache->size);
    live += !cache->keep;
    return item;
}

void __wrap_slab_free(struct slab_cache *cache, void *item)
{
    struct slab_item *tagged = item;

    machine_step("frees", item, __builtin_return_address(0));
    buffers_flush(machine.current);
    if (memory_is_freed(item)) {
        trace_print_place(__builtin_return_address(0));
        explore_fail("%p is freed twice", item);
    }
    if (cache->keep) {
        memory_kept(item); /* late looks at these are allowed */
    } else {
        live--;
        memory_freed(item, cache->size);
    }
    if (machine.world.quarantines && !cache->keep) {
        tagged->tag = SLAB_TAG(cache->kind, SLAB_FREE);
        return;
    }
    machine.current->in_slab++;
    __real_slab_free(cache, item);
    machine.current->in_slab--;
}
