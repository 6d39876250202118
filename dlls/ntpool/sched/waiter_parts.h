// SPDX-License-Identifier: MIT
/* What waiter.c, where waits are armed and disarmed, and waiter_thread.c, where they are waited for, share. */
#ifndef NTPOOL_SCHED_WAITER_PARTS_H
#define NTPOOL_SCHED_WAITER_PARTS_H

#include "sched/waiter.h"

enum { WAITER_SLOTS = NT_WAIT_MAXIMUM - 1 };

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
    struct sched_wait *slots[WAITER_SLOTS];
};

/* The waiters' lock: guards every waiter, and what waiter.h says of waits. */
extern struct sched_lock sched_waiters_lock;

static inline enum sched_wait_state sched_wait_state(struct sched_wait *wait)
{
    return atomic_load_explicit(&wait->state, memory_order_acquire);
}

static inline void sched_wait_set_state(struct sched_wait *wait, enum sched_wait_state state)
{
    atomic_store_explicit(&wait->state, (uint8_t)state, memory_order_release);
}

/* These want the lock. */

/** Frees the slot. From the moment that the state is set the owner may arm the wait again, or free it. */
void sched_waiter_let_go(struct sched_waiter *waiter, struct sched_wait *wait, enum sched_wait_state state);
/** Its thread is about to end; the record may be used again. */
void sched_waiter_ended(struct sched_waiter *waiter);

/** The thread of a waiter. */
void sched_waiter_main(void *waiter);

#endif
