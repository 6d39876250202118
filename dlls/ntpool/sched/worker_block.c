// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/port.h"
#include "sched/worker_parts.h"

void sched_worker_block(struct sched_worker *worker, uint32_t reason)
{
    uint32_t before = atomic_fetch_or_explicit(&worker->blocked, reason, memory_order_relaxed);

    if (!before)
        atomic_fetch_add_explicit(&worker->pool->state, POOL_BLOCKED_ONE, memory_order_seq_cst);
}

void sched_worker_unblock(struct sched_worker *worker, uint32_t reasons)
{
    uint32_t before = atomic_fetch_and_explicit(&worker->blocked, ~reasons, memory_order_relaxed);

    if (before && !(before & ~reasons))
        atomic_fetch_sub_explicit(&worker->pool->state, POOL_BLOCKED_ONE, memory_order_seq_cst);
}

void sched_worker_may_block(struct sched_worker *worker, uint32_t reason)
{
    struct sched_pool *pool = worker->pool;

    sched_lock_acquire(&pool->lock);
    sched_worker_block(worker, reason);
    sched_lock_release(&pool->lock);
    if (worker->is_visitor)
        sched_poller_may_block(worker);
    if (sched_pool_has_work(pool))
        sched_pool_notify(pool);
}

void sched_worker_unblock_all(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;

    sched_lock_acquire(&pool->lock);
    sched_worker_unblock(worker, BLOCKED_ANY);
    sched_lock_release(&pool->lock);
    /* The watch may have ended while the pool was at its maximum and nothing moved. What comes next may compute. */
    if (sched_pool_has_extra(pool) && sched_pool_has_work(pool))
        sched_keeper_watch(pool);
}

struct sched_worker *sched_blocking_begin(void)
{
    struct sched_worker *worker = sched_worker_current();

    if (!worker || atomic_load_explicit(&worker->blocked, memory_order_relaxed) & BLOCKED_IN_WAIT)
        return NULL;
    sched_worker_may_block(worker, BLOCKED_IN_WAIT);
    return worker;
}

void sched_blocking_end(struct sched_worker *worker)
{
    sched_lock_acquire(&worker->pool->lock);
    sched_worker_unblock(worker, BLOCKED_IN_WAIT);
    sched_lock_release(&worker->pool->lock);
}

bool sched_may_run_long(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;
    struct sched_task *task = atomic_load_explicit(&worker->current, memory_order_relaxed);
    uint64_t state;

    if (task && atomic_load_explicit(&task->counts, memory_order_relaxed) & TASK_LONG)
        return true; /* said so when it was created */
    sched_worker_may_block(worker, BLOCKED_LONG);
    state = pool_load_state(pool);
    for (;;) {
        if (pool_idle(state) || (int)pool_active(state) > 0)
            return true; /* somebody else is there */
        if (!sched_pool_can_grow(pool, state))
            return false;
        if (pool_swap_state(pool, &state, state + POOL_TOTAL_ONE))
            return sched_worker_start(pool, false, 0) >= 0;
    }
}

/* Callbacks begin under the pool's lock, announced before they are counted; one that takes the place of
 * another of its task is announced later, and passes for old until then. Whatever is counted and not announced as begun
 * since is old, or has just ended and not been counted out. */
bool sched_runs_since_before(struct sched_pool *pool, struct sched_task *task, uint64_t epoch)
{
    uint32_t begun_since = 0, running;

    sched_lock_acquire(&pool->lock);
    running = sched_running(task);
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        begun_since += atomic_load_explicit(&worker->current, memory_order_acquire) == task &&
                       atomic_load_explicit(&worker->epoch, memory_order_relaxed) >= epoch;
    sched_lock_release(&pool->lock);
    return running > begun_since;
}
