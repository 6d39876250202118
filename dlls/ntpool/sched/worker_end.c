// SPDX-License-Identifier: MIT
/* Workers whose thread ends in the middle of a callback, or was terminated. */
#include "sched/claim.h"
#include "sched/port.h"
#include "sched/task_end.h"
#include "sched/worker_parts.h"

void sched_worker_bury(struct sched_worker *worker)
{
    struct sched_task *task = worker->in_hand;
    bool is_visitor = worker->is_visitor;

    if (worker->pool)
        sched_claim_return(worker);
    atomic_store_explicit(&worker->busy, false, memory_order_relaxed);
    atomic_store_explicit(&worker->current, NULL, memory_order_relaxed);
    /* The task may be the last that uses the pool. It lives on while this worker is counted. */
    if (task && worker->has_detached)
        sched_task_detached_ended(task);
    else if (task)
        sched_task_ended(task);
    if (worker->pool) /* a visitor's only while it visits */
        sched_worker_drop(worker);
    if (is_visitor)
        sched_poller_gone(worker);
    /* Whoever called it has yet to unpark it, perhaps: then nobody may have its record. */
    if (!atomic_load_explicit(&worker->called, memory_order_seq_cst))
        sched_worker_gone(worker);
    else if (!is_visitor)
        sched_worker_lost();
}

void sched_thread_ends(void)
{
    struct sched_worker *worker = sched_worker_current();

    /* A worker that ends as it should has left the registry already. */
    if (worker && sched_registry_remove(worker->thread, worker->registration))
        sched_worker_bury(worker);
}
