// SPDX-License-Identifier: MIT
/*
 * Workers: the threads that run callbacks. Everything here is slow path but for the loop itself.
 */
#ifndef NTPOOL_SCHED_WORKER_H
#define NTPOOL_SCHED_WORKER_H

#include "sched/patience.h"
#include "sched/pool.h"
#include "sched/turn.h"

/* Why a worker does not count as active. Changed under the pool's lock only. */
enum {
    BLOCKED_IN_WAIT = 1,  /* inside a wait of ours */
    BLOCKED_LONG = 2,     /* its callback said that it may run long */
    BLOCKED_PRESUMED = 4, /* the keeper saw it stall; see stall.c */
    BLOCKED_ANY = 7,
};

/* What the keeper saw of a busy worker when it last looked; see evidence.c. Guarded by the pool's lock. */
struct sched_sight {
    uint64_t callback; /* which one it was in, by taken */
    uint64_t cpu;      /* processor time that its thread had used */
    uint64_t at;       /* when that was read */
};

struct sched_worker {
    struct slab_item item;
    uint32_t thread;                                  /* written before busy is first set */
    struct sched_pool *pool;                          /* of a visitor that does not visit, NULL */
    struct sched_worker *next, *before;               /* pool->workers, guarded by the pool's lock */
    struct sched_worker *parked_below, *parked_above; /* pool->parked, likewise */
    bool is_parked;                                   /* in pool->parked; likewise */
    bool searching;               /* holds its pool's searching bit; its waker writes it while it is parked */
    _Atomic bool called;          /* woken, and has not come yet; see roll_call.h */
    bool persistent;              /* never retires */
    bool is_visitor;              /* a thread that serves the pools, and this one as a worker for a time; see visit.h */
    struct sched_turn_taker turn; /* a visitor's */
    uint8_t afterwards_count;
    bool has_detached;              /* the callback in progress went on after sched_detach */
    struct sched_patience patience; /* with which it looks for work before it parks */
    struct sched_task *in_hand;     /* whose callback is in progress, detached or not */
    struct sched_lane *lane;        /* that of the task in hand */
    _Atomic uint32_t blocked;       /* BLOCKED_ reasons; state counts it as blocked while there is one */
    struct nt_parker parker;
    nt_handle wake_event; /* of an alertable worker */
    struct nt_activation_base activation;
    struct sched_sight seen;
    struct {
        void (*action)(void *argument);
        void *argument;
    } afterwards[2];
    _Alignas(64) struct sched_task *_Atomic current; /* whose callback it runs, NULL once that detached */
    _Atomic uint64_t epoch;                          /* of that callback; see sched_wait_begun */
    _Atomic uint32_t claim;                          /* posts claimed and not begun; see claim.h */
    struct sched_task *_Atomic claimed;              /* of this task */
    _Atomic uint64_t taken;                          /* callbacks begun; written by the worker alone */
    _Atomic bool busy;                               /* inside a callback; set with release */
    _Atomic uint64_t counters[SCHED_COUNTERS];       /* callbacks by kind; written by the worker alone */
    struct sched_worker *next_by_thread;             /* the registry of worker_registry.c, guarded by its lock */
    uint64_t registration;                           /* likewise; no two are the same */
    bool has_lost_its_id;                            /* likewise: another thread has it now, so this one is gone */
    uint64_t taken_at_roll_call;                     /* likewise; the keeper's */
};

/**
 * Starts a worker that has already been counted in state (total, and searching or blocked as said). On failure the
 * counts are taken back and the status returned.
 */
nt_status sched_worker_start(struct sched_pool *pool, bool searching, uint32_t blocked);

/** Unparks a worker that the caller has taken out of idle in state (and counted as searching or blocked). */
void sched_worker_wake(struct sched_pool *pool, bool searching, uint32_t blocked);

/** Unparks every parked worker, so that it looks at its pool's bounds again. */
void sched_workers_reconsider(struct sched_pool *pool);
/** The same in two steps: under the pool's lock, and after it, when the pool may be gone. */
struct sched_worker *sched_workers_take_parked(struct sched_pool *pool);
void sched_workers_unpark(struct sched_worker *taken);

/** The worker that the calling thread is, or NULL. */
struct sched_worker *sched_worker_current(void);

/** The callback in progress on this worker stops counting for waiters of its task. Once per callback. */
void sched_detach(struct sched_worker *worker);

/**
 * The callback in progress may take long: its worker stops counting against the target until it returns. True when
 * another worker is there to serve the pool, or could be started.
 */
bool sched_may_run_long(struct sched_worker *worker);

/**
 * The calling thread, if it is a worker, is about to block in a wait of ours, or has come back from it. Begin returns
 * what end wants: NULL when there is nothing to undo.
 */
struct sched_worker *sched_blocking_begin(void);
void sched_blocking_end(struct sched_worker *worker);

/** Adds or removes a reason not to count a worker as active. The caller holds the pool's lock. */
void sched_worker_block(struct sched_worker *worker, uint32_t reason);
void sched_worker_unblock(struct sched_worker *worker, uint32_t reasons);

/**
 * The calling thread is about to end. If that is a worker in the middle of a callback, which is forbidden, the callback
 * is over for everybody who waits for it, and the pool is rid of the worker and may have another in its place. What was
 * to happen when the callback returns does not happen. Called for every thread of the process.
 */
void sched_thread_ends(void);

/** Marks the worker so that it never retires while its pool lives. */
static inline void sched_worker_make_persistent(struct sched_worker *worker)
{
    worker->persistent = true;
}

/** True if a callback of task that began before epoch is in progress. May be true a little longer. */
bool sched_runs_since_before(struct sched_pool *pool, struct sched_task *task, uint64_t epoch);

/** Advances on each sched_wait_begun. */
extern _Atomic uint64_t sched_epoch;

/** A thread of the process, any, has begun: no worker that was known by its id is there any more. */
void sched_thread_begins(void);

/* The registry of workers by thread id. */
enum { SCHED_REGISTRY_BUCKETS = 64 };
void sched_registry_add(struct sched_worker *worker);
/** Removes a worker by its thread's id and its registration; false when it was removed before. */
bool sched_registry_remove(uint32_t thread, uint64_t registration);
/** Calls visit for each worker of a bucket. The registry's lock is held meanwhile. */
void sched_registry_visit(unsigned bucket, void (*visit)(struct sched_worker *worker, void *argument), void *argument);

/**
 * What the calling worker has to do once its callback has ended for everybody: outside the callback, after the waiters
 * were released. action(argument) runs at most once; two may be registered for one callback.
 */
void sched_afterwards(struct sched_worker *worker, void (*action)(void *argument), void *argument);

/* Counters for the log. */
void sched_counters_read(uint64_t counters[SCHED_COUNTERS]);
extern _Atomic uint32_t sched_workers_created, sched_workers_now, sched_workers_peak;

#endif
