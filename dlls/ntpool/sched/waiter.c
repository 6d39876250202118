// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/lot.h"
#include "sched/waiter.h"

enum { SLOTS = NT_WAIT_MAXIMUM - 1 };

/* A wait thread ends after this long without a wait. */
#define WAITER_IDLE_TIMEOUT (20 * NT_SECOND)
/* How often absolute timeouts are looked at again while they are far away: a long wait does not notice a set clock. */
#define CLOCK_RECHECK (60 * NT_SECOND)
/* After so many changes to a waiter's slots in a row, none of its handles signalled, it looks at the handles first. */
enum { CHANGES_IN_A_ROW = 4 };
/*
 * And if they came so fast that it could not wait for longer than this before the next, it lingers: for a moment it
 * waits for nothing, so that slots change without asking anybody.
 */
#define LINGER_AFTER (NT_MILLISECOND / 2)
#define LINGER       (NT_MILLISECOND / 5)
/* How often it then passes the chance by where lingering did not pay. */
enum { LINGER_PASSES = 1024 };

/* Records are reused and never freed, events included: whoever sets a control event late does no harm. */
struct sched_waiter {
    struct slab_item item;
    bool has_room;  /* in the list of those with room */
    bool must_look; /* control is set, or about to be */
    bool handing;   /* somebody is in nt_event_hand_over of control */
    unsigned used;
    unsigned changes;                   /* of the slots, by others than its thread */
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
    waiter->handing = false;
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
    waiter->changes++;
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

/*
 * The wait is LEAVING, its thread may be waiting for its handle, and nobody else sets control. If the thread takes
 * control, its wait has ended without a signal, and before the next it takes the lock and finds the wait LEAVING; until
 * then it touches none of its waits. So the wait can be taken away from it, and it need not have run.
 */
static void hand_over(struct sched_waiter *waiter, struct sched_wait *wait)
{
    bool taken = nt_event_hand_over(waiter->control);

    sched_lock_acquire(&lock);
    waiter->handing = false;
    if (taken && state_of(wait) == WAIT_LEAVING)
        let_go(waiter, wait, WAIT_LEFT);
    sched_lock_release(&lock);
    /* Not waiting at that moment; and what others had set is gone with ours. */
    if (!taken)
        nt_event_set(waiter->control);
}

bool sched_wait_disarm(struct sched_wait *wait)
{
    bool signal = false, handing = false, was_armed;

    sched_lock_acquire(&lock);
    struct sched_waiter *waiter = wait->waiter;
    was_armed = state_of(wait) == WAIT_ARMED;
    if (was_armed && waiter && !wait->listed) {
        /* Its thread does not wait for it. That thread may even not have begun, and not begin before our caller is
         * through: a new thread waits for the loader's lock. */
        waiter->changes++;
        let_go(waiter, wait, WAIT_LEFT);
    } else if (was_armed && waiter) {
        set_state(wait, WAIT_LEAVING);
        signal = must_signal(waiter);
        handing = signal && !waiter->handing;
        if (handing)
            waiter->handing = true;
    } else if (was_armed) {
        unplaced_remove(wait);
        set_state(wait, WAIT_LEFT);
    }
    sched_lock_release(&lock);
    if (handing)
        hand_over(waiter, wait);
    else if (signal)
        nt_event_set(waiter->control);
    /* Else only when its thread has let go of it is the outcome known. */
    while (state_of(wait) == WAIT_LEAVING && !nt_process_is_exiting())
        sched_lot_wait(&wait->state, is_leaving, wait, NT_FOREVER);
    return was_armed && state_of(wait) == WAIT_LEFT;
}

/* ---- the wait thread ------------------------------------------------------------------------------ */

/* What a wait thread waits for in one round, taken from its slots under the lock; and what it knows of earlier ones. */
struct round {
    unsigned count;  /* of handles; the first is the waiter's control */
    unsigned listed; /* of waits: those behind count have no handle to wait for */
    uint64_t until;
    nt_handle handles[NT_WAIT_MAXIMUM];
    struct sched_wait *waits[NT_WAIT_MAXIMUM]; /* by handle; NULL once over */
    struct sched_pool *pool;                   /* to be notified */
    unsigned first;                            /* the slot to begin with: behind the one that fired last */
    unsigned changes;                          /* how often control ended a wait since a handle did */
    unsigned passes, passed;                   /* chances to linger: to be passed by now, and passed by */
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
    round->first = wait->slot + 1;
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

/* The lock is held. */
static void let_leaving_go(struct sched_waiter *waiter)
{
    for (unsigned i = 0; i < waiter->used;) {
        if (state_of(waiter->slots[i]) == WAIT_LEAVING)
            let_go(waiter, waiter->slots[i], WAIT_LEFT);
        else
            i++;
    }
}

/* The lock is held. Lets go of what is being disarmed and lists the rest. */
static void begin_round(struct sched_waiter *waiter, struct round *round, uint64_t now)
{
    waiter->must_look = false;
    let_leaving_go(waiter);
    /*
     * The lowest signalled handle ends a wait, so each round begins behind the one that fired last: low slots do not
     * starve high ones. (The last slot, when it fills a freed one behind which the round begins, is passed over once;
     * but each time its place is lower, so not for good.)
     */
    unsigned slot = round->first < waiter->used ? round->first : 0;
    round->handles[0] = waiter->control;
    round->count = 1;
    round->until = waiter->used ? NT_FOREVER : now + WAITER_IDLE_TIMEOUT;
    for (unsigned i = 0; i < waiter->used; i++) {
        struct sched_wait *wait = waiter->slots[slot];
        slot = slot + 1 < waiter->used ? slot + 1 : 0;
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

/* Where some handle was signalled, others behind it may be: a signal counts more than a time that is over. */
static void expire_due(struct sched_waiter *waiter, struct round *round, bool none_signalled)
{
    uint64_t now = nt_time_now();

    for (unsigned i = 1; i < round->listed; i++) {
        if (!round->waits[i] || !is_due(round->waits[i], now))
            continue;
        bool timed_out = none_signalled || i >= round->count || nt_wait_any(1, &round->handles[i], 0) != 0;
        sched_lock_acquire(&lock);
        fire(waiter, round, i, timed_out);
        sched_lock_release(&lock);
    }
}

/*
 * Whoever arms many waits, or disarms them, makes one request after the other, and each would end a wait of this thread
 * and make it begin another: two requests more to the host, under Wine to another process. What was signalled
 * meanwhile is taken a little later. Where threads do not sleep that shortly it does not pay, and is soon hardly tried
 * any more.
 */
static void linger(struct sched_waiter *waiter, struct round *round)
{
    struct nt_parker parker;
    uint64_t start = nt_time_now();

    sched_lock_acquire(&lock);
    waiter->must_look = true; /* nobody needs to set control */
    let_leaving_go(waiter);
    unsigned changes = waiter->changes;
    for (unsigned i = 0; i < waiter->used; i++)
        waiter->slots[i]->listed = false;
    sched_lock_release(&lock);

    nt_parker_init(&parker);
    nt_park(&parker, start + LINGER);

    sched_lock_acquire(&lock);
    changes = waiter->changes - changes;
    sched_lock_release(&lock);
    bool paid = changes > 1 && nt_time_now() - start < 5 * LINGER;
    round->passes = paid ? 0 : 2 * round->passes + 1;
    if (round->passes > LINGER_PASSES)
        round->passes = LINGER_PASSES;
    round->passed = 0;
}

/* Control has ended a wait. Nothing of the round is touched any more: waits that it lists may be gone (hand_over). */
static void changed(struct sched_waiter *waiter, struct round *round, uint64_t began)
{
    if (nt_time_now() - began > LINGER_AFTER) {
        round->changes = 1;
        return;
    }
    if (++round->changes > CHANGES_IN_A_ROW && round->passed++ >= round->passes)
        linger(waiter, round);
}

static void waiter_main(void *argument)
{
    struct sched_waiter *waiter = argument;
    struct round round = {.pool = NULL};

    nt_thread_trim_stack();
    for (;;) {
        sched_lock_acquire(&lock);
        uint64_t now = nt_time_now();
        begin_round(waiter, &round, now);
        sched_lock_release(&lock);
        notify(&round);

        /* Control is the first handle: when it is set, no other is consumed. But if it is set again and again, the
         * others have their turn without it, until none of them is signalled. */
        bool without_control = round.changes > 0 && round.changes % CHANGES_IN_A_ROW == 0 && round.count > 1;
        nt_status status = without_control ? nt_wait_any(round.count - 1, &round.handles[1], 0)
                                           : nt_wait_any(round.count, round.handles, round.until);
        if (status == 0 && !without_control) {
            changed(waiter, &round, now);
            continue;
        }
        if (without_control && status >= 0 && status < (nt_status)round.count - 1)
            status++;
        else if (without_control)
            round.changes++;
        else
            round.changes = 0;
        bool signalled = status > 0 && status < (nt_status)round.count;
        if (signalled) {
            sched_lock_acquire(&lock);
            fire(waiter, &round, (unsigned)status, false);
            sched_lock_release(&lock);
        } else if (status < 0) {
            retire_broken(waiter, &round);
        }
        if (round.until != NT_FOREVER)
            expire_due(waiter, &round, !signalled);

        if (status != NT_TIMEOUT || round.listed > 1)
            continue;
        sched_lock_acquire(&lock);
        if (!waiter->used && !waiter->handing)
            break;
        sched_lock_release(&lock);
    }
    room_remove(waiter);
    waiter->next = unused;
    unused = waiter;
    sched_lock_release(&lock);
    nt_thread_restore_stack();
}
