// SPDX-License-Identifier: MIT
#include "sched/port.h"
#include "sched/visit.h"

static struct sched_lock lock; /* guards the creation of the port and of its first poller */
static nt_handle port;
static sched_port_deliver *deliver_completion;

/* Guards the port: who holds it takes completions off and delivers them, so they keep their order. Taken before any
 * other lock. */
static struct sched_lock turn;
static _Atomic uint32_t pollers;
static _Atomic uint32_t waiting; /* for their turn; only who has it lets one of them have it */

static void poller_main(void *visitor);

static nt_status start_poller(void)
{
    struct sched_worker *visitor = sched_visitor_allocate();

    if (!visitor)
        return NT_NO_MEMORY;
    atomic_fetch_add_explicit(&pollers, 1, memory_order_relaxed);
    nt_status status = nt_thread_start(poller_main, visitor, NULL);
    if (status < 0) {
        sched_poller_ends();
        sched_visitor_free(visitor);
    }
    return status;
}

void sched_poller_ends(void)
{
    atomic_fetch_sub_explicit(&pollers, 1, memory_order_relaxed);
}

/* The port is never left alone: a poller visits only if another waits for the turn. */
static bool visits(struct sched_worker *visitor, struct sched_pool *pool)
{
    if (!sched_pool_wants_visitor(pool))
        return false;
    if (atomic_load_explicit(&waiting, memory_order_relaxed))
        return sched_visit_begin(visitor, pool);
    if (atomic_load_explicit(&pollers, memory_order_relaxed) <= sched_processors())
        start_poller(); /* for the next time; without it, workers run the callbacks */
    return false;
}

/* False when the port takes no more. */
static bool poll_until_it_visits(struct sched_worker *visitor)
{
    struct nt_completion completion;
    bool visiting = false;

    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    sched_lock_acquire(&turn);
    atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
    while (!visiting && nt_port_remove(port, &completion) >= 0) {
        struct sched_pool *pool = deliver_completion(&completion);
        visiting = pool && visits(visitor, pool);
        if (pool && !visiting)
            sched_pool_notify(pool);
    }
    sched_lock_release(&turn);
    return visiting;
}

static void poller_main(void *argument)
{
    struct sched_worker *visitor = argument;

    sched_visitor_begin(visitor);
    while (poll_until_it_visits(visitor))
        sched_visit(visitor);
    sched_visitor_end(visitor);
    sched_poller_ends();
}

static nt_status port_prepare(sched_port_deliver *deliver)
{
    nt_status status = NT_SUCCESS;

    if (!port)
        status = nt_port_create(&port);
    if (status >= 0 && !atomic_load_explicit(&pollers, memory_order_relaxed)) {
        deliver_completion = deliver;
        status = start_poller();
    }
    return status;
}

nt_status sched_port_bind(nt_handle file, uint64_t key, sched_port_deliver *deliver)
{
    sched_lock_acquire(&lock);
    nt_status status = port_prepare(deliver);
    sched_lock_release(&lock);
    return status < 0 ? status : nt_port_bind(port, file, key);
}
