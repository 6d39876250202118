// SPDX-License-Identifier: MIT
#include "sched/port.h"
#include "sched/keeper.h"
#include "sched/roll_call.h"
#include "sched/visit.h"

/* Guards the creation of the port and of its first poller, and of one that replaces it. */
static struct sched_lock lock;
static nt_handle port;
static sched_port_deliver *deliver_completion;

static _Atomic uint32_t pollers;
/* The turn is free, and nobody could be had to take it; written under the lock. */
static _Atomic bool poller_is_missing;

/* The next so many visits pass the turn on, because one was long. Touched by whoever has the turn. */
static uint32_t visits_without_lease;

enum { AFTER_A_LONG_VISIT = 16, AFTER_A_LEASE_WAS_TAKEN = 64 };
/* Several times what passing the turn on takes. */
#define LONG_VISIT (NT_MILLISECOND / 2)

static void poller_main(void *visitor);

static nt_status start_poller(void)
{
    struct sched_worker *visitor = sched_visitor_allocate();

    if (!visitor)
        return NT_NO_MEMORY;
    atomic_fetch_add_explicit(&pollers, 1, memory_order_relaxed);
    nt_status status = nt_thread_start(poller_main, visitor, NULL);
    if (status < 0) {
        atomic_fetch_sub_explicit(&pollers, 1, memory_order_relaxed);
        sched_visitor_free(visitor);
    }
    return status;
}

/* The lock is held. */
static bool replace_poller(void)
{
    bool started = start_poller() >= 0;

    atomic_store_explicit(&poller_is_missing, !started, memory_order_relaxed);
    return started;
}

void sched_poller_gone(struct sched_worker *visitor)
{
    bool turn_is_free = sched_turn_leave(&visitor->turn);

    sched_lock_acquire(&lock);
    atomic_fetch_sub_explicit(&pollers, 1, memory_order_relaxed);
    bool is_missing = turn_is_free && !replace_poller();
    sched_lock_release(&lock);
    if (is_missing)
        sched_roll_call_ask();
}

bool sched_port_is_served(void)
{
    bool is_served = !atomic_load_explicit(&poller_is_missing, memory_order_relaxed);

    if (is_served)
        return true;
    sched_lock_acquire(&lock);
    is_served = !atomic_load_explicit(&poller_is_missing, memory_order_relaxed) || replace_poller();
    sched_lock_release(&lock);
    return is_served;
}

void sched_poller_may_block(struct sched_worker *visitor)
{
    sched_turn_end_lease(&visitor->turn);
}

/* The port is never left alone: a poller visits only if another waits for the turn. */
static bool begin_visit(struct sched_worker *visitor, struct sched_pool *pool)
{
    if (!sched_pool_wants_visitor(pool))
        return false;
    if (sched_turn_is_wanted())
        return sched_visit_begin(visitor, pool);
    if (atomic_load_explicit(&pollers, memory_order_relaxed) <= sched_processors())
        start_poller(); /* for the next time; without it, workers run the callbacks */
    return false;
}

/* Comes back with the turn. */
static void visit(struct sched_worker *visitor)
{
    if (visits_without_lease && sched_turn_pass(&visitor->turn)) {
        sched_visit(visitor);
        sched_turn_take(&visitor->turn);
        if (visits_without_lease)
            visits_without_lease--;
        return;
    }
    uint64_t begun = nt_time_now();
    sched_turn_lease(&visitor->turn);
    sched_keeper_watch_turn();
    if (nt_unlikely(atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
        sched_turn_end_lease(&visitor->turn);
    sched_visit(visitor);
    if (!sched_turn_resume(&visitor->turn)) {
        sched_turn_take(&visitor->turn);
        visits_without_lease = AFTER_A_LEASE_WAS_TAKEN;
    } else if (nt_time_now() - begun > LONG_VISIT) {
        visits_without_lease = AFTER_A_LONG_VISIT;
    }
}

static void poller_main(void *argument)
{
    struct sched_worker *visitor = argument;
    struct nt_completion completion;

    sched_visitor_begin(visitor);
    sched_turn_take(&visitor->turn);
    while (nt_port_remove(port, &completion) >= 0) {
        struct sched_pool *pool = deliver_completion(&completion);
        if (pool && begin_visit(visitor, pool))
            visit(visitor);
        else if (pool)
            sched_pool_notify(pool);
    }
    sched_turn_leave(&visitor->turn); /* the next finds the same */
    atomic_fetch_sub_explicit(&pollers, 1, memory_order_relaxed);
    sched_visitor_end(visitor);
}

static nt_status port_prepare(sched_port_deliver *deliver)
{
    nt_status status = NT_SUCCESS;

    if (!port)
        status = nt_port_create(&port);
    if (status >= 0 && !atomic_load_explicit(&pollers, memory_order_relaxed)) {
        deliver_completion = deliver;
        status = start_poller();
        if (status >= 0)
            atomic_store_explicit(&poller_is_missing, false, memory_order_relaxed);
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
