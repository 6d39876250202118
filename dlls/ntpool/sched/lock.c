// SPDX-License-Identifier: MIT
#include "sched/lock.h"
#include "sched/lot.h"

enum { SPINS = 100 };

/* A release wakes one thread. Should that have been terminated while it waited, the others look again after this long.
 */
#define LOOK_AGAIN NT_SECOND

static bool is_contended(void *argument)
{
    struct sched_lock *lock = argument;

    return atomic_load_explicit(&lock->word, memory_order_relaxed) == 2;
}

void sched_lock_acquire_slow(struct sched_lock *lock)
{
    for (int i = 0; i < SPINS; i++) {
        nt_cpu_relax();
        if (atomic_load_explicit(&lock->word, memory_order_relaxed) == 0 && sched_lock_try(lock))
            return;
    }
    /* Taking it as 2 may cost one needless wake later, but never loses one: whoever waited is still counted. */
    while (atomic_exchange_explicit(&lock->word, 2, memory_order_seq_cst) != 0) {
        if (nt_process_is_exiting())
            return;
        sched_lot_wait(&lock->word, is_contended, lock, nt_time_now() + LOOK_AGAIN);
    }
}

void sched_lock_wake(struct sched_lock *lock)
{
    sched_lot_wake(&lock->word, 1);
}
