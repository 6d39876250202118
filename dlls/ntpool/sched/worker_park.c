// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/roll_call.h"
#include "sched/visit.h"
#include "sched/worker_parts.h"

/* A worker above the minimum ends after this long without work (POOL-023). */
#define IDLE_TIMEOUT (20 * NT_SECOND)

_Atomic uint32_t sched_workers_created, sched_workers_now, sched_workers_peak;

static struct slab_cache workers = {.kind = SLAB_WORKER, .size = SLAB_SIZE_OF(struct sched_worker), .few = true};

/* ---- the parked stack; the pool's lock is held ------------------------------------------------ */

static void parked_push(struct sched_pool *pool, struct sched_worker *worker)
{
    worker->is_parked = true;
    worker->parked_above = NULL;
    worker->parked_below = pool->parked;
    if (pool->parked)
        pool->parked->parked_above = worker;
    pool->parked = worker;
}

static void parked_remove(struct sched_pool *pool, struct sched_worker *worker)
{
    if (worker->parked_above)
        worker->parked_above->parked_below = worker->parked_below;
    else
        pool->parked = worker->parked_below;
    if (worker->parked_below)
        worker->parked_below->parked_above = worker->parked_above;
    worker->is_parked = false;
}

/* ---- waking ------------------------------------------------------------------------------------ */

/* Once unparked, a worker may end at any moment: it is not touched after its token. */
static void unpark(struct sched_worker *worker)
{
    if (worker->wake_event)
        nt_unpark_alertable(&worker->parker, worker->wake_event);
    else
        nt_unpark(&worker->parker);
}

void sched_worker_wake(struct sched_pool *pool, bool searching, uint32_t blocked)
{
    sched_lock_acquire(&pool->lock);
    struct sched_worker *worker = pool->parked;
    if (nt_likely(worker != NULL)) {
        parked_remove(pool, worker);
        worker->searching = searching;
        atomic_store_explicit(&worker->blocked, blocked, memory_order_relaxed);
        atomic_store_explicit(&worker->called, true, memory_order_seq_cst);
    }
    sched_lock_release(&pool->lock);
    if (nt_likely(worker != NULL)) {
        unpark(worker);
        sched_roll_call_ask();
    }
}

/* Takes only as many out of the stack as idle counts: the others are in the hands of wakers on their way. In one hold
 * of the lock, or one that parks again meanwhile would be woken in another's place. */
struct sched_worker *sched_workers_take_parked(struct sched_pool *pool)
{
    struct sched_worker *taken = NULL;
    uint64_t state = pool_load_state(pool);

    while (pool_idle(state) && !pool_swap_state(pool, &state, state - pool_idle(state) * POOL_IDLE_ONE))
        ;
    for (unsigned count = pool_idle(state); count; count--) {
        struct sched_worker *worker = pool->parked;
        parked_remove(pool, worker);
        worker->searching = false;
        atomic_store_explicit(&worker->called, true, memory_order_seq_cst);
        worker->parked_below = taken;
        taken = worker;
    }
    return taken;
}

void sched_workers_unpark(struct sched_worker *taken)
{
    if (!taken)
        return;
    while (taken) {
        struct sched_worker *worker = taken;
        taken = worker->parked_below;
        unpark(worker);
    }
    sched_roll_call_ask();
}

void sched_workers_reconsider(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    struct sched_worker *taken = sched_workers_take_parked(pool);
    sched_lock_release(&pool->lock);
    sched_workers_unpark(taken);
}

/* ---- coming and going --------------------------------------------------------------------------- */

void sched_worker_link(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;

    sched_lock_acquire(&pool->lock);
    worker->before = NULL;
    worker->next = pool->workers;
    if (worker->next)
        worker->next->before = worker;
    pool->workers = worker;
    sched_lock_release(&pool->lock);
}

static void count_thread(void)
{
    atomic_fetch_add_explicit(&sched_workers_created, 1, memory_order_relaxed);
    uint32_t now = atomic_fetch_add_explicit(&sched_workers_now, 1, memory_order_relaxed) + 1;
    uint32_t peak = atomic_load_explicit(&sched_workers_peak, memory_order_relaxed);
    while (peak < now && !atomic_compare_exchange_weak_explicit(&sched_workers_peak, &peak, now, memory_order_relaxed,
                                                                memory_order_relaxed))
        ;
}

struct sched_worker *sched_worker_allocate(struct sched_pool *pool, bool searching, uint32_t blocked)
{
    struct sched_worker *worker = slab_alloc(&workers);

    if (!worker)
        return NULL;
    if (pool_has(pool, POOL_IS_ALERTABLE) && nt_event_create(&worker->wake_event, false) < 0) {
        slab_free(&workers, worker);
        return NULL;
    }
    worker->pool = pool;
    worker->searching = searching;
    atomic_store_explicit(&worker->blocked, blocked, memory_order_relaxed);
    sched_worker_link(worker);
    count_thread();
    return worker;
}

bool sched_worker_unlink(struct sched_pool *pool, struct sched_worker *worker)
{
    /* A visitor may have been terminated before it was linked. */
    if (worker && (worker->before || pool->workers == worker)) {
        if (worker->before)
            worker->before->next = worker->next;
        else
            pool->workers = worker->next;
        if (worker->next)
            worker->next->before = worker->before;
        worker->before = worker->next = NULL;
        pool->taken_by_the_gone += atomic_load_explicit(&worker->taken, memory_order_relaxed);
    }
    return sched_pool_dies(pool);
}

void sched_worker_lost(void)
{
    atomic_fetch_sub_explicit(&sched_workers_now, 1, memory_order_relaxed);
}

static void free_record(struct sched_worker *worker)
{
    if (worker->is_visitor) {
        sched_visitor_free(worker);
        return;
    }
    if (worker->wake_event)
        nt_handle_close(worker->wake_event);
    sched_worker_lost();
    slab_free(&workers, worker);
}

void sched_worker_not_started(struct sched_pool *pool, struct sched_worker *worker, bool searching, uint32_t blocked)
{
    uint64_t state = pool_load_state(pool), new;

    if (worker)
        atomic_fetch_sub_explicit(&sched_workers_created, 1, memory_order_relaxed);
    sched_lock_acquire(&pool->lock);
    do {
        new = state - POOL_TOTAL_ONE - (blocked ? POOL_BLOCKED_ONE : 0);
        /* Unless another worker has taken the search over. */
        if (searching && state & POOL_SEARCHER_STARTING)
            new &= ~(POOL_SEARCHING | POOL_SEARCHER_STARTING);
    } while (!pool_swap_state(pool, &state, new));
    bool gone = sched_worker_unlink(pool, worker);
    sched_lock_release(&pool->lock);
    if (worker)
        free_record(worker);
    if (gone)
        sched_pool_gone(pool);
    else if (sched_pool_has_work(pool))
        sched_keeper_watch(pool); /* it tries again until a thread can be had */
}

void sched_worker_drop(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;

    sched_lock_acquire(&pool->lock);
    sched_worker_unblock(worker, BLOCKED_ANY);
    uint64_t state = pool_load_state(pool);
    while (!pool_swap_state(pool, &state, (state - POOL_TOTAL_ONE) & ~(worker->searching ? POOL_SEARCHING : 0)))
        ;
    bool gone = sched_worker_unlink(pool, worker);
    bool left_work = sched_pool_has_work(pool) && sched_pool_try_enter(pool); /* once unlocked, it may be gone */
    sched_lock_release(&pool->lock);
    if (gone)
        sched_pool_gone(pool);
    if (left_work) {
        sched_pool_notify(pool);
        sched_pool_leave(pool);
    }
}

void sched_worker_gone(struct sched_worker *worker)
{
    free_record(worker);
}

/* ---- parking ------------------------------------------------------------------------------------ */

static bool may_retire(struct sched_worker *worker, uint64_t state)
{
    struct sched_pool *pool = worker->pool;

    return pool_total(state) > atomic_load_explicit(&pool->minimum, memory_order_relaxed) &&
           !((worker->persistent || pool_has(pool, POOL_KEEPS_WORKERS)) && !sched_pool_is_closing(pool));
}

/* Leaves the stack, the counts and the pool in one step, so that whoever posts next sees room for a new worker, and the
 * registry with it, so that the pool of whoever is registered is there. False when somebody is about to wake this
 * worker, or it is needed. */
static bool leave(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;
    bool gone = false;

    sched_lock_acquire(&pool->lock);
    uint64_t state = pool_load_state(pool);
    bool leaves = worker->is_parked;
    while (leaves) {
        if (pool_idle(state) == 0 || !may_retire(worker, state))
            leaves = false;
        else if (pool_swap_state(pool, &state, state - POOL_IDLE_ONE - POOL_TOTAL_ONE))
            break;
    }
    if (leaves) {
        parked_remove(pool, worker);
        sched_registry_remove(worker->thread, worker->registration);
        gone = sched_worker_unlink(pool, worker);
    }
    sched_lock_release(&pool->lock);
    if (gone)
        sched_pool_gone(pool);
    return leaves;
}

/* A worker that ends at once: its pool is closing, or may have fewer workers now. */
static bool must_leave(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;
    uint64_t state = pool_load_state(pool);

    return (sched_pool_is_closing(pool) ||
            pool_total(state) > atomic_load_explicit(&pool->maximum, memory_order_relaxed)) &&
           may_retire(worker, state);
}

/* Before it may be parked, and so called, again. */
static void has_come(struct sched_worker *worker)
{
    atomic_store_explicit(&worker->called, false, memory_order_relaxed);
}

bool sched_worker_park(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;

    sched_lock_acquire(&pool->lock);
    sched_worker_unblock(worker, BLOCKED_ANY);
    worker->seen.at = 0; /* who rests uses no processor, but not because it blocks */
    parked_push(pool, worker);
    uint64_t state = pool_load_state(pool), new;
    do {
        new = state + POOL_IDLE_ONE;
        if (worker->searching)
            new &= ~POOL_SEARCHING;
    } while (!pool_swap_state(pool, &state, new));
    worker->searching = false;
    bool must_go = must_leave(worker);
    sched_lock_release(&pool->lock);

    /* The other half of the promise in pool.h: the searching bit is gone, look once more. */
    if (sched_pool_has_work(pool))
        sched_pool_notify(pool);
    if (nt_unlikely(atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
        sched_keeper_look_soon();

    if (worker->wake_event) {
        nt_park_alertable(&worker->parker, worker->wake_event);
        has_come(worker);
        return true;
    }
    for (;;) {
        uint64_t deadline = NT_FOREVER;
        if (must_go)
            deadline = 0;
        else if (may_retire(worker, pool_load_state(pool)))
            deadline = nt_time_now() + IDLE_TIMEOUT;
        if (nt_park(&worker->parker, deadline)) {
            has_come(worker);
            return true;
        }
        if ((must_go || !nt_thread_has_pending_io()) && leave(worker))
            return false;
        must_go = false;
    }
}
