// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/roll_call.h"
#include "sched/worker.h"

static struct slab_cache pools = {.kind = SLAB_SCHEDULER_POOL, .size = SLAB_SIZE_OF(struct sched_pool), .keep = true};

/* Asking costs a system call or two, and the answer hardly ever changes. */
unsigned sched_processors(void)
{
    static _Atomic unsigned processors;
    unsigned known = atomic_load_explicit(&processors, memory_order_relaxed);

    if (nt_unlikely(!known)) {
        known = nt_processor_count();
        atomic_store_explicit(&processors, known, memory_order_relaxed);
    }
    return known;
}

static uint32_t bounded_target(struct sched_pool *pool, uint32_t extra)
{
    uint32_t target = sched_processors();
    uint32_t minimum = atomic_load_explicit(&pool->minimum, memory_order_relaxed);
    uint32_t maximum = atomic_load_explicit(&pool->maximum, memory_order_relaxed);

    if (target < minimum)
        target = minimum;
    target += extra;
    return target < maximum ? target : maximum;
}

uint32_t sched_pool_base_target(struct sched_pool *pool)
{
    return bounded_target(pool, 0);
}

/* Under the lock, so that the last to change what the target is made of is also the last to store it. */
static void update_target(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    uint64_t target = bounded_target(pool, atomic_load_explicit(&pool->extra, memory_order_relaxed));
    uint64_t state = pool_load_state(pool);
    while (!pool_swap_state(pool, &state, (state & ~POOL_TARGET_MASK) | target << POOL_TARGET_SHIFT))
        ;
    sched_lock_release(&pool->lock);
    if (sched_pool_has_work(pool))
        sched_pool_notify(pool);
}

void sched_pool_set_extra(struct sched_pool *pool, uint32_t extra)
{
    if (atomic_load_explicit(&pool->extra, memory_order_relaxed) == extra)
        return;
    atomic_store_explicit(&pool->extra, extra, memory_order_relaxed);
    update_target(pool);
}

/* The target comes last: until then, who looks at the record late finds a pool that wants nobody. */
static struct sched_pool *create(uint32_t traits, uint32_t maximum)
{
    struct sched_pool *pool = slab_alloc(&pools);

    if (!pool)
        return NULL;
    __atomic_store_n(&pool->traits, traits, __ATOMIC_RELEASE); /* after users was cleared; see sched_pool_try_enter */
    atomic_store_explicit(&pool->minimum, 0, memory_order_relaxed);
    atomic_store_explicit(&pool->maximum, maximum, memory_order_relaxed);
    pool->stack = nt_default_stack_size();
    atomic_store_explicit(&pool->users, 1, memory_order_release);
    atomic_store_explicit(&pool->state, (uint64_t)sched_pool_base_target(pool) << POOL_TARGET_SHIFT,
                          memory_order_seq_cst);
    return pool;
}

struct sched_pool *sched_pool_create(void)
{
    return create(0, SCHED_DEFAULT_MAXIMUM);
}

struct sched_pool *sched_pool_create_immortal(uint32_t traits, uint32_t maximum)
{
    return create(traits | POOL_IS_IMMORTAL, maximum);
}

/* Dying is one swap: a late sched_pool_notify either starts a worker before it, which then finds the pool closing and
 * is the one to end it, or finds from then on that somebody is searching already. */
bool sched_pool_dies(struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool);

    if (!sched_pool_is_closing(pool))
        return false;
    while (pool_total(state) == 0)
        if (pool_swap_state(pool, &state, POOL_SEARCHING))
            return true;
    return false;
}

void sched_pool_gone(struct sched_pool *pool)
{
    void (*released)(void *) = pool->released;
    void *owner = pool->owner;

    slab_free(&pools, pool);
    if (released)
        released(owner);
}

void sched_pool_leave(struct sched_pool *pool)
{
    if (pool_has(pool, POOL_IS_IMMORTAL) || atomic_fetch_sub_explicit(&pool->users, 1, memory_order_acq_rel) != 1) {
        /* The last use may be the keeper's, and there may be no keeper to leave. */
        if (nt_unlikely(atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
            sched_keeper_look_soon();
        return;
    }
    sched_lock_acquire(&pool->lock);
    atomic_store_explicit(&pool->closing, true, memory_order_relaxed);
    atomic_store_explicit(&pool->minimum, 0, memory_order_relaxed);
    bool gone = sched_pool_dies(pool);
    struct sched_worker *parked = gone ? NULL : sched_workers_take_parked(pool);
    sched_lock_release(&pool->lock);
    if (gone)
        sched_pool_gone(pool);
    sched_workers_unpark(parked);
}

void sched_pool_set_maximum(struct sched_pool *pool, uint32_t maximum)
{
    if (maximum < 1)
        maximum = 1;
    if (maximum > POOL_MOST_WORKERS)
        maximum = POOL_MOST_WORKERS;
    sched_lock_acquire(&pool->lock);
    uint32_t before = atomic_exchange_explicit(&pool->maximum, maximum, memory_order_seq_cst);
    if (atomic_load_explicit(&pool->minimum, memory_order_relaxed) > maximum)
        atomic_store_explicit(&pool->minimum, maximum, memory_order_relaxed);
    sched_lock_release(&pool->lock);
    update_target(pool);
    if (maximum < before)
        sched_workers_reconsider(pool);
}

struct bounds {
    uint32_t minimum, maximum;
};

/* The lock is held. */
static struct bounds bounds_of(struct sched_pool *pool)
{
    return (struct bounds){atomic_load_explicit(&pool->minimum, memory_order_relaxed),
                           atomic_load_explicit(&pool->maximum, memory_order_relaxed)};
}

static void store_bounds(struct sched_pool *pool, struct bounds bounds)
{
    atomic_store_explicit(&pool->minimum, bounds.minimum, memory_order_seq_cst);
    atomic_store_explicit(&pool->maximum, bounds.maximum, memory_order_seq_cst);
}

/* Takes back what nobody else has changed meanwhile. */
static void restore_bounds(struct sched_pool *pool, struct bounds set, struct bounds before)
{
    sched_lock_acquire(&pool->lock);
    struct bounds now = bounds_of(pool);
    if (now.minimum == set.minimum && now.maximum == set.maximum)
        store_bounds(pool, before);
    sched_lock_release(&pool->lock);
}

nt_status sched_pool_set_minimum(struct sched_pool *pool, uint32_t minimum)
{
    if (minimum > POOL_MOST_WORKERS)
        minimum = POOL_MOST_WORKERS;
    nt_status status = NT_SUCCESS;

    /* First, or the new workers would find themselves one too many. */
    sched_lock_acquire(&pool->lock);
    struct bounds before = bounds_of(pool);
    struct bounds set = {minimum, before.maximum < minimum ? minimum : before.maximum};
    store_bounds(pool, set);
    sched_lock_release(&pool->lock);
    uint64_t state = pool_load_state(pool);
    /* Up to what is the minimum now: if another thread has lowered it, more workers would end as soon as they begin. */
    while (status >= 0 && pool_total(state) < atomic_load_explicit(&pool->minimum, memory_order_relaxed)) {
        if (!pool_swap_state(pool, &state, state + POOL_TOTAL_ONE))
            continue;
        status = sched_worker_start(pool, false, 0);
        state = pool_load_state(pool);
    }
    if (status < 0)
        restore_bounds(pool, set, before);
    update_target(pool);
    if (status < 0 || minimum < before.minimum)
        sched_workers_reconsider(pool);
    return status;
}

void sched_pool_set_stack(struct sched_pool *pool, struct nt_stack_size stack)
{
    sched_lock_acquire(&pool->lock);
    pool->stack = stack;
    atomic_store_explicit(&pool->has_own_stack, true, memory_order_relaxed);
    sched_lock_release(&pool->lock);
}

struct nt_stack_size sched_pool_stack(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    struct nt_stack_size stack = pool->stack;
    sched_lock_release(&pool->lock);
    return stack;
}

void sched_pool_notify_slow(struct sched_pool *pool, uint64_t state)
{
    for (;;) {
        if (state & POOL_SEARCHING)
            return;
        if (!sched_pool_can_grow(pool, state)) {
            sched_roll_call_ask(); /* every worker that may exist is busy; each looks at the lanes when it is done */
            return;
        }
        if (pool_active(state) >= (int)pool_target(state)) {
            sched_keeper_watch(pool);
            return;
        }
        if (pool_idle(state)) {
            if (!pool_swap_state(pool, &state, (state - POOL_IDLE_ONE) | POOL_SEARCHING))
                continue;
            sched_worker_wake(pool, true, 0);
            return;
        }
        if (!pool_swap_state(pool, &state, (state + POOL_TOTAL_ONE) | POOL_SEARCHING | POOL_SEARCHER_STARTING))
            continue;
        sched_worker_start(pool, true, 0); /* a failure has told the keeper */
        return;
    }
}
