// SPDX-License-Identifier: MIT
/*
 * Waits on handles. Wait threads hold up to 63 each, are started when waits are armed, take every signalled handle of a
 * round, and end when they have had nothing to wait for a while. They run no callback: they post.
 *
 * A wait is armed or not. Armed, its handle may be consumed at any moment, and then it is not armed any more. Disarming
 * is exact: when sched_wait_disarm has returned, either the wait has fired (once), or its handle was not and will not
 * be consumed.
 */
#ifndef NTPOOL_SCHED_WAITER_H
#define NTPOOL_SCHED_WAITER_H

#include "sched/pool.h"

struct sched_waiter;
struct sched_wait;

/**
 * Called by a wait thread, under the waiters' lock, when an armed wait is over: signalled (and consumed), or timed out.
 * Posts quietly and returns the pool to notify.
 */
typedef struct sched_pool *sched_wait_fired(struct sched_wait *wait, bool timed_out);

enum sched_wait_state {
    WAIT_IDLE, /* never armed, fired, or disarmed */
    WAIT_ARMED,
    WAIT_LEAVING, /* somebody disarms it and waits for its wait thread to let go */
    WAIT_LEFT     /* its wait thread has let go of it, unfired */
};

struct sched_wait {
    sched_wait_fired *fired;
    /* The rest is guarded by the waiters' lock; state is read without it. */
    _Atomic uint8_t state;       /* enum sched_wait_state */
    uint8_t slot;                /* in its waiter */
    bool system;                 /* due is of the system clock */
    bool broken;                 /* its handle cannot be waited for: only its timeout is looked at */
    bool listed;                 /* its wait thread may be waiting for it now */
    struct sched_waiter *waiter; /* NULL while no thread could be had */
    struct sched_wait *next;     /* in the list of those */
    nt_handle handle;
    uint64_t due; /* NT_FOREVER: no timeout */
};

/**
 * Arms a wait that is not armed. handle is the wait's own reference (nt_handle_open_for_wait) and stays open until the
 * wait is no longer armed. Never fails: when no thread can be had, it is placed as soon as one can.
 * The owner sees to it that only one thread at a time arms and disarms one wait.
 */
void sched_wait_arm(struct sched_wait *wait, nt_handle handle, uint64_t due, bool system);

/** True: it was armed and will not fire. False: it was not armed, or has just fired. */
bool sched_wait_disarm(struct sched_wait *wait);

/* For the keeper: some armed waits have no thread yet; try to find them one. */
extern _Atomic bool sched_waits_unplaced;
void sched_waits_place_again(void);

#endif
