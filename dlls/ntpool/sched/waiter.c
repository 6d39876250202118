// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/lot.h"
#include "sched/waiter.h"

enum { SLOTS = NT_WAIT_MAXIMUM - 1 };

/* A wait thread ends after this long without a wait. */
#define WAITER_IDLE_TIMEOUT (20 * NT_SECOND)
/* How often absolute timeouts are looked at again while they are far away: a long wait does not notice a set clock. */
#define CLOCK_RECHECK (60 * NT_SECOND)

/* Records are reused and never freed, events included: whoever sets a control event late does no harm. */
struct sched_waiter {
    struct slab_item item;
    bool has_room;  /* in the list of those with room */
    bool must_look; /* control is set, or about to be */
    unsigned used;
    nt_handle control;                  /* auto-reset: the slots have changed */
    struct sched_waiter *next, *before; /* the list of those with room; next also that of the unused */
    struct sched_wait *slots[SLOTS];
};

static struct slab_cache waiters = {.kind = SLAB_WAITER, .size = SLAB_SIZE_OF(struct sched_waiter), .keep = true};

static struct sched_lock lock; /* guards all below, every waiter, and what waiter.h says of waits */
static struct sched_waiter *with_room, *unused;
static struct sched_wait *unplaced;

_Atomic bool sched_waits_unplaced;

static void waiter_main(void *argument);

static enum sched_wait_state state_of(struct sched_wait *wait)
{
    return atomic_load_explicit(&wait->state, memory_order_acquire);
}

static void set_state(struct sched_wait *wait, enum sched_wait_state state)
{
    atomic_store_explicit(&wait->state, (uint8_t)state, memory_order_release);
}

/* ---- waiters and their slots; the lock is held ------------------------------------------------- */

static void room_insert(struct sched_waiter *waiter)
{
    waiter->has_room = true;
    waiter->before = NULL;
    waiter->next = with_room;
    if (with_room)
        with_room->before = waiter;
    with_room = waiter;
}

static void room_remove(struct sched_waiter *waiter)
{
    waiter->has_room = false;
    if (waiter->before)
        waiter->before->next = waiter->next;
    else
        with_room = waiter->next;
    if (waiter->next)
        waiter->next->before = waiter->before;
}

static struct sched_waiter *waiter_record(void)
{
    struct sched_waiter *waiter = unused;

    if (waiter) {
        unused = waiter->next;
        return waiter;
    }
    waiter = slab_alloc(&waiters);
    if (waiter && nt_event_create(&waiter->control, false) < 0) {
        slab_free(&waiters, waiter);
        waiter = NULL;
    }
    return waiter;
}

/* A waiter with room, or NULL when no thread can be had. */
static struct sched_waiter *waiter_find(void)
{
    if (with_room)
        return with_room;
    struct sched_waiter *waiter = waiter_record();
    if (!waiter)
        return NULL;
    waiter->used = 0;
    waiter->must_look = true; /* it looks before it waits */
    if (nt_thread_start(waiter_main, waiter, NULL) < 0) {
        waiter->next = unused;
        unused = waiter;
        return NULL;
    }
    room_insert(waiter);
    return waiter;
}

/* True when control has to be set, after letting go of the lock. */
static bool must_signal(struct sched_waiter *waiter)
{
    bool signal = !waiter->must_look;

    waiter->must_look = true;
    return signal;
}

static void place(struct sched_waiter *waiter, struct sched_wait *wait)
{
    wait->waiter = waiter;
    wait->listed = false;
    wait->slot = (uint8_t)waiter->used;
    waiter->slots[waiter->used++] = wait;
    if (waiter->used == SLOTS)
        room_remove(waiter);
}

/* Frees the slot. From the moment that the state is set the owner may arm the wait again, or free it. */
static void let_go(struct sched_waiter *waiter, struct sched_wait *wait, enum sched_wait_state state)
{
    struct sched_wait *last = waiter->slots[--waiter->used];
    bool left = state_of(wait) == WAIT_LEAVING;

    waiter->slots[wait->slot] = last;
    last->slot = wait->slot;
    wait->waiter = NULL;
    if (!waiter->has_room)
        room_insert(waiter);
    set_state(wait, state);
    if (left)
        sched_lot_wake(&wait->state, SCHED_LOT_ALL);
}

/* ---- arming and disarming ----------------------------------------------------------------------- */

void sched_wait_arm(struct sched_wait *wait, nt_handle handle, uint64_t due, bool system)
{
    bool signal = false;

    sched_lock_acquire(&lock);
    wait->handle = handle;
    wait->due = due;
    wait->system = system;
    wait->broken = false;
    set_state(wait, WAIT_ARMED);
    struct sched_waiter *waiter = waiter_find();
    if (waiter) {
        place(waiter, wait);
        signal = must_signal(waiter);
    } else {
        wait->waiter = NULL;
        wait->next = unplaced;
        unplaced = wait;
        atomic_store_explicit(&sched_waits_unplaced, true, memory_order_relaxed);
    }
    sched_lock_release(&lock);
    if (signal)
        nt_event_set(waiter->control);
    if (!waiter)
        sched_keeper_look_soon();
    else if (nt_unlikely(atomic_load_explicit(&sched_waits_unplaced, memory_order_relaxed)))
        sched_waits_place_again();
}

void sched_waits_place_again(void)
{
    struct sched_waiter *waiter;

    do {
        bool signal = false;
        sched_lock_acquire(&lock);
        waiter = unplaced ? waiter_find() : NULL;
        if (waiter) {
            struct sched_wait *wait = unplaced;
            unplaced = wait->next;
            place(waiter, wait);
            signal = must_signal(waiter);
        }
        atomic_store_explicit(&sched_waits_unplaced, unplaced != NULL, memory_order_relaxed);
        sched_lock_release(&lock);
        if (signal)
            nt_event_set(waiter->control);
    } while (waiter);
}

static bool is_leaving(void *argument)
{
    return state_of(argument) == WAIT_LEAVING;
}

static void unplaced_remove(struct sched_wait *wait)
{
    struct sched_wait **link = &unplaced;

    while (*link != wait)
        link = &(*link)->next;
    *link = wait->next;
}

bool sched_wait_disarm(struct sched_wait *wait)
{
    bool signal = false, was_armed;

    sched_lock_acquire(&lock);
    struct sched_waiter *waiter = wait->waiter;
    was_armed = state_of(wait) == WAIT_ARMED;
    if (was_armed && waiter && !wait->listed) {
        /* Its thread has not seen it yet. That thread may even not have begun, and not begin before our caller is
         * through: a new thread waits for the loader's lock. */
        let_go(waiter, wait, WAIT_LEFT);
    } else if (was_armed && waiter) {
        set_state(wait, WAIT_LEAVING);
        signal = must_signal(waiter);
    } else if (was_armed) {
        unplaced_remove(wait);
        set_state(wait, WAIT_LEFT);
    }
    sched_lock_release(&lock);
    if (signal)
        nt_event_set(waiter->control);
    /* Its thread may be waiting for the handle at this moment: only when it has let go is the outcome known. */
    while (state_of(wait) == WAIT_LEAVING && !nt_process_is_exiting())
        sched_lot_wait(&wait->state, is_leaving, wait, NT_FOREVER);
    return was_armed && state_of(wait) == WAIT_LEFT;
}

/* ---- the wait thread ------------------------------------------------------------------------------ */

/* What a wait thread waits for in one round, taken from its slots under the lock. */
struct round {
    unsigned count;  /* of handles; the first is the waiter's control */
    unsigned listed; /* of waits: those behind count have no handle to wait for */
    uint64_t until;
    nt_handle handles[NT_WAIT_MAXIMUM];
    struct sched_wait *waits[NT_WAIT_MAXIMUM]; /* by handle; NULL once over */
    struct sched_pool *pool;                   /* to be notified */
};

static uint64_t due_now(const struct sched_wait *wait, uint64_t now)
{
    if (!wait->system)
        return wait->due;
    uint64_t clock = nt_system_time();
    uint64_t left = wait->due > clock ? wait->due - clock : 0;
    return now + (left < CLOCK_RECHECK ? left : CLOCK_RECHECK);
}

static bool is_due(const struct sched_wait *wait, uint64_t now)
{
    return wait->due != NT_FOREVER && (wait->system ? nt_system_time() : now) >= wait->due;
}

/* A round notifies at once when it meets a second pool; the lock is held. */
static void fire(struct sched_waiter *waiter, struct round *round, unsigned index, bool timed_out)
{
    struct sched_wait *wait = round->waits[index];
    sched_wait_fired *fired = wait->fired;

    round->waits[index] = NULL;
    /* Posted before it is let go: whoever finds it not armed finds its callback, too. */
    struct sched_pool *pool = fired(wait, timed_out);
    let_go(waiter, wait, WAIT_IDLE);
    if (round->pool && round->pool != pool) {
        sched_lock_release(&lock);
        sched_pool_notify(round->pool);
        sched_lock_acquire(&lock);
    }
    round->pool = pool;
}

static void notify(struct round *round)
{
    if (round->pool)
        sched_pool_notify(round->pool);
    round->pool = NULL;
}

/* The lock is held. Lets go of what is being disarmed and lists the rest. */
static void begin_round(struct sched_waiter *waiter, struct round *round, uint64_t now)
{
    waiter->must_look = false;
    for (unsigned i = 0; i < waiter->used;) {
        if (state_of(waiter->slots[i]) == WAIT_LEAVING)
            let_go(waiter, waiter->slots[i], WAIT_LEFT);
        else
            i++;
    }
    round->handles[0] = waiter->control;
    round->count = 1;
    round->until = waiter->used ? NT_FOREVER : now + WAITER_IDLE_TIMEOUT;
    for (unsigned i = 0; i < waiter->used; i++) {
        struct sched_wait *wait = waiter->slots[i];
        wait->listed = true;
        if (wait->due != NT_FOREVER && due_now(wait, now) < round->until)
            round->until = due_now(wait, now);
        if (wait->broken)
            continue;
        round->handles[round->count] = wait->handle;
        round->waits[round->count++] = wait;
    }
    round->listed = round->count;
    for (unsigned i = 0; i < waiter->used; i++)
        if (waiter->slots[i]->broken)
            round->waits[round->listed++] = waiter->slots[i];
}

/* Takes every other signalled handle behind the one that ended the wait, so that low slots do not starve high ones. */
static void take_the_rest(struct sched_waiter *waiter, struct round *round, unsigned first)
{
    while (first < round->count) {
        nt_status index = nt_wait_any(round->count - first, &round->handles[first], 0);
        if (index < 0 || index >= (nt_status)(round->count - first))
            return;
        first += (unsigned)index;
        sched_lock_acquire(&lock);
        fire(waiter, round, first, false);
        sched_lock_release(&lock);
        first++;
    }
}

/* One handle cannot be waited for any more. It is passed over for good: its wait stays armed until it is disarmed, or
 * times out. */
static void retire_broken(struct sched_waiter *waiter, struct round *round)
{
    for (unsigned i = 1; i < round->count; i++) {
        nt_status status = nt_wait_any(1, &round->handles[i], 0);
        if (status == 0 || (status < 0 && status != NT_TIMEOUT)) {
            sched_lock_acquire(&lock);
            if (status == 0)
                fire(waiter, round, i, false);
            else
                round->waits[i]->broken = true;
            sched_lock_release(&lock);
        }
    }
}

static void expire_due(struct sched_waiter *waiter, struct round *round)
{
    uint64_t now = nt_time_now();

    sched_lock_acquire(&lock);
    for (unsigned i = 1; i < round->listed; i++)
        if (round->waits[i] && is_due(round->waits[i], now))
            fire(waiter, round, i, true);
    sched_lock_release(&lock);
}

static void waiter_main(void *argument)
{
    struct sched_waiter *waiter = argument;
    struct round round = {.pool = NULL};

    nt_thread_trim_stack();
    for (;;) {
        sched_lock_acquire(&lock);
        begin_round(waiter, &round, nt_time_now());
        sched_lock_release(&lock);

        nt_status status = nt_wait_any(round.count, round.handles, round.until);
        if (status > 0 && status < (nt_status)round.count) {
            sched_lock_acquire(&lock);
            fire(waiter, &round, (unsigned)status, false);
            sched_lock_release(&lock);
        }
        if (status >= 0 && status < (nt_status)round.count) {
            take_the_rest(waiter, &round, (unsigned)status + 1);
        } else if (status < 0) {
            retire_broken(waiter, &round);
        }
        if (round.until != NT_FOREVER)
            expire_due(waiter, &round);
        notify(&round);

        if (status != NT_TIMEOUT || round.listed > 1)
            continue;
        sched_lock_acquire(&lock);
        if (!waiter->used)
            break;
        sched_lock_release(&lock);
    }
    room_remove(waiter);
    waiter->next = unused;
    unused = waiter;
    sched_lock_release(&lock);
    nt_thread_restore_stack();
}
