// SPDX-License-Identifier: MIT
/*
 * A lane: the FIFO of tasks of one priority. Submitters push to the inbox without a lock; whoever holds the pool's
 * lock moves the inbox, which is in reverse order of posting, to the end of the list and works on the list.
 * Everything in the list was posted before everything in the inbox.
 */
#ifndef NTPOOL_SCHED_LANE_H
#define NTPOOL_SCHED_LANE_H

#include "sched/backoff.h"
#include "sched/task.h"

/* Submitters write one cache line and workers the other. */
struct sched_lane {
    _Alignas(64) struct sched_task *_Atomic inbox; /* pushed by anyone, emptied under the pool's lock */
    _Alignas(64) struct sched_task *_Atomic first; /* guarded by the pool's lock; read without it as a hint */
    struct sched_task *_Atomic last;
    uint64_t taken; /* callbacks that were taken from here, but for claims; guarded by the pool's lock */
};

/** Any thread. After it the task is no longer the caller's. */
static inline void lane_push(struct sched_lane *lane, struct sched_task *task)
{
    struct sched_task *head = atomic_load_explicit(&lane->inbox, memory_order_relaxed);
    unsigned pauses = 1;

    /* Release: who takes the inbox sees the task's links. Sequentially consistent, so that a worker about to park
     * and a submitter about to look for a worker cannot miss each other (see pool.h). */
    for (;;) {
        atomic_store_explicit(&task->next, head, memory_order_relaxed);
        if (nt_likely(atomic_compare_exchange_weak_explicit(&lane->inbox, &head, task, memory_order_seq_cst,
                                                            memory_order_relaxed)))
            return;
        sched_back_off(&pauses);
        head = atomic_load_explicit(&lane->inbox, memory_order_relaxed);
    }
}

/* The rest wants the pool's lock. */

static inline bool lane_is_linked(const struct sched_lane *lane, const struct sched_task *task)
{
    return atomic_load_explicit(&task->before, memory_order_relaxed) ||
           atomic_load_explicit(&lane->first, memory_order_relaxed) == task;
}

void lane_drain_inbox(struct sched_lane *lane);

/** The oldest task. The inbox is looked at only when the list is at its end: submitters are writing it all the time. */
static inline struct sched_task *lane_first(struct sched_lane *lane)
{
    struct sched_task *first = atomic_load_explicit(&lane->first, memory_order_relaxed);

    if (first)
        return first;
    lane_drain_inbox(lane);
    return atomic_load_explicit(&lane->first, memory_order_relaxed);
}

void lane_append(struct sched_lane *lane, struct sched_task *task);
void lane_unlink(struct sched_lane *lane, struct sched_task *task);

/* Hints: exact under the pool's lock, else true at some moment. */

static inline bool lane_is_empty(const struct sched_lane *lane)
{
    return !atomic_load_explicit(&lane->first, memory_order_relaxed) &&
           !atomic_load_explicit(&lane->inbox, memory_order_seq_cst);
}

/** Nothing stands behind task, which is in the list or nowhere. The inbox is read first; see lane_drain_inbox. */
static inline bool lane_ends_with(const struct sched_lane *lane, const struct sched_task *task)
{
    return !atomic_load_explicit(&lane->inbox, memory_order_seq_cst) &&
           atomic_load_explicit(&lane->last, memory_order_relaxed) == task;
}

#endif
