// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "sched/lot.h"
#include "sched/waiter_parts.h"

static struct slab_cache waiters = {
    .kind = SLAB_WAITER, .size = SLAB_SIZE_OF(struct sched_waiter), .keep = true, .few = true};

struct sched_lock sched_waiters_lock; /* guards all below, too */
static struct sched_waiter *with_room, *unused;
static struct sched_wait *unplaced;

_Atomic bool sched_waits_unplaced;

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
    if (nt_thread_start(sched_waiter_main, waiter, NULL) < 0) {
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
    if (waiter->used == WAITER_SLOTS)
        room_remove(waiter);
}

void sched_waiter_let_go(struct sched_waiter *waiter, struct sched_wait *wait, enum sched_wait_state state)
{
    struct sched_wait *last = waiter->slots[--waiter->used];
    bool left = sched_wait_state(wait) == WAIT_LEAVING;

    waiter->slots[wait->slot] = last;
    last->slot = wait->slot;
    wait->waiter = NULL;
    if (!waiter->has_room)
        room_insert(waiter);
    sched_wait_set_state(wait, state);
    if (left)
        sched_lot_wake(&wait->state, SCHED_LOT_ALL);
}

void sched_waiter_ended(struct sched_waiter *waiter)
{
    room_remove(waiter);
    waiter->next = unused;
    unused = waiter;
}

/* ---- arming and disarming ----------------------------------------------------------------------- */

void sched_wait_arm(struct sched_wait *wait, nt_handle handle, uint64_t due, bool system)
{
    bool signal = false;

    sched_lock_acquire(&sched_waiters_lock);
    wait->handle = handle;
    wait->due = due;
    wait->system = system;
    wait->broken = false;
    sched_wait_set_state(wait, WAIT_ARMED);
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
    sched_lock_release(&sched_waiters_lock);
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
        sched_lock_acquire(&sched_waiters_lock);
        waiter = unplaced ? waiter_find() : NULL;
        if (waiter) {
            struct sched_wait *wait = unplaced;
            unplaced = wait->next;
            place(waiter, wait);
            signal = must_signal(waiter);
        }
        atomic_store_explicit(&sched_waits_unplaced, unplaced != NULL, memory_order_relaxed);
        sched_lock_release(&sched_waiters_lock);
        if (signal)
            nt_event_set(waiter->control);
    } while (waiter);
}

static bool is_leaving(void *argument)
{
    return sched_wait_state(argument) == WAIT_LEAVING;
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

    sched_lock_acquire(&sched_waiters_lock);
    waiter->handing = false;
    if (taken && sched_wait_state(wait) == WAIT_LEAVING)
        sched_waiter_let_go(waiter, wait, WAIT_LEFT);
    sched_lock_release(&sched_waiters_lock);
    /* Not waiting at that moment; and what others had set is gone with ours. */
    if (!taken)
        nt_event_set(waiter->control);
}

bool sched_wait_disarm(struct sched_wait *wait)
{
    bool signal = false, handing = false, was_armed;

    sched_lock_acquire(&sched_waiters_lock);
    struct sched_waiter *waiter = wait->waiter;
    was_armed = sched_wait_state(wait) == WAIT_ARMED;
    if (was_armed && waiter && !wait->listed) {
        /* Its thread does not wait for it. That thread may even not have begun, and not begin before our caller is
         * through: a new thread waits for the loader's lock. */
        waiter->changes++;
        sched_waiter_let_go(waiter, wait, WAIT_LEFT);
    } else if (was_armed && waiter) {
        sched_wait_set_state(wait, WAIT_LEAVING);
        signal = must_signal(waiter);
        handing = signal && !waiter->handing;
        if (handing)
            waiter->handing = true;
    } else if (was_armed) {
        unplaced_remove(wait);
        sched_wait_set_state(wait, WAIT_LEFT);
    }
    sched_lock_release(&sched_waiters_lock);
    if (handing)
        hand_over(waiter, wait);
    else if (signal)
        nt_event_set(waiter->control);
    /* Else only when its thread has let go of it is the outcome known. */
    while (sched_wait_state(wait) == WAIT_LEAVING && !nt_process_is_exiting())
        sched_lot_wait(&wait->state, is_leaving, wait, NT_FOREVER);
    return was_armed && sched_wait_state(wait) == WAIT_LEFT;
}
