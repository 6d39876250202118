// SPDX-License-Identifier: MIT
#include "sched/turn.h"
#include "sched/lock.h"

#define TURN_POLLS UINT64_C(1)
#define TURN_LEASE UINT64_C(2)

/* 0 before the first turn. While it says TURN_POLLS, its owner alone changes it. */
static _Atomic uint64_t turn;

static struct sched_lock lock; /* guards the list of those who wait */
static struct sched_turn_taker *first_waiting;
static _Atomic uint32_t waiting;

static void push(struct sched_turn_taker *taker)
{
    sched_lock_acquire(&lock);
    taker->next = first_waiting;
    first_waiting = taker;
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    sched_lock_release(&lock);
}

static struct sched_turn_taker *pop(void)
{
    sched_lock_acquire(&lock);
    struct sched_turn_taker *taker = first_waiting;
    if (taker) {
        first_waiting = taker->next;
        atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
    }
    sched_lock_release(&lock);
    return taker;
}

/* Whoever gives the turn away unparks once, so that the token stands for the turn. */
void sched_turn_take(struct sched_turn_taker *taker)
{
    uint64_t none = 0;

    if (atomic_compare_exchange_strong_explicit(&turn, &none, TURN_POLLS, memory_order_acquire, memory_order_relaxed))
        return;
    nt_parker_init(&taker->parker);
    push(taker);
    while (!nt_park(&taker->parker, NT_FOREVER)) {
    }
}

bool sched_turn_is_wanted(void)
{
    return atomic_load_explicit(&waiting, memory_order_relaxed) != 0;
}

bool sched_turn_pass(void)
{
    struct sched_turn_taker *next = pop();

    if (next)
        nt_unpark(&next->parker);
    return next != NULL;
}

/* Sequentially consistent: the keeper, when it stops looking, says so and then reads the turn; the lease is written,
 * and then it is read whether the keeper looks. One of them sees the other. */
void sched_turn_lease(struct sched_turn_taker *taker)
{
    uint64_t old = atomic_load_explicit(&turn, memory_order_relaxed);

    taker->lease = (old & ~TURN_POLLS) + TURN_LEASE;
    atomic_store_explicit(&turn, taker->lease, memory_order_seq_cst);
}

bool sched_turn_resume(struct sched_turn_taker *taker)
{
    uint64_t lease = taker->lease;

    taker->lease = 0;
    return lease && atomic_compare_exchange_strong_explicit(&turn, &lease, lease | TURN_POLLS, memory_order_acquire,
                                                            memory_order_relaxed);
}

/* Acquire and release: what the old owner did before its lease is handed on to the next, by way of its parker. */
static bool take_away(uint64_t lease)
{
    struct sched_turn_taker *next = pop();

    if (!next)
        return false;
    bool taken = atomic_compare_exchange_strong_explicit(&turn, &lease, lease | TURN_POLLS, memory_order_acq_rel,
                                                         memory_order_relaxed);
    if (taken)
        nt_unpark(&next->parker);
    else
        push(next);
    return taken;
}

void sched_turn_end_lease(struct sched_turn_taker *taker)
{
    if (taker->lease && take_away(taker->lease))
        taker->lease = 0;
}

bool sched_turn_look(void)
{
    static uint64_t seen; /* the keeper's */
    uint64_t now = atomic_load_explicit(&turn, memory_order_seq_cst);
    bool is_new = now != seen;

    seen = now;
    if (!sched_turn_is_leased())
        return is_new;
    if (!is_new)
        take_away(now);
    return true;
}

bool sched_turn_is_leased(void)
{
    uint64_t now = atomic_load_explicit(&turn, memory_order_seq_cst);

    return now && !(now & TURN_POLLS);
}
