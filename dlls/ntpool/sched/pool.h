// SPDX-License-Identifier: MIT
/*
 * A pool: three lanes, its workers, and one word that says what the workers do.
 *
 * state packs: total (workers that exist or are being started, and visitors), idle (parked), blocked (known or presumed
 * not to use a processor: in a wait of ours, in a long callback, or stalled), target (how many may be active), and
 * searching (one worker is on its way to look for work: just woken, just started, or spinning). active = total - idle -
 * blocked.
 *
 * The invariant that no wake is lost: work in the lanes implies searching, or active >= target, or no worker can be
 * had (then the keeper watches the pool). It holds because
 *  - a submitter makes its post visible (sequentially consistent swap), then reads state and acts on it;
 *  - a searching worker gives the searching bit up (sequentially consistent swap), then looks at the lanes once more;
 *  - whoever lowers active or raises target calls sched_pool_notify, and so does whoever changes the lanes' lists under
 *    the lock and leaves work there: to those who look without the lock the lanes may seem empty meanwhile.
 * Of a submitter and a worker that gives up, at least one sees the other.
 *
 * Pool records are type-stable: sched_pool_notify on a pool that died meanwhile is harmless, so a submitter may call
 * it after its task is gone. At worst the pool that was made on the record gets a worker before anything is posted to
 * it.
 */
#ifndef NTPOOL_SCHED_POOL_H
#define NTPOOL_SCHED_POOL_H

#include "sched/lane.h"

enum {
    POOL_TOTAL_SHIFT = 0,
    POOL_IDLE_SHIFT = 16,
    POOL_BLOCKED_SHIFT = 32,
    POOL_TARGET_SHIFT = 48,
};

#define POOL_TOTAL_ONE         (UINT64_C(1) << POOL_TOTAL_SHIFT)
#define POOL_IDLE_ONE          (UINT64_C(1) << POOL_IDLE_SHIFT)
#define POOL_BLOCKED_ONE       (UINT64_C(1) << POOL_BLOCKED_SHIFT)
#define POOL_TARGET_MASK       (UINT64_C(0x3FFF) << POOL_TARGET_SHIFT)
#define POOL_SEARCHER_STARTING (UINT64_C(1) << 62) /* the searching worker's thread has not begun */
#define POOL_SEARCHING         (UINT64_C(1) << 63)
#define POOL_MOST_WORKERS      0x3FFFu

static inline unsigned pool_total(uint64_t state)
{
    return (unsigned)(state >> POOL_TOTAL_SHIFT) & 0xFFFF;
}

static inline unsigned pool_idle(uint64_t state)
{
    return (unsigned)(state >> POOL_IDLE_SHIFT) & 0xFFFF;
}

static inline unsigned pool_blocked(uint64_t state)
{
    return (unsigned)(state >> POOL_BLOCKED_SHIFT) & 0xFFFF;
}

static inline unsigned pool_target(uint64_t state)
{
    return (unsigned)(state >> POOL_TARGET_SHIFT) & 0x3FFF;
}

static inline int pool_active(uint64_t state)
{
    return (int)pool_total(state) - (int)pool_idle(state) - (int)pool_blocked(state);
}

/* What the keeper knows of a pool that it watches; see stall.c. Touched by the keeper alone, but for watched. */
struct sched_watch {
    _Atomic bool watched;
    struct sched_pool *next;
    uint64_t look;          /* when the keeper looks next */
    uint64_t begun;         /* when the watch began: what was seen of workers before is out of date */
    uint64_t evaluated;     /* when the evidence was last looked at; 0 before the first time */
    uint64_t idle;          /* idle time of the processors at that moment */
    unsigned were_idle;     /* processors, at the last evaluation */
    uint64_t done;          /* callbacks that were over at that moment */
    uint64_t progressed;    /* when one was last seen to end, or a worker came because none did */
    unsigned step;          /* grows with each evaluation in which workers block */
    unsigned owed;          /* workers that are still to be brought */
    uint64_t ramp_look;     /* when a free processor is reason enough for one more worker; see stall.c */
    uint64_t ramp_pause;    /* after which it is looked for again */
    unsigned ramped;        /* workers that came for that reason */
    unsigned ramped_before; /* as many when the evaluation began */
    unsigned ramp_waits;    /* looks in a row at which they were not in their callbacks yet */
    uint64_t done_before;   /* callbacks that were over when the watch began */
    unsigned idle_looks;    /* in a row with nothing queued */
    struct {
        uint64_t taken; /* of the lane, as last seen */
        uint64_t since; /* when it was last seen to change, or the lane to be empty */
    } lanes[SCHED_PRIORITIES];
};

enum sched_pool_trait {
    POOL_IS_IMMORTAL = 1,   /* the process's own: its users need not be counted */
    POOL_KEEPS_WORKERS = 2, /* workers once started never retire */
    POOL_IS_ALERTABLE = 4   /* its workers park alertably: APCs queued to them run */
};

struct sched_pool {
    struct slab_item item;
    void *owner;          /* here, because a free slot keeps its link here and a late submitter may look at the rest */
    _Atomic bool closing; /* written under lock */
    _Atomic bool has_own_stack; /* stack was set */
    uint32_t traits;            /* as created; whoever may be late reads them with pool_had */
    _Atomic uint32_t users;     /* whoever may still post: the owner, and each object */
    _Atomic uint32_t minimum;
    _Atomic uint32_t maximum;
    _Atomic uint32_t extra;     /* active workers beyond the processors' number, because some block; the keeper's */
    struct nt_stack_size stack; /* guarded by lock */
    struct sched_watch watch;
    void (*released)(void *owner); /* called once when the pool is gone */
    _Alignas(64) _Atomic uint64_t state;
    _Alignas(64) struct sched_lane lanes[SCHED_PRIORITIES];
    _Alignas(64) struct sched_lock lock; /* guards the lanes' lists, parked, workers and what is marked so above */
    struct sched_lane *starved;          /* its first callback is next, whatever its priority; NULL: none */
    struct sched_worker *parked;         /* the most recently parked first */
    struct sched_worker *workers;
    uint64_t taken_by_the_gone; /* callbacks that workers ran which are gone now */
};

static inline bool pool_has(const struct sched_pool *pool, enum sched_pool_trait trait)
{
    return (pool->traits & (uint32_t)trait) != 0;
}

/* For who does not know whether the pool is there still: its record may just be made another's. */
static inline bool pool_had(const struct sched_pool *pool, enum sched_pool_trait trait)
{
    return (__atomic_load_n(&pool->traits, __ATOMIC_ACQUIRE) & (uint32_t)trait) != 0;
}

/* Sequentially consistent, always: see above. */

static inline uint64_t pool_load_state(struct sched_pool *pool)
{
    return atomic_load_explicit(&pool->state, memory_order_seq_cst);
}

static inline bool pool_swap_state(struct sched_pool *pool, uint64_t *old, uint64_t new)
{
    return atomic_compare_exchange_weak_explicit(&pool->state, old, new, memory_order_seq_cst, memory_order_seq_cst);
}

/** The largest concurrency that a pool has unless told otherwise (POOL-008). */
#define SCHED_DEFAULT_MAXIMUM 512u

/** The processors that this process may use, as asked when it was first of interest. */
unsigned sched_processors(void);

/** A pool without workers, with one user; NULL when memory is out. */
struct sched_pool *sched_pool_create(void);
/** One for good, with traits of enum sched_pool_trait, whose maximum is set already. */
struct sched_pool *sched_pool_create_immortal(uint32_t traits, uint32_t maximum);

/** One more user: the pool lives at least until it leaves. */
static inline void sched_pool_enter(struct sched_pool *pool)
{
    if (!pool_has(pool, POOL_IS_IMMORTAL))
        atomic_fetch_add_explicit(&pool->users, 1, memory_order_relaxed);
}

/**
 * The same for a pool that may be gone or going: false if it has no users, and then nothing is queued in it either.
 * Acquires what its creator released with the first user.
 */
static inline bool sched_pool_try_enter(struct sched_pool *pool)
{
    bool is_immortal = pool_had(pool, POOL_IS_IMMORTAL); /* read first: then users are not those of a pool before it */
    uint32_t users = atomic_load_explicit(&pool->users, memory_order_acquire);

    if (is_immortal)
        return users != 0;
    while (users && !atomic_compare_exchange_weak_explicit(&pool->users, &users, users + 1, memory_order_acquire,
                                                           memory_order_relaxed))
        ;
    return users != 0;
}

/** When the last user leaves, the pool closes: its workers end, then its memory is given back. Never blocks. */
void sched_pool_leave(struct sched_pool *pool);

/** The most workers at one time, at least 1. Surplus workers end when they go idle. */
void sched_pool_set_maximum(struct sched_pool *pool, uint32_t maximum);
/** The fewest workers, started now. Fails with the status of the thread that could not be had; nothing changes. */
nt_status sched_pool_set_minimum(struct sched_pool *pool, uint32_t minimum);
void sched_pool_set_stack(struct sched_pool *pool, struct nt_stack_size stack);
struct nt_stack_size sched_pool_stack(struct sched_pool *pool);

/** Under the lock: true, once, when the pool is closing and its last worker is gone; then call sched_pool_gone. */
bool sched_pool_dies(struct sched_pool *pool);
/** Gives the memory back. */
void sched_pool_gone(struct sched_pool *pool);

void sched_pool_notify_slow(struct sched_pool *pool, uint64_t state);

/** The keeper's thread could not be had while there is something to keep: try again. */
extern _Atomic bool sched_keeper_is_missing;

/* As many are active as should be, and the keeper knows that they may not be enough. */
static inline bool sched_pool_is_served(const struct sched_pool *pool, uint64_t state)
{
    return pool_active(state) >= (int)pool_target(state) &&
           atomic_load_explicit(&pool->watch.watched, memory_order_seq_cst) &&
           !atomic_load_explicit(&sched_keeper_is_missing, memory_order_relaxed);
}

/** Sees to it that work in the lanes finds a worker. Cheap when one is searching. */
static inline void sched_pool_notify(struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool);

    if (nt_likely((state & POOL_SEARCHING) || sched_pool_is_served(pool, state)))
        return;
    sched_pool_notify_slow(pool, state);
}

static inline bool sched_pool_has_work(const struct sched_pool *pool)
{
    for (int priority = 0; priority < SCHED_PRIORITIES; priority++)
        if (!lane_is_empty(&pool->lanes[priority]))
            return true;
    return false;
}

static inline struct sched_lane *sched_lane_of(struct sched_pool *pool, uint64_t counts)
{
    return &pool->lanes[(counts & TASK_PRIORITY_MASK) >> TASK_PRIORITY_SHIFT];
}

static inline bool sched_pool_is_closing(const struct sched_pool *pool)
{
    return atomic_load_explicit(&pool->closing, memory_order_relaxed);
}

/** Active workers wanted while none is seen to block: the processors or the minimum, but no more than the maximum. */
uint32_t sched_pool_base_target(struct sched_pool *pool);
/** Wants so many active workers beyond that. */
void sched_pool_set_extra(struct sched_pool *pool, uint32_t extra);

static inline bool sched_pool_has_extra(const struct sched_pool *pool)
{
    return atomic_load_explicit(&pool->extra, memory_order_relaxed) != 0;
}

/** True if one more worker could be set to work, parked or new. */
static inline bool sched_pool_can_grow(const struct sched_pool *pool, uint64_t state)
{
    return pool_total(state) - pool_idle(state) < atomic_load_explicit(&pool->maximum, memory_order_relaxed);
}

#endif
