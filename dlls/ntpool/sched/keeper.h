// SPDX-License-Identifier: MIT
/*
 * The keeper: one thread per process that never runs a callback. It holds the deadlines, and looks after pools whose
 * queued work nobody picks up. It exists only while there is something to keep or a timer that may be armed, and sleeps
 * without a wake-up until the next deadline.
 *
 * Absolute deadlines follow the system clock. Because a long sleep does not notice that the clock was set, the keeper
 * looks again once a minute while one is armed.
 */
#ifndef NTPOOL_SCHED_KEEPER_H
#define NTPOOL_SCHED_KEEPER_H

#include "sched/deadlines.h"
#include "sched/pool.h"

struct sched_timer;

/**
 * Called by the keeper, under the deadlines' lock, when the timer's deadline has passed; now is in the clock of the
 * deadline. Posts (sched_post_quietly) and returns the pool to notify, or NULL. Sets *next to the next deadline on
 * nt_time_now()'s clock if there is one.
 */
typedef struct sched_pool *sched_timer_expired(struct sched_timer *timer, uint64_t now, uint64_t *next);

struct sched_timer {
    struct sched_deadline deadline;
    sched_timer_expired *expired;
};

/**
 * Room for one more timer, and for one less. NT_NO_MEMORY, or NT_TOO_MANY_THREADS when there is no keeper and none can
 * be started. Arming never fails once this succeeded: the keeper stays while there is a timer.
 */
nt_status sched_timer_reserve(void);
void sched_timer_unreserve(void);

/**
 * The deadlines' lock: guards every timer's deadline, and whatever its owner wants to change together with it.
 * Unlocking wakes the keeper if it has to look earlier than it meant to.
 */
void sched_timers_lock(void);
void sched_timers_unlock(void);

/** Arms, or moves, a timer. due is of the system clock when system is true. The lock is held. */
void sched_timer_arm(struct sched_timer *timer, uint64_t due, bool system);
/** Disarms; false when it was not armed. The lock is held. */
bool sched_timer_disarm(struct sched_timer *timer);

static inline bool sched_timer_is_armed(const struct sched_timer *timer)
{
    return timer->deadline.slot != 0;
}

/**
 * The moment in [due, due + window] that the most other windowed deadlines also choose: the one with the most trailing
 * zeros. So windows coalesce without anyone looking for neighbours.
 */
uint64_t sched_coalesce(uint64_t due, uint64_t window);

/** There is something to keep that the keeper may not know of. */
void sched_keeper_look_soon(void);

/** The pool has queued work and no worker at hand: see to it until it has. Cheap when that is being done already. */
void sched_keeper_watch_slow(struct sched_pool *pool);

static inline void sched_keeper_watch(struct sched_pool *pool)
{
    if (nt_unlikely(!atomic_load_explicit(&pool->watch.watched, memory_order_seq_cst) ||
                    atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
        sched_keeper_watch_slow(pool);
}

void sched_keeper_watch_turn_slow(void);
extern _Atomic bool sched_turn_is_watched;

/** The turn at the port was leased: take it away if that lasts. Cheap when the keeper watches it already. */
static inline void sched_keeper_watch_turn(void)
{
    if (nt_unlikely(!atomic_load_explicit(&sched_turn_is_watched, memory_order_seq_cst) ||
                    atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed)))
        sched_keeper_watch_turn_slow();
}

/* stall.c, for the keeper: something is queued, and a worker could be added for it. */
bool sched_stall_is_possible(struct sched_pool *pool);
/* One look at a watched pool; sets when the next is due. Nothing else waits for the keeper before free_until. False:
 * there is nothing to watch any more. */
bool sched_stall_look(struct sched_pool *pool, uint64_t now, uint64_t free_until);
/* stall.c: the pool has just been put under watch. */
void sched_stall_begin(struct sched_pool *pool, uint64_t now);

/** How long work may stay queued before the keeper looks at who is busy. */
#define SCHED_WATCH_DELAY NT_MILLISECOND

#endif
