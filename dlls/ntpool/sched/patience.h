// SPDX-License-Identifier: MIT
/*
 * How often to look for something before going to sleep over it. Nobody knows how soon it comes, so this learns: where
 * looking paid, the next one looks at least four times as long as it took; where it did not, half as long. Every
 * sixteenth looks as long as may be, or nothing would ever be learned after a time without luck; that costs a sixteenth
 * of about what the sleep costs that it may save.
 *
 * Threads may share one: a lost update does no harm.
 */
#ifndef NTPOOL_SCHED_PATIENCE_H
#define NTPOOL_SCHED_PATIENCE_H

#include "nt/nt.h"

struct sched_patience {
    uint16_t fewest, most;
    _Atomic uint16_t looks;
    _Atomic uint16_t tries;
};

#define SCHED_PATIENCE(few, many)                                                                                      \
    {                                                                                                                  \
        .fewest = (few), .most = (many), .looks = (few)                                                                \
    }

enum { SCHED_PATIENCE_TRY = 16 };

/** How often to look this time. */
static inline uint32_t sched_patience_looks(struct sched_patience *patience)
{
    uint16_t tries = atomic_load_explicit(&patience->tries, memory_order_relaxed);

    atomic_store_explicit(&patience->tries, (uint16_t)(tries + 1), memory_order_relaxed);
    if (tries % SCHED_PATIENCE_TRY == SCHED_PATIENCE_TRY - 1)
        return patience->most;
    return atomic_load_explicit(&patience->looks, memory_order_relaxed);
}

static inline void sched_patience_set(struct sched_patience *patience, uint32_t looks)
{
    if (looks < patience->fewest)
        looks = patience->fewest;
    if (looks > patience->most)
        looks = patience->most;
    if (looks != atomic_load_explicit(&patience->looks, memory_order_relaxed))
        atomic_store_explicit(&patience->looks, (uint16_t)looks, memory_order_relaxed);
}

/** It came after so many looks in vain. */
static inline void sched_patience_paid(struct sched_patience *patience, uint32_t in_vain)
{
    if (in_vain * 4 > atomic_load_explicit(&patience->looks, memory_order_relaxed))
        sched_patience_set(patience, in_vain * 4);
}

/** It did not come in so many looks. */
static inline void sched_patience_failed(struct sched_patience *patience, uint32_t looks)
{
    uint32_t usual = atomic_load_explicit(&patience->looks, memory_order_relaxed);

    if (looks <= usual)
        sched_patience_set(patience, usual / 2);
}

#endif
