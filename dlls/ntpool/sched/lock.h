// SPDX-License-Identifier: MIT
/*
 * A mutual-exclusion lock in one word: 0 free, 1 held, 2 held and somebody may wait in the parking lot.
 * Not recursive, not fair. Zero-initialised is free. What one holder wrote is seen by the next (acquire on the
 * exchange that takes it pairs with release on the exchange that frees it).
 * When the process is exiting the holder may be dead: acquiring then succeeds without the lock, for the one
 * thread that is left.
 */
#ifndef NTPOOL_SCHED_LOCK_H
#define NTPOOL_SCHED_LOCK_H

#include "nt/nt.h"

struct sched_lock {
    _Atomic uint32_t word;
};

void sched_lock_acquire_slow(struct sched_lock *lock);
void sched_lock_wake(struct sched_lock *lock);

static inline bool sched_lock_try(struct sched_lock *lock)
{
    uint32_t free = 0;

    return atomic_compare_exchange_strong_explicit(&lock->word, &free, 1, memory_order_seq_cst, memory_order_relaxed);
}

static inline void sched_lock_acquire(struct sched_lock *lock)
{
    if (nt_unlikely(!sched_lock_try(lock)))
        sched_lock_acquire_slow(lock);
}

static inline void sched_lock_release(struct sched_lock *lock)
{
    if (nt_unlikely(atomic_exchange_explicit(&lock->word, 0, memory_order_seq_cst) == 2))
        sched_lock_wake(lock);
}

#endif
