// SPDX-License-Identifier: MIT
#include "sched/roll_call.h"
#include "sched/port.h"
#include "sched/worker_parts.h"

enum {
    SUSPECTS_AT_ONCE = 16,
    MOST_ASKED_FOR = 64, /* in one roll call: each costs some system calls */
};

struct suspect {
    struct sched_worker *worker;
    uint32_t thread;
    uint64_t registration;
    bool is_gone;
};

struct suspects {
    struct suspect of[SUSPECTS_AT_ONCE];
    unsigned count;
    bool others; /* who are to be looked at again later */
};

/* Its pool is full, work waits in it, and this worker is still in the callback of the last roll call. Workers leave the
 * registry with their pool, so it is there; visitors, who come and go, are not asked about here. */
static bool is_in_the_way(struct sched_worker *worker, struct suspects *suspects)
{
    struct sched_pool *pool = worker->pool;
    uint64_t before = worker->taken_at_roll_call;

    worker->taken_at_roll_call = 0;
    if (!atomic_load_explicit(&worker->busy, memory_order_acquire) || !pool ||
        sched_pool_can_grow(pool, pool_load_state(pool)) || !sched_pool_has_work(pool))
        return false;
    worker->taken_at_roll_call = atomic_load_explicit(&worker->taken, memory_order_relaxed);
    suspects->others = true;
    return worker->taken_at_roll_call == before;
}

/* Nobody calls the poller whose turn it is: it is asked for each time, as are those that visit. Those that wait for the
 * turn are not missed before they are given it. */
static void suspect(struct sched_worker *worker, void *argument)
{
    struct suspects *suspects = argument;

    if (worker->is_visitor) {
        if (sched_turn_is_awaited_by(&worker->turn))
            return;
    } else if (atomic_load_explicit(&worker->called, memory_order_seq_cst) || is_in_the_way(worker, suspects)) {
        suspects->others = true;
    } else {
        return;
    }
    if (suspects->count == SUSPECTS_AT_ONCE)
        suspects->others = true;
    else
        suspects->of[suspects->count++] = (struct suspect){.worker = worker,
                                                           .thread = worker->thread,
                                                           .registration = worker->registration,
                                                           .is_gone = worker->has_lost_its_id};
}

/* A thread that is gone does nothing more to its worker's record, and who removes the worker from the registry does
 * with it what its thread would have done. A visitor may have been given its turn, and is yet to be unparked. */
static void ask_for(const struct suspect *suspect)
{
    if ((!suspect->is_gone && !nt_thread_is_gone(suspect->thread)) ||
        !sched_registry_remove(suspect->thread, suspect->registration))
        return;
    if (suspect->worker->is_visitor)
        atomic_store_explicit(&suspect->worker->called, true, memory_order_relaxed);
    sched_worker_bury(suspect->worker);
}

bool sched_roll_call(void)
{
    static unsigned next_bucket; /* the keeper's */
    unsigned asked_for = 0, visited = 0;
    bool others = false;

    for (; visited < SCHED_REGISTRY_BUCKETS && asked_for < MOST_ASKED_FOR; visited++) {
        struct suspects suspects = {.count = 0};
        sched_registry_visit(next_bucket, suspect, &suspects);
        for (unsigned j = 0; j < suspects.count; j++)
            ask_for(&suspects.of[j]);
        asked_for += suspects.count;
        others = others || suspects.others;
        next_bucket = (next_bucket + 1) % SCHED_REGISTRY_BUCKETS;
    }
    return !sched_port_is_served() || others || visited < SCHED_REGISTRY_BUCKETS;
}
