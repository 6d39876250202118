// SPDX-License-Identifier: MIT
/*
 * What the files of the worker share among themselves: the loop (worker.c), parking and retiring (worker_park.c), and
 * the account of who is blocked (worker_block.c).
 */
#ifndef NTPOOL_SCHED_WORKER_PARTS_H
#define NTPOOL_SCHED_WORKER_PARTS_H

#include "sched/worker.h"

/** A record linked into its pool, or NULL. */
struct sched_worker *sched_worker_allocate(struct sched_pool *pool, bool searching, uint32_t blocked);
/** Links a worker that total counts into its pool. */
void sched_worker_link(struct sched_worker *worker);
/** Unlinks a worker, if it is one, that the caller, who holds the pool's lock, has taken out of total. When this
 * returns true, the pool is gone and the caller must call sched_pool_gone after letting go of the lock. */
bool sched_worker_unlink(struct sched_pool *pool, struct sched_worker *worker);
/** Undoes what was counted for a worker whose thread could not be had. worker may be NULL. */
void sched_worker_not_started(struct sched_pool *pool, struct sched_worker *worker, bool searching, uint32_t blocked);
/** Takes a worker that is not parked out of its pool's counts, and its search with it, from the worker's own thread. */
void sched_worker_drop(struct sched_worker *worker);
/**
 * A worker that has left the registry will never go on: in the middle of a callback, woken and not come, or a poller.
 * The callback is over, and the pool is rid of it. From its own thread, or when that is gone.
 */
void sched_worker_bury(struct sched_worker *worker);
/** The worker's thread is about to end: the last thing it does with its pool. */
void sched_worker_gone(struct sched_worker *worker);
/** A worker's thread is gone, and its record is left as it is, for good. */
void sched_worker_lost(void);

/** More workers are active than should be, or than may be: this one has to rest. */
bool sched_worker_is_surplus(struct sched_worker *worker, uint64_t state);

/** What a thread has to do first that is to be a worker. */
void sched_worker_begin(struct sched_worker *worker);
/** Runs callbacks until no more come. */
void sched_worker_work(struct sched_worker *worker);

/** Parks until there may be work. False: the worker has left its pool's counts and must end. */
bool sched_worker_park(struct sched_worker *worker);

/** Adds a reason, or removes all; takes the pool's lock and finds a worker for what is queued. */
void sched_worker_may_block(struct sched_worker *worker, uint32_t reason);
void sched_worker_unblock_all(struct sched_worker *worker);

#endif
