// SPDX-License-Identifier: MIT
#include "sched/backoff.h"
#include "sched/claim.h"
#include "sched/lot.h"
#include "sched/patience.h"
#include "sched/task_end.h"
#include "sched/worker.h"

static struct sched_lock detach_lock; /* guards every task's detached, together with its TASK_DETACHED */

static bool is_idle(uint64_t counts)
{
    return task_pending(counts) == 0 && task_running(counts) == 0;
}

static bool is_final(uint64_t counts)
{
    return is_idle(counts) && (counts & (TASK_CLOSED | TASK_QUEUED | TASK_HELD | TASK_DETACHED)) == TASK_CLOSED;
}

static uint64_t load_counts(struct sched_task *task)
{
    return atomic_load_explicit(&task->counts, memory_order_acquire);
}

/* Sequentially consistent on success: it publishes what came before it, takes what others published, and orders a post
 * before the look at the pool's state. */
static bool swap_counts(struct sched_task *task, uint64_t *old, uint64_t new)
{
    return atomic_compare_exchange_weak_explicit(&task->counts, old, new, memory_order_seq_cst, memory_order_acquire);
}

static void init(struct sched_task *task, const struct sched_task_class *class, struct sched_pool *pool,
                 enum sched_priority priority, bool is_long, uint64_t counts)
{
    task->class = class;
    task->pool = pool;
    counts |= (uint64_t)priority << TASK_PRIORITY_SHIFT | (is_long ? TASK_LONG : 0);
    atomic_store_explicit(&task->counts, counts, memory_order_relaxed);
}

void sched_task_init(struct sched_task *task, const struct sched_task_class *class, struct sched_pool *pool,
                     enum sched_priority priority, bool is_long)
{
    init(task, class, pool, priority, is_long, 0);
}

void sched_task_init_posted(struct sched_task *task, const struct sched_task_class *class, struct sched_pool *pool,
                            enum sched_priority priority, bool is_long)
{
    init(task, class, pool, priority, is_long, TASK_PENDING_ONE | TASK_CLOSED | TASK_QUEUED);
}

void sched_launch_quietly(struct sched_task *task)
{
    lane_push(sched_lane_of(task->pool, load_counts(task)), task);
}

void sched_launch(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;

    sched_launch_quietly(task);
    sched_pool_notify(pool);
}

static bool is_stale(uint64_t counts)
{
    return task_pending(counts) == 0 && (counts & (TASK_QUEUED | TASK_CLAIMED)) == TASK_QUEUED;
}

/* The task is stale in its lane and others stand behind it: its new post belongs behind them. While we hold the lock
 * and the task is queued, nobody can unlink it, so nobody can free it. If it is not linked, its first poster has yet to
 * push it, and that will be behind everything posted so far. */
static bool post_stale(struct sched_task *task, struct sched_pool *pool, uint64_t counts)
{
    struct sched_lane *lane = sched_lane_of(pool, counts);
    bool posted = false;

    sched_lock_acquire(&pool->lock);
    counts = load_counts(task);
    lane_drain_inbox(lane);
    if (lane_is_linked(lane, task) && is_stale(counts)) {
        lane_unlink(lane, task);
        lane_append(lane, task);
    }
    while (!posted && is_stale(counts))
        posted = swap_counts(task, &counts, counts + TASK_PENDING_ONE);
    sched_lock_release(&pool->lock);
    return posted;
}

void sched_post_quietly(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;
    uint64_t old = load_counts(task);
    unsigned pauses = 1;

    for (;;) {
        if (nt_unlikely(old & TASK_REFUSING))
            return;
        if (is_stale(old) && !lane_ends_with(sched_lane_of(pool, old), task)) {
            if (post_stale(task, pool, old))
                return;
            old = load_counts(task);
            continue;
        }
        if (nt_likely(swap_counts(task, &old, (old + TASK_PENDING_ONE) | TASK_QUEUED)))
            break;
        sched_back_off(&pauses);
        old = load_counts(task);
    }
    if (!(old & TASK_QUEUED))
        lane_push(sched_lane_of(pool, old), task);
}

void sched_post(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;

    sched_post_quietly(task);
    sched_pool_notify(pool);
}

/* Claims come and go under the lock only. The announcement of those who wait goes with what is cancelled, as at the end
 * of a callback: they look again. */
static uint32_t cancel_claimed(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;

    sched_lock_acquire(&pool->lock);
    uint32_t recalled = sched_claims_recall(task), cancelled;
    uint64_t old = load_counts(task), new;
    do {
        cancelled = task_pending(old) + recalled;
        new = old &(TASK_PENDING_ONE - 1) & ~(uint64_t)(TASK_CLAIMED | (cancelled ? TASK_WAITED : 0));
    } while (!swap_counts(task, &old, new));
    sched_lock_release(&pool->lock);
    if (cancelled && (old & TASK_WAITED))
        sched_lot_wake(&task->counts, SCHED_LOT_ALL);
    return cancelled;
}

uint32_t sched_cancel(struct sched_task *task)
{
    uint64_t old = load_counts(task);

    do {
        if (old & TASK_CLAIMED)
            return cancel_claimed(task);
        if (!task_pending(old))
            return 0;
    } while (!swap_counts(task, &old, old & (TASK_PENDING_ONE - 1) & ~(uint64_t)TASK_WAITED));
    if (old & TASK_WAITED)
        sched_lot_wake(&task->counts, SCHED_LOT_ALL);
    return task_pending(old);
}

void sched_refuse(struct sched_task *task, bool refuse)
{
    if (refuse)
        atomic_fetch_or_explicit(&task->counts, TASK_REFUSING, memory_order_seq_cst);
    else
        atomic_fetch_and_explicit(&task->counts, ~(uint64_t)TASK_REFUSING, memory_order_seq_cst);
}

uint32_t sched_running(struct sched_task *task)
{
    return task_running(load_counts(task));
}

static void call_closed_if_final(struct sched_task *task, uint64_t counts)
{
    if (is_final(counts))
        task->class->closed(task);
}

/* A task that becomes closed and idle while it stands in its lane is unlinked at once, so that its memory does not wait
 * for a worker. Only under the pool's lock is a queued task safe from being unlinked, and so freed, by a worker. */
static void change_flags_of_queued(struct sched_task *task, uint64_t clear, uint64_t set)
{
    struct sched_pool *pool = task->pool;

    sched_lock_acquire(&pool->lock);
    uint64_t old = load_counts(task), changed;
    struct sched_lane *lane = sched_lane_of(pool, old);
    lane_drain_inbox(lane);
    bool unlinks = false;
    do {
        changed = (old & ~clear) | set;
        unlinks = lane_is_linked(lane, task) && is_final(changed & ~(uint64_t)TASK_QUEUED);
        if (unlinks)
            changed &= ~(uint64_t)TASK_QUEUED;
    } while (!swap_counts(task, &old, changed));
    if (unlinks)
        lane_unlink(lane, task);
    bool has_work = sched_pool_has_work(pool);
    sched_lock_release(&pool->lock);
    if (has_work)
        sched_pool_notify(pool); /* see pool.h: the lanes may have seemed empty meanwhile */
    call_closed_if_final(task, changed);
}

static void change_flags(struct sched_task *task, uint64_t old, uint64_t clear, uint64_t set)
{
    uint64_t new;

    do {
        if (old & TASK_QUEUED) {
            change_flags_of_queued(task, clear, set);
            return;
        }
        new = (old & ~clear) | set;
    } while (!swap_counts(task, &old, new));
    call_closed_if_final(task, new);
}

bool sched_close(struct sched_task *task)
{
    uint64_t old = load_counts(task);

    if (old & TASK_CLOSED)
        return false;
    change_flags(task, old, 0, TASK_CLOSED);
    return true;
}

void sched_hold(struct sched_task *task)
{
    atomic_fetch_or_explicit(&task->counts, TASK_HELD, memory_order_seq_cst);
}

void sched_release(struct sched_task *task)
{
    change_flags(task, load_counts(task), TASK_HELD, 0);
}

/* ---- the end of a callback -------------------------------------------------------------------- */

/* One running callback less. The task may be gone on return. */
static void end_one(struct sched_task *task, uint64_t flags)
{
    uint64_t old = load_counts(task), new;

    do {
        new = ((old - TASK_RUNNING_ONE) | flags) & ~(uint64_t)TASK_WAITED;
    } while (!swap_counts(task, &old, new));
    if (old & TASK_WAITED)
        sched_lot_wake(&task->counts, SCHED_LOT_ALL);
    call_closed_if_final(task, new);
}

void sched_task_ended(struct sched_task *task)
{
    if (atomic_load_explicit(&task->counts, memory_order_relaxed) & TASK_UNSHARED)
        task->class->closed(task);
    else
        end_one(task, 0);
}

void sched_task_detached(struct sched_task *task)
{
    sched_lock_acquire(&detach_lock);
    task->detached++;
    end_one(task, TASK_DETACHED); /* not final while detached, so nothing is freed under the lock */
    sched_lock_release(&detach_lock);
}

void sched_task_detached_ended(struct sched_task *task)
{
    uint64_t old = 0, new = 0;

    sched_lock_acquire(&detach_lock);
    bool last = --task->detached == 0;
    if (last) {
        old = load_counts(task);
        do {
            new = old & ~(uint64_t)(TASK_DETACHED | TASK_WAITED);
        } while (!swap_counts(task, &old, new));
    }
    sched_lock_release(&detach_lock);
    if (!last)
        return;
    if (old & TASK_WAITED)
        sched_lot_wake(&task->counts, SCHED_LOT_ALL);
    call_closed_if_final(task, new);
}

/* ---- waiting ------------------------------------------------------------------------------------ */

static bool is_waited(void *argument)
{
    return (load_counts(argument) & TASK_WAITED) != 0;
}

/* How often a waiter looks before it sleeps; see patience.h. A sleep costs two system calls, and more where a processor
 * that went idle has to wake up. */
static struct sched_patience wait_patience = SCHED_PATIENCE(4, 2048);

static void look_for_the_end(struct sched_task *task)
{
    uint32_t looks = sched_patience_looks(&wait_patience);

    for (uint32_t i = 0; i < looks; i++) {
        if (is_idle(load_counts(task))) {
            sched_patience_paid(&wait_patience, i);
            return;
        }
        nt_cpu_relax();
    }
    sched_patience_failed(&wait_patience, looks);
}

/* Whoever ends a callback, or cancels, clears or sees TASK_WAITED in the same swap and wakes the lot. So: announce,
 * look whether the wait is over, sleep only while the announcement stands. */
static void wait_until(struct sched_task *task, bool (*is_over)(struct sched_task *, uint64_t, uint64_t),
                       uint64_t epoch)
{
    struct sched_worker *blocked = NULL;
    bool slept = false;

    if (!is_idle(load_counts(task)) && sched_processors() > 1)
        look_for_the_end(task);
    for (;;) {
        uint64_t counts = load_counts(task);
        if (is_over(task, counts, epoch))
            break;
        if (nt_process_is_exiting())
            break; /* nobody is left to end anything */
        if (!(counts & TASK_WAITED)) {
            swap_counts(task, &counts, counts | TASK_WAITED);
            continue;
        }
        if (!slept) {
            slept = true;
            blocked = sched_blocking_begin();
        }
        sched_lot_wait(&task->counts, is_waited, task, NT_FOREVER);
    }
    if (blocked)
        sched_blocking_end(blocked);
}

static bool over_when_idle(struct sched_task *task, uint64_t counts, uint64_t epoch)
{
    (void)task, (void)epoch;
    return is_idle(counts);
}

static bool over_when_quiet(struct sched_task *task, uint64_t counts, uint64_t epoch)
{
    (void)task, (void)epoch;
    return is_idle(counts) && !(counts & TASK_DETACHED);
}

/* Callbacks that were claimed begin without a word to those who wait for earlier ones. While somebody waits, no new
 * claims are made. */
static void forbid_claims(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;

    sched_lock_acquire(&pool->lock);
    uint32_t recalled = sched_claims_recall(task);
    uint64_t old = load_counts(task);
    while (!swap_counts(task, &old, (old + recalled * TASK_PENDING_ONE) & ~(uint64_t)TASK_CLAIMED))
        ;
    sched_lock_release(&pool->lock);
    if (recalled)
        sched_pool_notify(pool);
}

static bool over_when_begun_ended(struct sched_task *task, uint64_t counts, uint64_t epoch)
{
    if ((counts & (TASK_WAITED | TASK_CLAIMED)) == (TASK_WAITED | TASK_CLAIMED))
        forbid_claims(task);
    /* Announced before looked: a callback that ends after the look clears the announcement. */
    return task_running(counts) == 0 || ((counts & TASK_WAITED) && !sched_runs_since_before(task->pool, task, epoch));
}

bool sched_is_idle(struct sched_task *task)
{
    return is_idle(load_counts(task));
}

bool sched_is_quiet(struct sched_task *task)
{
    return over_when_quiet(task, load_counts(task), 0);
}

void sched_wait_idle(struct sched_task *task)
{
    wait_until(task, over_when_idle, 0);
}

void sched_wait_quiet(struct sched_task *task)
{
    wait_until(task, over_when_quiet, 0);
}

void sched_wait_begun(struct sched_task *task)
{
    wait_until(task, over_when_begun_ended, atomic_fetch_add_explicit(&sched_epoch, 1, memory_order_seq_cst) + 1);
}
