// SPDX-License-Identifier: MIT
#include "sched/claim.h"
#include "sched/keeper.h"
#include "sched/task_end.h"
#include "sched/worker.h"
#include "sched/worker_parts.h"

/* How often a worker looks for work before it parks, a look being some ten nanoseconds. On a machine whose processors
 * are all busy every look delays whoever is waited for, and an idle pool must not use a processor. */
enum { FEWEST_LOOKS = 10, MOST_LOOKS = 1024 };

_Atomic uint64_t sched_epoch;

bool sched_worker_is_surplus(struct sched_worker *worker, uint64_t state)
{
    struct sched_pool *pool = worker->pool;

    if (pool_total(state) - pool_idle(state) > atomic_load_explicit(&pool->maximum, memory_order_relaxed))
        return true;
    return pool_active(state) > (int)pool_target(state) && !worker->searching &&
           !atomic_load_explicit(&worker->blocked, memory_order_relaxed);
}

/* What sched_runs_since_before reads. */
static void announce(struct sched_worker *worker, struct sched_task *task)
{
    uint64_t epoch = atomic_load_explicit(&sched_epoch, memory_order_seq_cst);

    atomic_store_explicit(&worker->epoch, epoch, memory_order_relaxed);
    atomic_store_explicit(&worker->current, task, memory_order_relaxed);
}

/* The lane's list was the last but us to know the task: what its poster wrote came to us with the pool's lock. */
static void take_unshared(struct sched_worker *worker, struct sched_lane *lane, struct sched_task *task,
                          uint64_t counts)
{
    announce(worker, task);
    lane_unlink(lane, task);
    counts = counts - TASK_PENDING_ONE + TASK_RUNNING_ONE - TASK_QUEUED;
    atomic_store_explicit(&task->counts, counts, memory_order_relaxed);
    worker->lane = lane;
    lane->taken++;
}

/* Takes one callback from the task at the lane's head. False: it was stale; *final says that it has to be closed. The
 * caller holds the pool's lock, so nobody else unlinks. */
static bool take_from(struct sched_worker *worker, struct sched_lane *lane, struct sched_task *task, bool *final)
{
    uint64_t old = atomic_load_explicit(&task->counts, memory_order_acquire), new;
    bool only_claimed = task_pending(old) == 0 && (old & TASK_CLAIMED), taken;

    if (old & TASK_UNSHARED) {
        take_unshared(worker, lane, task, old);
        return true;
    }
    announce(worker, task);
    lane_unlink(lane, task);
    bool stolen = only_claimed && sched_claim_steal(worker, task);
    do {
        taken = stolen || task_pending(old);
        new = old + (taken ? TASK_RUNNING_ONE : 0) - (taken && !stolen ? TASK_PENDING_ONE : 0);
        if (only_claimed && !stolen)
            new &= ~(uint64_t)TASK_CLAIMED;
        if (task_pending(new) == 0 && !(new &TASK_CLAIMED))
            new &= ~(uint64_t)TASK_QUEUED;
    } while (
        !atomic_compare_exchange_weak_explicit(&task->counts, &old, new, memory_order_seq_cst, memory_order_acquire));
    if (new &TASK_QUEUED) {
        lane_drain_inbox(lane); /* to the tail means behind those in the inbox, too */
        lane_append(lane, task);
    }
    worker->lane = lane;
    lane->taken += taken;
    *final = !taken && task_running(new) == 0 && (new &(TASK_CLOSED | TASK_HELD | TASK_DETACHED)) == TASK_CLOSED;
    return taken;
}

/* The oldest callback of a lane, or NULL. The caller holds the pool's lock, which is released for a moment where a task
 * has to be closed. */
static struct sched_task *take_oldest(struct sched_worker *worker, struct sched_lane *lane)
{
    struct sched_task *task;

    while ((task = lane_first(lane))) {
        bool final;
        if (take_from(worker, lane, task, &final))
            return task;
        if (final) {
            sched_lock_release(&worker->pool->lock);
            task->class->closed(task);
            sched_lock_acquire(&worker->pool->lock);
        }
    }
    return NULL;
}

/* The oldest callback of the highest priority, or NULL. *left_work: there is more, as seen under the lock; see pool.h.
 */
static struct sched_task *take(struct sched_worker *worker, bool *left_work)
{
    struct sched_pool *pool = worker->pool;
    struct sched_task *taken = NULL;

    if (!sched_pool_has_work(pool) || nt_unlikely(sched_worker_is_surplus(worker, pool_load_state(pool))))
        return NULL;
    sched_lock_acquire(&pool->lock);
    if (nt_unlikely(pool->starved != NULL)) {
        struct sched_lane *starved = pool->starved;
        pool->starved = NULL;
        taken = take_oldest(worker, starved);
    }
    for (int priority = 0; priority < SCHED_PRIORITIES && !taken; priority++)
        taken = take_oldest(worker, &pool->lanes[priority]);
    if (!taken)
        atomic_store_explicit(&worker->current, NULL, memory_order_relaxed);
    *left_work = sched_pool_has_work(pool);
    sched_lock_release(&pool->lock);
    return taken;
}

static void count(struct sched_worker *worker, unsigned counter)
{
    uint64_t value = atomic_load_explicit(&worker->counters[counter], memory_order_relaxed);

    atomic_store_explicit(&worker->counters[counter], value + 1, memory_order_relaxed);
}

static void run(struct sched_worker *worker, struct sched_task *task)
{
    bool is_long = (atomic_load_explicit(&task->counts, memory_order_relaxed) & TASK_LONG) != 0;

    worker->in_hand = task;
    if (is_long)
        sched_worker_may_block(worker, BLOCKED_LONG);
    atomic_store_explicit(&worker->busy, true, memory_order_release);
    do {
        uint64_t taken = atomic_load_explicit(&worker->taken, memory_order_relaxed);
        atomic_store_explicit(&worker->taken, taken + 1, memory_order_relaxed);
        count(worker, task->class->counter);
        task->class->run(task, worker);
        if (nt_unlikely(atomic_load_explicit(&worker->blocked, memory_order_relaxed)))
            break;
        if (nt_unlikely(worker->has_detached || worker->afterwards_count))
            break;
    } while (sched_claim_begin(worker) || sched_claim_more(worker, task));
    sched_claim_return(worker);
    atomic_store_explicit(&worker->busy, false, memory_order_relaxed);
    worker->in_hand = NULL;
    /* Before the swap that ends the callback, else sched_wait_begun could wait for one that is over. */
    atomic_store_explicit(&worker->current, NULL, memory_order_relaxed);

    if (nt_unlikely(worker->has_detached)) {
        worker->has_detached = false;
        sched_task_detached_ended(task);
    } else {
        sched_task_ended(task);
    }
    while (nt_unlikely(worker->afterwards_count)) {
        worker->afterwards_count--;
        worker->afterwards[worker->afterwards_count].action(worker->afterwards[worker->afterwards_count].argument);
    }
    if (nt_unlikely(atomic_load_explicit(&worker->blocked, memory_order_relaxed)))
        sched_worker_unblock_all(worker);
}

void sched_afterwards(struct sched_worker *worker, void (*action)(void *argument), void *argument)
{
    worker->afterwards[worker->afterwards_count].action = action;
    worker->afterwards[worker->afterwards_count].argument = argument;
    worker->afterwards_count++;
}

void sched_detach(struct sched_worker *worker)
{
    struct sched_task *task = atomic_load_explicit(&worker->current, memory_order_relaxed);

    if (worker->has_detached || !task)
        return;
    sched_claim_return(worker); /* no claim outlasts what makes its task busy */
    worker->has_detached = true;
    atomic_store_explicit(&worker->current, NULL, memory_order_release);
    sched_task_detached(task);
}

/* Gives the searching bit up once work was found; more work is the next worker's. */
static void pass_search_on(struct sched_worker *worker)
{
    worker->searching = false;
    atomic_fetch_and_explicit(&worker->pool->state, ~POOL_SEARCHING, memory_order_seq_cst);
}

/* A thread that is being started may be held up (by the loader's lock, for one), and its search with it: whoever is
 * there first takes the search. */
static bool take_over_search(struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool);

    while (state & POOL_SEARCHER_STARTING)
        if (pool_swap_state(pool, &state, state & ~POOL_SEARCHER_STARTING))
            return true;
    return false;
}

/* Looks at the lanes for a moment before it parks, unless somebody else does. Submitters then need not wake anyone. */
static bool spin_for_work(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;
    uint64_t state = pool_load_state(pool);

    if (!worker->searching)
        worker->searching = take_over_search(pool);
    if (sched_worker_is_surplus(worker, state))
        return false;
    if (!worker->searching) {
        if (pool_active(state) > (int)pool_target(state) || pool_has(pool, POOL_IS_ALERTABLE))
            return false;
        do {
            if (state & POOL_SEARCHING)
                return false;
        } while (!pool_swap_state(pool, &state, state | POOL_SEARCHING));
        worker->searching = true;
    }
    uint32_t looks = sched_processors() > 1 ? sched_patience_looks(&worker->patience) : 1;
    for (uint32_t i = 0; i < looks; i++) {
        if (sched_pool_has_work(pool)) {
            sched_patience_paid(&worker->patience, i);
            return true;
        }
        nt_cpu_relax();
    }
    sched_patience_failed(&worker->patience, looks);
    return false;
}

static void run_what_is_queued(struct sched_worker *worker)
{
    struct sched_task *task;
    bool left_work;

    while (nt_likely((task = take(worker, &left_work)) != NULL)) {
        if (worker->searching) {
            pass_search_on(worker);
            left_work = left_work || sched_pool_has_work(worker->pool);
        }
        if (left_work)
            sched_pool_notify(worker->pool);
        run(worker, task);
    }
    if (nt_unlikely(atomic_load_explicit(&worker->blocked, memory_order_relaxed)))
        sched_worker_unblock_all(worker);
}

void sched_worker_begin(struct sched_worker *worker)
{
    worker->thread = nt_thread_id();
    worker->patience = (struct sched_patience)SCHED_PATIENCE(FEWEST_LOOKS, MOST_LOOKS);
    nt_parker_init(&worker->parker);
    nt_activation_base(&worker->activation);
    sched_registry_add(worker);
}

void sched_worker_work(struct sched_worker *worker)
{
    do {
        run_what_is_queued(worker);
    } while (spin_for_work(worker));
}

static void worker_main(void *argument)
{
    struct sched_worker *worker = argument;

    sched_worker_begin(worker);
    if (worker->searching)
        worker->searching = take_over_search(worker->pool);
    do {
        sched_worker_work(worker);
    } while (sched_worker_park(worker));
    sched_worker_gone(worker);
}

nt_status sched_worker_start(struct sched_pool *pool, bool searching, uint32_t blocked)
{
    struct sched_worker *worker = sched_worker_allocate(pool, searching, blocked);
    nt_status status = NT_NO_MEMORY;

    if (worker) {
        struct nt_stack_size stack = sched_pool_stack(pool);
        status = nt_thread_start(worker_main, worker, &stack);
        if (status >= 0)
            return status;
    }
    sched_worker_not_started(pool, worker, searching, blocked);
    return status;
}
