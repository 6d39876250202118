// SPDX-License-Identifier: MIT
#include "sched/claim.h"
#include "sched/worker_parts.h"

/* Enough that what a claim costs does not matter. */
enum { MOST_CLAIMED = 64 };

static uint32_t claim_of(struct sched_worker *worker)
{
    return atomic_load_explicit(&worker->claim, memory_order_relaxed);
}

static struct sched_task *claimed_by(struct sched_worker *worker)
{
    return atomic_load_explicit(&worker->claimed, memory_order_relaxed);
}

static void set_claim(struct sched_worker *worker, struct sched_task *task, uint32_t claim)
{
    atomic_store_explicit(&worker->claimed, claim ? task : NULL, memory_order_relaxed);
    atomic_store_explicit(&worker->claim, claim, memory_order_relaxed);
}

/* Nothing else of the task's or a higher priority waits, and this worker may go on. */
static bool may_go_on(struct sched_worker *worker, struct sched_task *task, struct sched_lane *own)
{
    struct sched_pool *pool = worker->pool;

    for (struct sched_lane *lane = pool->lanes; lane < own; lane++)
        if (!lane_is_empty(lane))
            return false;
    return atomic_load_explicit(&own->first, memory_order_relaxed) == task && lane_ends_with(own, task) &&
           !sched_worker_is_surplus(worker, pool_load_state(pool));
}

/* The epoch is read before the swap that begins the callback, so that nobody who waits for what had begun is told that
 * this began later; stored after it, because had the swap failed, the callback that is over would pass for one that has
 * just begun. */
static uint64_t read_epoch(void)
{
    return atomic_load_explicit(&sched_epoch, memory_order_seq_cst);
}

static void store_epoch(struct sched_worker *worker, uint64_t epoch)
{
    atomic_store_explicit(&worker->epoch, epoch, memory_order_relaxed);
}

bool sched_claim_begin(struct sched_worker *worker)
{
    uint32_t claim = claim_of(worker);
    struct sched_task *task = worker->in_hand;

    if (!claim || !may_go_on(worker, task, worker->lane))
        return false;
    uint64_t epoch = read_epoch();
    do {
        if (!claim)
            return false; /* somebody has taken the rest */
    } while (!atomic_compare_exchange_weak_explicit(&worker->claim, &claim, claim - 1, memory_order_seq_cst,
                                                    memory_order_relaxed));
    store_epoch(worker, epoch);
    return true;
}

static bool is_claimable(uint64_t counts)
{
    return task_pending(counts) && (counts & (TASK_QUEUED | TASK_WAITED | TASK_LONG)) == TASK_QUEUED;
}

bool sched_claim_more(struct sched_worker *worker, struct sched_task *task)
{
    struct sched_pool *pool = worker->pool;
    uint64_t old = atomic_load_explicit(&task->counts, memory_order_relaxed);
    struct sched_lane *lane = sched_lane_of(pool, old);
    bool claimed = false;
    uint32_t claim = 0;

    /* With a claim left, sched_claim_begin saw that the worker must not go on. */
    if (claim_of(worker) || !is_claimable(old) || !may_go_on(worker, task, lane))
        return false;
    sched_lock_acquire(&pool->lock);
    uint64_t epoch = read_epoch();
    while (!claimed && is_claimable(old) && may_go_on(worker, task, lane)) {
        claim = task_pending(old) < MOST_CLAIMED ? task_pending(old) : MOST_CLAIMED;
        uint64_t new = old - claim *TASK_PENDING_ONE;
        if (claim > 1)
            new |= TASK_CLAIMED;
        claimed =
            atomic_compare_exchange_weak_explicit(&task->counts, &old, new, memory_order_seq_cst, memory_order_acquire);
    }
    if (claimed) {
        if (claim > 1) {
            atomic_store_explicit(&worker->claimed, task, memory_order_relaxed);
            atomic_store_explicit(&worker->claim, claim - 1, memory_order_relaxed);
        }
        store_epoch(worker, epoch);
    }
    sched_lock_release(&pool->lock);
    return claimed;
}

static bool is_claimed_by_others(struct sched_pool *pool, struct sched_task *task)
{
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        if (claimed_by(worker) == task)
            return true;
    return false;
}

/* Makes so many posts pending again, which no worker claims any more. A task of which nothing is left leaves its lane,
 * and it is unlinked before the swap that says so: after it, a poster may push it anew. If one has posted meanwhile,
 * its post belongs behind everything that was posted before. True: something is left to be run by whoever looks. */
static bool give_back(struct sched_task *task, uint32_t claim)
{
    struct sched_pool *pool = task->pool;
    uint64_t others = is_claimed_by_others(pool, task) ? TASK_CLAIMED : 0;
    uint64_t old = atomic_load_explicit(&task->counts, memory_order_acquire), new;
    struct sched_lane *lane = sched_lane_of(pool, old);
    bool unlinked = false;

    do {
        new = ((old + claim * TASK_PENDING_ONE) & ~(uint64_t)TASK_CLAIMED) | others;
        if (!task_pending(new) && !others)
            new &= ~(uint64_t)TASK_QUEUED;
        if (!(new &TASK_QUEUED) && !unlinked) {
            lane_unlink(lane, task);
            unlinked = true;
        }
    } while (
        !atomic_compare_exchange_weak_explicit(&task->counts, &old, new, memory_order_seq_cst, memory_order_acquire));
    if (unlinked && new &TASK_QUEUED) {
        lane_drain_inbox(lane);
        lane_append(lane, task);
    }
    return task_pending(new) != 0;
}

void sched_claim_return(struct sched_worker *worker)
{
    struct sched_pool *pool = worker->pool;
    bool left_work = false;

    if (nt_likely(!claimed_by(worker)))
        return; /* nobody but this worker sets it */
    sched_lock_acquire(&pool->lock);
    struct sched_task *task = claimed_by(worker);
    if (task) {
        uint32_t claim = atomic_exchange_explicit(&worker->claim, 0, memory_order_seq_cst);
        set_claim(worker, NULL, 0);
        left_work = give_back(task, claim);
    }
    sched_lock_release(&pool->lock);
    if (left_work)
        sched_pool_notify(pool); /* see pool.h: the lanes may have seemed empty meanwhile */
}

/* Claims grow under the lock only: when the largest that was seen is 0, all are. */
static struct sched_worker *largest_claim(struct sched_task *task, uint32_t *most)
{
    struct sched_worker *largest = NULL;

    *most = 0;
    for (struct sched_worker *worker = task->pool->workers; worker; worker = worker->next) {
        uint32_t claim = claimed_by(worker) == task ? claim_of(worker) : 0;
        if (claim > *most) {
            *most = claim;
            largest = worker;
        }
    }
    return largest;
}

uint32_t sched_claim_steal(struct sched_worker *worker, struct sched_task *task)
{
    struct sched_worker *victim;
    uint32_t claim;

    while ((victim = largest_claim(task, &claim)) != NULL) {
        uint32_t stolen = claim - claim / 2;
        if (!atomic_compare_exchange_strong_explicit(&victim->claim, &claim, claim - stolen, memory_order_seq_cst,
                                                     memory_order_relaxed))
            continue; /* its worker has begun one meanwhile, and others may have more now */
        set_claim(worker, task, stolen - 1);
        return stolen;
    }
    sched_claims_recall(task);
    return 0;
}

uint32_t sched_claims_recall(struct sched_task *task)
{
    uint32_t recalled = 0;

    for (struct sched_worker *worker = task->pool->workers; worker; worker = worker->next)
        if (claimed_by(worker) == task) {
            recalled += atomic_exchange_explicit(&worker->claim, 0, memory_order_seq_cst);
            set_claim(worker, NULL, 0);
        }
    return recalled;
}

uint64_t sched_claims_count(struct sched_pool *pool)
{
    uint64_t claimed = 0;

    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        claimed += claim_of(worker);
    return claimed;
}
