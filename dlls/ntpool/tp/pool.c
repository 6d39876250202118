// SPDX-License-Identifier: MIT
#include "tp/pool.h"
#include "tp/system.h"

struct tp_pool {
    struct slab_item item;
    struct sched_pool *scheduler;
};

static struct slab_cache pools = {.kind = SLAB_POOL, .size = SLAB_SIZE_OF(struct tp_pool)};

static struct sched_lock making; /* guards the creation of the process's own pools */
static struct sched_pool *_Atomic default_pool;
static struct sched_pool *_Atomic special_pools[TP_SPECIAL_POOLS];

static struct sched_pool *make_once(struct sched_pool *_Atomic *place, uint32_t traits, uint32_t maximum)
{
    struct sched_pool *pool = atomic_load_explicit(place, memory_order_acquire);

    if (nt_likely(pool != NULL))
        return pool;
    sched_lock_acquire(&making);
    pool = atomic_load_explicit(place, memory_order_relaxed);
    if (!pool && (pool = sched_pool_create_immortal(traits, maximum)) != NULL)
        atomic_store_explicit(place, pool, memory_order_release);
    sched_lock_release(&making);
    return pool;
}

struct sched_pool *tp_pool_scheduler(struct tp_pool *pool)
{
    return pool ? pool->scheduler : make_once(&default_pool, 0, SCHED_DEFAULT_MAXIMUM);
}

struct sched_pool *tp_special_pool(enum tp_special_pool which)
{
    uint32_t traits = which == TP_IO_THREAD ? POOL_KEEPS_WORKERS | POOL_IS_ALERTABLE : POOL_KEEPS_WORKERS;

    return make_once(&special_pools[which], traits, 1); /* one thread, always the same, from the first callback on */
}

struct sched_pool *tp_pool_for_flags(uint32_t flags)
{
    struct sched_pool *pool;
    uint32_t limit = flags >> 16;

    if (flags & TP_EXECUTE_IN_WAIT_THREAD)
        return tp_special_pool(TP_WAIT_THREAD);
    if (flags & TP_EXECUTE_IN_TIMER_THREAD)
        return tp_special_pool(TP_TIMER_THREAD);
    if (flags & TP_EXECUTE_IN_IO_THREAD)
        return tp_special_pool(TP_IO_THREAD);
    pool = tp_pool_scheduler(NULL);
    if (pool && limit > atomic_load_explicit(&pool->maximum, memory_order_relaxed))
        sched_pool_set_maximum(pool, limit); /* WT_SET_MAX_THREADPOOL_THREADS raises the limit (QUWI-010) */
    return pool;
}

nt_status tp_pool_create(struct tp_pool **pool, void *reserved)
{
    struct tp_pool *created;

    if (reserved)
        return NT_INVALID_PARAMETER;
    created = slab_alloc(&pools);
    if (!created)
        return NT_NO_MEMORY;
    created->scheduler = sched_pool_create();
    if (!created->scheduler) {
        slab_free(&pools, created);
        return NT_NO_MEMORY;
    }
    *pool = created;
    return NT_SUCCESS;
}

void tp_pool_close(struct tp_pool *pool)
{
    TP_OURS_OR_RETURN(pool, SLAB_POOL, "TpReleasePool", (void *), pool);
    struct sched_pool *scheduler = pool->scheduler;
    slab_free(&pools, pool);
    if (!nt_process_is_exiting())
        sched_pool_leave(scheduler);
}

void tp_pool_set_maximum(struct tp_pool *pool, uint32_t maximum)
{
    TP_OURS_OR_RETURN(pool, SLAB_POOL, "TpSetPoolMaxThreads", (void *, uint32_t), pool, maximum);
    sched_pool_set_maximum(pool->scheduler, maximum);
}

nt_status tp_pool_set_minimum(struct tp_pool *pool, uint32_t minimum)
{
    TP_OURS_OR_RETURN_VALUE(pool, SLAB_POOL, "TpSetPoolMinThreads", nt_status, NT_INVALID_PARAMETER, (void *, uint32_t),
                            pool, minimum);
    return sched_pool_set_minimum(pool->scheduler, minimum);
}

nt_status tp_pool_set_stack(struct tp_pool *pool, const struct tp_stack_information *information)
{
    TP_OURS_OR_RETURN_VALUE(pool, SLAB_POOL, "TpSetPoolStackInformation", nt_status, NT_INVALID_PARAMETER,
                            (void *, const void *), pool, information);
    if (!information)
        return NT_INVALID_PARAMETER;
    sched_pool_set_stack(pool->scheduler, (struct nt_stack_size){information->reserve, information->commit});
    return NT_SUCCESS;
}

nt_status tp_pool_query_stack(struct tp_pool *pool, struct tp_stack_information *information)
{
    TP_OURS_OR_RETURN_VALUE(pool, SLAB_POOL, "TpQueryPoolStackInformation", nt_status, NT_INVALID_PARAMETER,
                            (void *, void *), pool, information);
    if (!information)
        return NT_INVALID_PARAMETER;
    struct nt_stack_size stack = sched_pool_stack(pool->scheduler);
    information->reserve = stack.reserve;
    information->commit = stack.commit;
    return NT_SUCCESS;
}
