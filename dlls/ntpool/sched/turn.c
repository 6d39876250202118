// SPDX-License-Identifier: MIT
#include "sched/turn.h"
#include "sched/lock.h"
#include "sched/roll_call.h"

#define TURN_POLLS UINT64_C(1)
#define TURN_FREE  UINT64_C(2)
#define TURN_LEASE UINT64_C(4)

/* While it says TURN_POLLS, its owner alone changes it; TURN_FREE comes and goes under the lock. */
static _Atomic uint64_t turn = TURN_FREE;

static struct sched_lock lock; /* guards the list of those who wait, and each taker's place */
static struct sched_turn_taker *first_waiting;
static _Atomic uint32_t waiting;

/* Release and acquire: what who gave the turn away did comes before what its new owner does. */
static void set_place(struct sched_turn_taker *taker, enum sched_turn_place place)
{
    atomic_store_explicit(&taker->place, place, memory_order_release);
}

static enum sched_turn_place place_of(struct sched_turn_taker *taker)
{
    return (enum sched_turn_place)atomic_load_explicit(&taker->place, memory_order_acquire);
}

/* The lock is held. */
static void push(struct sched_turn_taker *taker)
{
    taker->next = first_waiting;
    first_waiting = taker;
    atomic_fetch_add_explicit(&waiting, 1, memory_order_relaxed);
    set_place(taker, TURN_AWAITED);
}

/* The one that has waited for the shortest time now has the turn, and must be told; NULL: nobody waits. The lock is
 * held. */
static struct sched_turn_taker *give_to_next(void)
{
    struct sched_turn_taker *taker = first_waiting;

    if (taker) {
        first_waiting = taker->next;
        atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
        set_place(taker, TURN_HAD);
    }
    return taker;
}

/* It may have been terminated while it waited. */
static void tell(struct sched_turn_taker *taker)
{
    nt_unpark(&taker->parker);
    sched_roll_call_ask();
}

/* A token may be late, and of a former owner of the record: a place is believed, not a token. */
void sched_turn_take(struct sched_turn_taker *taker)
{
    nt_parker_init(&taker->parker);
    sched_lock_acquire(&lock);
    uint64_t old = atomic_load_explicit(&turn, memory_order_relaxed);
    bool is_free = (old & TURN_FREE) != 0;
    if (is_free) {
        atomic_store_explicit(&turn, (old & ~TURN_FREE) | TURN_POLLS, memory_order_relaxed);
        set_place(taker, TURN_HAD);
    } else {
        push(taker);
    }
    taker->lease = 0;
    sched_lock_release(&lock);
    if (is_free)
        return;
    do
        nt_park(&taker->parker, NT_FOREVER);
    while (place_of(taker) != TURN_HAD);
}

bool sched_turn_is_wanted(void)
{
    return atomic_load_explicit(&waiting, memory_order_relaxed) != 0;
}

bool sched_turn_is_awaited_by(struct sched_turn_taker *taker)
{
    return place_of(taker) == TURN_AWAITED;
}

bool sched_turn_pass(struct sched_turn_taker *taker)
{
    sched_lock_acquire(&lock);
    struct sched_turn_taker *next = give_to_next();
    if (next)
        set_place(taker, TURN_AWAY);
    sched_lock_release(&lock);
    if (next)
        tell(next);
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

/* A lease that was taken away remains until the turn is asked for again: who is terminated before has no other claim.
 */
bool sched_turn_resume(struct sched_turn_taker *taker)
{
    uint64_t lease = taker->lease;

    if (!lease || !atomic_compare_exchange_strong_explicit(&turn, &lease, lease | TURN_POLLS, memory_order_acquire,
                                                           memory_order_relaxed))
        return false;
    taker->lease = 0;
    return true;
}

/* Acquire and release: what the old owner did before its lease is handed on to the next, by way of its place. */
static bool take_back(uint64_t lease)
{
    return atomic_compare_exchange_strong_explicit(&turn, &lease, lease | TURN_POLLS, memory_order_acq_rel,
                                                   memory_order_relaxed);
}

static bool take_away(uint64_t lease)
{
    struct sched_turn_taker *next = NULL;

    sched_lock_acquire(&lock);
    if (first_waiting && take_back(lease))
        next = give_to_next();
    sched_lock_release(&lock);
    if (next)
        tell(next);
    return next != NULL;
}

void sched_turn_end_lease(struct sched_turn_taker *taker)
{
    if (!taker->lease || !take_away(taker->lease))
        return;
    set_place(taker, TURN_AWAY);
    taker->lease = 0;
}

static void remove_waiting(struct sched_turn_taker *taker)
{
    struct sched_turn_taker **link = &first_waiting;

    while (*link != taker)
        link = &(*link)->next;
    *link = taker->next;
    atomic_fetch_sub_explicit(&waiting, 1, memory_order_relaxed);
}

bool sched_turn_leave(struct sched_turn_taker *taker)
{
    struct sched_turn_taker *next = NULL;
    bool has_it = false;

    sched_lock_acquire(&lock);
    if (place_of(taker) == TURN_AWAITED)
        remove_waiting(taker);
    else
        has_it = taker->lease ? take_back(taker->lease) : place_of(taker) == TURN_HAD;
    if (has_it)
        next = give_to_next();
    if (has_it && !next) {
        uint64_t old = atomic_load_explicit(&turn, memory_order_relaxed);
        atomic_store_explicit(&turn, (old & ~TURN_POLLS) | TURN_FREE, memory_order_relaxed);
    }
    taker->lease = 0;
    set_place(taker, TURN_AWAY);
    sched_lock_release(&lock);
    if (next)
        tell(next);
    return has_it && !next;
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

    return !(now & (TURN_POLLS | TURN_FREE));
}
