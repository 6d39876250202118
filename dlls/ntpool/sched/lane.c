// SPDX-License-Identifier: MIT
#include "sched/lane.h"

static struct sched_task *load(struct sched_task *_Atomic *link)
{
    return atomic_load_explicit(link, memory_order_relaxed);
}

static void store(struct sched_task *_Atomic *link, struct sched_task *task)
{
    atomic_store_explicit(link, task, memory_order_relaxed);
}

void lane_append(struct sched_lane *lane, struct sched_task *task)
{
    struct sched_task *last = load(&lane->last);

    store(&task->next, NULL);
    store(&task->before, last);
    store(last ? &last->next : &lane->first, task);
    store(&lane->last, task);
}

void lane_unlink(struct sched_lane *lane, struct sched_task *task)
{
    struct sched_task *before = load(&task->before), *next = load(&task->next);

    store(before ? &before->next : &lane->first, next);
    store(next ? &next->before : &lane->last, before);
    store(&task->next, NULL);
    store(&task->before, NULL);
}

void lane_drain_inbox(struct sched_lane *lane)
{
    struct sched_task *newest, *oldest = NULL;

    if (!load(&lane->inbox))
        return;
    struct sched_task *last = load(&lane->last);
    /* Nothing is last while the inbox is on its way into the list. Released with the exchange: a poster that finds the
     * inbox empty finds that, too (lane_ends_with), and does not post in place what belongs behind the inbox. */
    store(&lane->last, NULL);
    newest = atomic_exchange_explicit(&lane->inbox, NULL, memory_order_acq_rel);
    /* One look at each: they come out of the caches of those who posted them. */
    for (struct sched_task *task = newest, *older; task; task = older) {
        older = load(&task->next);
        store(&task->next, oldest);
        store(&task->before, older);
        oldest = task;
    }
    store(&oldest->before, last);
    store(last ? &last->next : &lane->first, oldest);
    store(&lane->last, newest);
}
