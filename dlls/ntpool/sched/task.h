// SPDX-License-Identifier: MIT
/*
 * A task: something that can be posted to a pool any number of times, and how often it is posted and running.
 *
 * One word, counts, holds everything that decides its life, and moves by compare-and-swap only, but for tasks that
 * nobody shares (TASK_UNSHARED):
 *
 *   pending (32 bits)  posted, not started
 *   running (16 bits)  callbacks in progress that count for waiters
 *   flags   (16 bits)  below
 *
 * The invariants:
 *  - TASK_QUEUED is set exactly while the task is linked in its lane or its poster is about to link it. A task with
 *    pending > 0 is queued, but for the moment between a poster's swap and its push. A queued task with pending 0 is
 *    stale: it is skipped and unlinked by whoever meets it, and blocks nobody.
 *  - TASK_CLAIMED is set while workers hold claims on posts of the task (claim.h): those posts are no longer pending
 * and not yet running. Such a task is linked in its lane, and each of these workers is in a callback of it that counts
 * as running, so it is never idle. The flag changes under the pool's lock only.
 *  - TASK_UNSHARED stands from before the launch to the end, which is the end of the one callback.
 *  - A task is final when it is closed, idle, and neither queued, held nor detached. The one swap that makes it final
 *    obliges its author to call class->closed, once.
 *  - A poster touches the task no more once its swap (or, if it had to link it, its push) is done: the callback may
 *    already have closed and freed it.
 */
#ifndef NTPOOL_SCHED_TASK_H
#define NTPOOL_SCHED_TASK_H

#include "sched/slab.h"

struct sched_pool;
struct sched_task;
struct sched_worker;

enum sched_priority { SCHED_PRIORITY_HIGH, SCHED_PRIORITY_NORMAL, SCHED_PRIORITY_LOW, SCHED_PRIORITIES };

enum {
    TASK_QUEUED = 0x01,
    TASK_CLOSED = 0x02,   /* its owner has let go of it */
    TASK_WAITED = 0x04,   /* threads in the parking lot want to hear of each end of a callback */
    TASK_HELD = 0x08,     /* somebody (a group close) still needs the memory */
    TASK_DETACHED = 0x10, /* detached > 0 */
    TASK_LONG = 0x20,     /* its callbacks do not count against the concurrency target */
    TASK_REFUSING = 0x40, /* posts are dropped */
    TASK_CLAIMED = 0x80,  /* workers hold claims on posts */
    TASK_PRIORITY_SHIFT = 8,
    TASK_PRIORITY_MASK = 0x300,
    TASK_UNSHARED = 0x400 /* only its lane, and then its worker, know it: counts may change without an exchange */
};

#define TASK_PENDING_ONE (UINT64_C(1) << 32)
#define TASK_RUNNING_ONE (UINT64_C(1) << 16)

static inline uint32_t task_pending(uint64_t counts)
{
    return (uint32_t)(counts >> 32);
}

static inline uint32_t task_running(uint64_t counts)
{
    return (uint32_t)(counts >> 16) & 0xFFFF;
}

enum { SCHED_COUNTERS = 10 };

struct sched_task_class {
    /** One callback. May call sched_detach. */
    void (*run)(struct sched_task *task, struct sched_worker *worker);
    /** Which counter of the worker goes up with each callback. */
    unsigned counter;
    /** The task is final; gives its memory back. Called on any thread, without locks. */
    void (*closed)(struct sched_task *task);
};

/* First in its slab item. */
struct sched_task {
    struct slab_item item;
    uint16_t detached; /* callbacks that went on after sched_detach; guarded by the detach lock */
    bool is_special;   /* the owner's: what a callback touches anyway tells whether there is more to look at */
    struct sched_task *_Atomic next;   /* the lane's list (pool lock), or the inbox's (owned by the poster) */
    struct sched_task *_Atomic before; /* NULL: first, or not in the list */
    _Atomic uint64_t counts;
    struct sched_pool *pool;
    const struct sched_task_class *class;
};

/** Prepares a task in zeroed memory. The caller keeps pool alive for as long as the task lives. */
void sched_task_init(struct sched_task *task, const struct sched_task_class *class, struct sched_pool *pool,
                     enum sched_priority priority, bool is_long);

/**
 * For a task whose one callback is its whole life: prepares it as closed and posted, but in no lane yet. It may then be
 * cancelled and held like any other; sched_launch, once, hands it over.
 */
void sched_task_init_posted(struct sched_task *task, const struct sched_task_class *class, struct sched_pool *pool,
                            enum sched_priority priority, bool is_long);
/**
 * Before the launch of such a task: nobody else will ever know it, so it is never cancelled, waited for, held or posted
 * again, and its memory is its worker's from the first moment of its callback. That saves two atomic exchanges.
 */
static inline void sched_task_unshare(struct sched_task *task)
{
    uint64_t counts = atomic_load_explicit(&task->counts, memory_order_relaxed);

    atomic_store_explicit(&task->counts, counts | TASK_UNSHARED, memory_order_relaxed);
}

void sched_launch(struct sched_task *task);
/** Like sched_launch, but leaves it to the caller to call sched_pool_notify afterwards. */
void sched_launch_quietly(struct sched_task *task);

/** One more callback, and sees to it that somebody runs it. Never fails. The task must not be closed. */
void sched_post(struct sched_task *task);

/** Like sched_post, but leaves it to the caller to call sched_pool_notify afterwards. */
void sched_post_quietly(struct sched_task *task);

/** Takes back every callback that has not begun; how many. */
uint32_t sched_cancel(struct sched_task *task);

/** Callbacks that are in progress and count for waiters. */
uint32_t sched_running(struct sched_task *task);

/** From now on posts are dropped without a word, or no longer. */
void sched_refuse(struct sched_task *task, bool refuse);

/** Nothing is pending, and nothing runs that counts for waiters. */
bool sched_is_idle(struct sched_task *task);

/** Nothing is pending, nothing runs, detached or not. */
bool sched_is_quiet(struct sched_task *task);

/** Waits until nothing is pending and nothing running. Posts that arrive meanwhile are waited for too. */
void sched_wait_idle(struct sched_task *task);

/** Waits until every callback that had begun before the call is over. Later ones do not prolong it. */
void sched_wait_begun(struct sched_task *task);

/** Like sched_wait_idle, for callbacks that have detached themselves too. */
void sched_wait_quiet(struct sched_task *task);

/**
 * The owner lets go: what is pending still runs, then class->closed is called, maybe right now. Returns false and
 * does nothing when the task was closed already. From within class->closed the task may be posted once more: closed
 * is then called again. Two owners that close at the same moment are the caller's to keep
 * apart.
 */
bool sched_close(struct sched_task *task);

/** Keeps a task's memory, even when it gets closed, until sched_release. One holder at a time. */
void sched_hold(struct sched_task *task);
void sched_release(struct sched_task *task);

#endif
