// SPDX-License-Identifier: MIT
#include "sched/deadlines.h"
#include "sched/waiter_parts.h"

/* A wait thread ends after this long without a wait. */
#define WAITER_IDLE_TIMEOUT (20 * NT_SECOND)
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
    return wait->system ? deadlines_recheck(wait->due, now) : wait->due;
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
    sched_waiter_let_go(waiter, wait, WAIT_IDLE);
    if (round->pool && round->pool != pool) {
        sched_lock_release(&sched_waiters_lock);
        sched_pool_notify(round->pool);
        sched_lock_acquire(&sched_waiters_lock);
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
        if (sched_wait_state(waiter->slots[i]) == WAIT_LEAVING)
            sched_waiter_let_go(waiter, waiter->slots[i], WAIT_LEFT);
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
            sched_lock_acquire(&sched_waiters_lock);
            if (status == 0)
                fire(waiter, round, i, false);
            else
                round->waits[i]->broken = true;
            sched_lock_release(&sched_waiters_lock);
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
        sched_lock_acquire(&sched_waiters_lock);
        fire(waiter, round, i, timed_out);
        sched_lock_release(&sched_waiters_lock);
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

    sched_lock_acquire(&sched_waiters_lock);
    waiter->must_look = true; /* nobody needs to set control */
    let_leaving_go(waiter);
    unsigned changes = waiter->changes;
    for (unsigned i = 0; i < waiter->used; i++)
        waiter->slots[i]->listed = false;
    sched_lock_release(&sched_waiters_lock);

    nt_parker_init(&parker);
    nt_park(&parker, start + LINGER);

    sched_lock_acquire(&sched_waiters_lock);
    changes = waiter->changes - changes;
    sched_lock_release(&sched_waiters_lock);
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

void sched_waiter_main(void *argument)
{
    struct sched_waiter *waiter = argument;
    struct round round = {.pool = NULL};

    nt_thread_trim_stack();
    for (;;) {
        sched_lock_acquire(&sched_waiters_lock);
        uint64_t now = nt_time_now();
        begin_round(waiter, &round, now);
        sched_lock_release(&sched_waiters_lock);
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
            sched_lock_acquire(&sched_waiters_lock);
            fire(waiter, &round, (unsigned)status, false);
            sched_lock_release(&sched_waiters_lock);
        } else if (status < 0) {
            retire_broken(waiter, &round);
        }
        if (round.until != NT_FOREVER)
            expire_due(waiter, &round, !signalled);

        if (status != NT_TIMEOUT || round.listed > 1)
            continue;
        sched_lock_acquire(&sched_waiters_lock);
        if (!waiter->used && !waiter->handing)
            break;
        sched_lock_release(&sched_waiters_lock);
    }
    sched_waiter_ended(waiter);
    sched_lock_release(&sched_waiters_lock);
    nt_thread_restore_stack();
}
