// SPDX-License-Identifier: MIT
#include "sched/visit.h"
#include "sched/keeper.h"
#include "sched/worker_parts.h"

/* There are few, and they live about as long as the process. */
static struct slab_cache visitors = {
    .kind = SLAB_WORKER, .size = SLAB_SIZE_OF(struct sched_worker), .keep = true, .few = true};

struct sched_worker *sched_visitor_allocate(void)
{
    struct sched_worker *visitor = slab_alloc(&visitors);

    if (visitor)
        visitor->is_visitor = true;
    return visitor;
}

void sched_visitor_free(struct sched_worker *visitor)
{
    slab_free(&visitors, visitor);
}

void sched_visitor_begin(struct sched_worker *visitor)
{
    sched_worker_begin(visitor);
}

void sched_visitor_end(struct sched_worker *visitor)
{
    sched_registry_remove(visitor->thread, visitor->registration);
    sched_worker_gone(visitor);
}

/* Pools with a minimum may count on their threads to stay the same, and those with a stack of their own on its size. */
static bool may_be_visited(const struct sched_pool *pool)
{
    return atomic_load_explicit(&pool->minimum, memory_order_relaxed) == 0 && !pool_had(pool, POOL_IS_ALERTABLE) &&
           !pool_had(pool, POOL_KEEPS_WORKERS) && !atomic_load_explicit(&pool->has_own_stack, memory_order_relaxed);
}

static bool wants_visitor(struct sched_pool *pool, uint64_t state)
{
    return !(state & POOL_SEARCHING) && pool_active(state) < (int)pool_target(state) &&
           pool_total(state) < atomic_load_explicit(&pool->maximum, memory_order_relaxed) && may_be_visited(pool);
}

bool sched_pool_wants_visitor(struct sched_pool *pool)
{
    return wants_visitor(pool, pool_load_state(pool));
}

/* Like parking: gives the search up, then looks once more. If the pool has got a minimum meanwhile, which counted the
 * visitor, a worker takes its place. */
static void leave(struct sched_worker *visitor)
{
    struct sched_pool *pool = visitor->pool;

    sched_lock_acquire(&pool->lock);
    sched_worker_unblock(visitor, BLOCKED_ANY);
    uint64_t state = pool_load_state(pool), new;
    bool replaced;
    do {
        replaced = pool_total(state) <= atomic_load_explicit(&pool->minimum, memory_order_relaxed);
        new = replaced ? state : state - POOL_TOTAL_ONE;
        if (visitor->searching)
            new &= ~POOL_SEARCHING;
    } while (!pool_swap_state(pool, &state, new));
    bool gone = sched_worker_unlink(pool, visitor);
    /* Once unlocked, it may be gone. */
    bool left_work = sched_pool_has_work(pool) && sched_pool_try_enter(pool);
    visitor->pool = NULL;
    sched_lock_release(&pool->lock);
    if (gone) {
        sched_pool_gone(pool);
        return;
    }
    if (replaced)
        sched_worker_start(pool, false, 0);
    if (left_work) {
        sched_pool_notify(pool);
        sched_pool_leave(pool);
    }
    if (nt_unlikely(atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
        sched_keeper_look_soon();
}

/* Once the visitor counts, the pool is there. But it may be another, made on the record of the one that was posted to:
 * nobody has posted to that yet, or it must not be visited, whatever was read before. */
bool sched_visit_begin(struct sched_worker *visitor, struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool);

    do {
        if (!wants_visitor(pool, state))
            return false;
    } while (!pool_swap_state(pool, &state, (state + POOL_TOTAL_ONE) | POOL_SEARCHING));
    visitor->pool = pool;
    visitor->searching = true;
    visitor->persistent = false;
    visitor->seen.at = 0;
    atomic_store_explicit(&visitor->taken, 0, memory_order_relaxed);
    sched_worker_link(visitor);
    if (nt_likely(sched_pool_has_work(pool) && may_be_visited(pool)))
        return true;
    leave(visitor);
    return false;
}

void sched_visit(struct sched_worker *visitor)
{
    sched_worker_work(visitor);
    leave(visitor);
}
