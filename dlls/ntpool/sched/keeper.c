// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/roll_call.h"
#include "sched/turn.h"
#include "sched/waiter.h"

/* The keeper ends after this long with nothing to keep. */
#define KEEPER_IDLE_TIMEOUT (30 * NT_SECOND)
/* How often waits that found no thread are tried again. */
#define PLACE_AGAIN (2 * NT_MILLISECOND)
/* How often the turn at the port is looked at while it is leased now and then. */
#define TURN_LOOK NT_MILLISECOND

enum {
    EXPIRED_PER_ROUND = 64, /* expirations under one hold of the lock */
    POOLS_PER_ROUND = 8     /* different pools to notify after it */
};

enum keeper_state { KEEPER_ABSENT, KEEPER_STARTING, KEEPER_AWAKE, KEEPER_ASLEEP };

/* Lock order: the deadlines' lock is taken before any pool's lock, and never the other way round. */
static struct sched_lock lock;        /* guards everything here and what keeper.h says */
static struct deadline_heap heaps[2]; /* by nt_time_now(), by the system clock */
static uint32_t reserved;             /* timers that exist; they have a keeper, armed or not */
static enum keeper_state keeper;
static bool must_wake;        /* an asleep keeper has to look earlier than it meant to */
static uint64_t sleeps_until; /* while asleep */
static struct nt_parker parker;
static struct sched_pool *watched_pools;
static uint64_t watch_due;     /* when the first of them is to be looked at */
static uint64_t turn_due;      /* when the turn is, while it is watched */
static uint64_t roll_call_due; /* 0: nobody has asked for one */

static void keeper_main(void *unused);

_Atomic bool sched_keeper_is_missing;
_Atomic bool sched_roll_call_is_asked; /* roll_call_due is not 0; written under the lock */
_Atomic bool sched_turn_is_watched;

static bool has_something_to_keep(void)
{
    return heaps[0].used || heaps[1].used || watched_pools || roll_call_due ||
           atomic_load_explicit(&sched_turn_is_watched, memory_order_relaxed) ||
           atomic_load_explicit(&sched_waits_unplaced, memory_order_relaxed);
}

/* Under the lock, so that who finds a keeper there or on its way has one. A keeper that cannot be started is tried
 * again by whoever comes next, and by each worker that goes idle. */
static bool start_keeper(void)
{
    bool started = nt_thread_start(keeper_main, NULL, NULL) >= 0;

    if (started)
        keeper = KEEPER_STARTING;
    atomic_store_explicit(&sched_keeper_is_missing, !started, memory_order_relaxed);
    return started;
}

static void unlock_and_wake(void)
{
    bool wake = keeper == KEEPER_ASLEEP && must_wake;

    if (keeper == KEEPER_ABSENT && (reserved || has_something_to_keep()))
        start_keeper();
    if (wake)
        keeper = KEEPER_AWAKE;
    must_wake = false;
    sched_lock_release(&lock);
    if (wake)
        nt_unpark(&parker);
}

void sched_keeper_look_soon(void)
{
    sched_lock_acquire(&lock);
    must_wake = true;
    unlock_and_wake();
}

void sched_roll_call_ask_slow(void)
{
    sched_lock_acquire(&lock);
    if (!roll_call_due) {
        roll_call_due = nt_time_now() + SCHED_ROLL_CALL_DELAY;
        atomic_store_explicit(&sched_roll_call_is_asked, true, memory_order_seq_cst);
        if (roll_call_due < sleeps_until)
            must_wake = true;
    }
    unlock_and_wake();
}

void sched_timers_lock(void)
{
    sched_lock_acquire(&lock);
}

void sched_timers_unlock(void)
{
    unlock_and_wake();
}

nt_status sched_timer_reserve(void)
{
    nt_status status = NT_SUCCESS;

    sched_lock_acquire(&lock);
    if (reserved >= UINT32_MAX / 2 || !deadlines_reserve(&heaps[0], reserved + 1) ||
        !deadlines_reserve(&heaps[1], reserved + 1))
        status = NT_NO_MEMORY;
    else if (keeper == KEEPER_ABSENT && !start_keeper())
        status = NT_TOO_MANY_THREADS;
    else
        reserved++;
    unlock_and_wake();
    return status;
}

/* The keeper of the last timer leaves after its half minute; if it sleeps for good, it has to be told. */
void sched_timer_unreserve(void)
{
    sched_lock_acquire(&lock);
    reserved--;
    deadlines_trim(&heaps[0], reserved);
    deadlines_trim(&heaps[1], reserved);
    if (!reserved && sleeps_until == NT_FOREVER)
        must_wake = true;
    unlock_and_wake();
}

void sched_timer_arm(struct sched_timer *timer, uint64_t due, bool system)
{
    struct sched_deadline *deadline = &timer->deadline;
    bool is_first;

    if (deadline->slot && deadline->system == system) {
        deadlines_move(&heaps[system], deadline, due);
    } else {
        if (deadline->slot)
            deadlines_remove(&heaps[deadline->system], deadline);
        deadline->system = system;
        deadlines_insert(&heaps[system], deadline, due);
    }
    is_first = deadline->slot == 1;
    /* Whoever becomes the first of its heap may be due before the keeper meant to look; for absolute times the
     * keeper works that out itself. */
    if (is_first && (system || due < sleeps_until))
        must_wake = true;
}

bool sched_timer_disarm(struct sched_timer *timer)
{
    if (!timer->deadline.slot)
        return false;
    deadlines_remove(&heaps[timer->deadline.system], &timer->deadline);
    return true;
}

uint64_t sched_coalesce(uint64_t due, uint64_t window)
{
    uint64_t last = due + window < due ? UINT64_MAX : due + window;
    uint64_t differs = due ^ last;

    if (!differs)
        return due;
    uint64_t below = (UINT64_C(1) << (63 - __builtin_clzll(differs))) - 1;
    if ((due & ((below << 1) | 1)) == 0)
        return due;
    return last & ~below;
}

/* ---- watching pools --------------------------------------------------------------------------- */

/* Acquires from unwatch, which needs no lock: what the keeper wrote while it watched comes before what we write. */
void sched_keeper_watch_slow(struct sched_pool *pool)
{
    sched_lock_acquire(&lock);
    if (!atomic_load_explicit(&pool->watch.watched, memory_order_acquire)) {
        /* A pool without users is gone or going, and has nothing queued. Our use keeps it until we unwatch it. */
        if (sched_pool_try_enter(pool)) {
            atomic_store_explicit(&pool->watch.watched, true, memory_order_seq_cst);
            sched_stall_begin(pool, nt_time_now());
            pool->watch.next = watched_pools;
            if (!watched_pools || pool->watch.look < watch_due)
                watch_due = pool->watch.look;
            watched_pools = pool;
            must_wake = true;
        }
    }
    unlock_and_wake();
}

/* A submitter makes its post visible and then reads watched; we write watched and then look for posts. Sequential
 * consistency of all four lets at least one of us see the other. Both set watched again under the lock only, so that
 * the pool is not listed twice. False: the pool is watched again, by us. */
static bool unwatch(struct sched_pool *pool)
{
    atomic_store_explicit(&pool->watch.watched, false, memory_order_seq_cst);
    if (!sched_stall_is_possible(pool))
        return true;
    sched_lock_acquire(&lock);
    bool by_others = atomic_load_explicit(&pool->watch.watched, memory_order_relaxed);
    if (!by_others)
        atomic_store_explicit(&pool->watch.watched, true, memory_order_seq_cst);
    sched_lock_release(&lock);
    return by_others;
}

/* When the first deadline is due; the lock is held. */
static uint64_t next_deadline(uint64_t now)
{
    const struct deadline_entry *relative = deadlines_first(&heaps[0]), *absolute = deadlines_first(&heaps[1]);
    uint64_t until = relative ? relative->due : NT_FOREVER;

    if (absolute) {
        uint64_t recheck = deadlines_recheck(absolute->due, now);
        if (recheck < until)
            until = recheck;
    }
    return until;
}

/* Looks at each watched pool for which it is time. Only the keeper removes from the list, others add at its head. The
 * lock is held on entry and on return, but not between. */
static void look_at_watched(uint64_t now)
{
    struct sched_pool *kept = NULL, *pool = watched_pools;
    uint64_t free_until = next_deadline(now);

    watched_pools = NULL;
    sched_lock_release(&lock);
    while (pool) {
        struct sched_pool *next = pool->watch.next;
        if (pool->watch.look > now || sched_stall_look(pool, now, free_until) || !unwatch(pool)) {
            pool->watch.next = kept;
            kept = pool;
        } else {
            sched_pool_leave(pool);
        }
        pool = next;
    }
    sched_lock_acquire(&lock);
    while (kept) {
        struct sched_pool *next = kept->watch.next;
        if (!watched_pools || kept->watch.look < watch_due)
            watch_due = kept->watch.look;
        kept->watch.next = watched_pools;
        watched_pools = kept;
        kept = next;
    }
}

/* ---- watching the turn ------------------------------------------------------------------------ */

void sched_keeper_watch_turn_slow(void)
{
    sched_lock_acquire(&lock);
    if (!atomic_load_explicit(&sched_turn_is_watched, memory_order_relaxed)) {
        atomic_store_explicit(&sched_turn_is_watched, true, memory_order_seq_cst);
        turn_due = nt_time_now() + TURN_LOOK;
        must_wake = true;
    }
    unlock_and_wake();
}

/* The lock is held. */
static void look_at_turn(uint64_t now)
{
    turn_due = now + TURN_LOOK;
    sched_lock_release(&lock);
    bool goes_on = sched_turn_look();
    sched_lock_acquire(&lock);
    if (goes_on)
        return;
    atomic_store_explicit(&sched_turn_is_watched, false, memory_order_seq_cst);
    if (sched_turn_is_leased())
        atomic_store_explicit(&sched_turn_is_watched, true, memory_order_seq_cst);
}

/* ---- deadlines -------------------------------------------------------------------------------- */

struct notified {
    struct sched_pool *pools[POOLS_PER_ROUND];
    unsigned count;
};

static void remember(struct notified *notified, struct sched_pool *pool)
{
    for (unsigned i = 0; i < notified->count; i++)
        if (notified->pools[i] == pool)
            return;
    notified->pools[notified->count++] = pool;
}

static void expire(struct deadline_heap *heap, uint64_t now, struct notified *notified)
{
    const struct deadline_entry *first;

    for (int i = 0; i < EXPIRED_PER_ROUND && notified->count < POOLS_PER_ROUND; i++) {
        first = deadlines_first(heap);
        if (!first || first->due > now)
            return;
        struct sched_timer *timer = nt_container(first->deadline, struct sched_timer, deadline);
        uint64_t next = 0;
        deadlines_remove(heap, &timer->deadline);
        struct sched_pool *pool = timer->expired(timer, now, &next);
        if (next)
            sched_timer_arm(timer, next, false);
        if (pool)
            remember(notified, pool);
    }
}

/* Until when the keeper may sleep; the lock is held. */
static uint64_t next_look(uint64_t now, uint64_t idle_since)
{
    uint64_t until = next_deadline(now), rest = idle_since + KEEPER_IDLE_TIMEOUT;

    if (!has_something_to_keep() && !(reserved && rest <= now))
        until = rest;
    if (watched_pools && watch_due < until)
        until = watch_due;
    if (roll_call_due && roll_call_due < until)
        until = roll_call_due;
    if (atomic_load_explicit(&sched_turn_is_watched, memory_order_relaxed) && turn_due < until)
        until = turn_due;
    if (atomic_load_explicit(&sched_waits_unplaced, memory_order_relaxed) && now + PLACE_AGAIN < until)
        until = now + PLACE_AGAIN;
    return until;
}

/* The question is taken back before the look; see sched_roll_call_ask. The lock is held on entry and on return. */
static void call_roll(void)
{
    roll_call_due = 0;
    atomic_store_explicit(&sched_roll_call_is_asked, false, memory_order_seq_cst);
    sched_lock_release(&lock);
    if (sched_roll_call())
        sched_roll_call_ask();
    sched_lock_acquire(&lock);
}

static void keeper_main(void *unused)
{
    uint64_t now, idle_since, placed = 0;

    (void)unused;
    nt_parker_init(&parker);
    nt_thread_trim_stack();
    idle_since = nt_time_now();
    sched_lock_acquire(&lock);
    keeper = KEEPER_AWAKE;
    for (;;) {
        struct notified notified = {.count = 0};
        now = nt_time_now();
        expire(&heaps[0], now, &notified);
        if (deadlines_first(&heaps[1]))
            expire(&heaps[1], nt_system_time(), &notified);
        if (notified.count) {
            sched_lock_release(&lock);
            for (unsigned i = 0; i < notified.count; i++)
                sched_pool_notify(notified.pools[i]);
            idle_since = now;
            sched_lock_acquire(&lock);
            continue; /* there may be more */
        }
        if (watched_pools && watch_due <= now) {
            idle_since = now;
            look_at_watched(now);
            continue;
        }
        if (roll_call_due && roll_call_due <= now) {
            idle_since = now;
            call_roll();
            continue;
        }
        if (atomic_load_explicit(&sched_turn_is_watched, memory_order_relaxed) && turn_due <= now) {
            idle_since = now;
            look_at_turn(now);
            continue;
        }
        if (atomic_load_explicit(&sched_waits_unplaced, memory_order_relaxed) && now - placed >= PLACE_AGAIN) {
            placed = idle_since = now;
            sched_lock_release(&lock);
            sched_waits_place_again();
            sched_lock_acquire(&lock);
            continue;
        }
        uint64_t until = next_look(now, idle_since);
        if (until <= now && !has_something_to_keep())
            break; /* no timer is left either */
        keeper = KEEPER_ASLEEP;
        sleeps_until = until;
        sched_lock_release(&lock);
        bool woken = nt_park(&parker, until);
        sched_lock_acquire(&lock);
        /* A waker that found us asleep says so in keeper before it unparks: its token must be taken. */
        if (!woken && keeper == KEEPER_AWAKE) {
            sched_lock_release(&lock);
            nt_park(&parker, NT_FOREVER);
            sched_lock_acquire(&lock);
        }
        keeper = KEEPER_AWAKE;
        if (until == NT_FOREVER)
            idle_since = nt_time_now();
    }
    keeper = KEEPER_ABSENT;
    sched_lock_release(&lock);
    nt_thread_restore_stack();
}
