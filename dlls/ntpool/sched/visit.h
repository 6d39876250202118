// SPDX-License-Identifier: MIT
/*
 * Visits: a thread that serves the pools has just posted to one, and instead of waking a worker goes there itself, as
 * one more worker, until there is nothing left to do. That spares the callback the time that a wake takes, which under
 * a hypervisor can be many times that of the callback.
 */
#ifndef NTPOOL_SCHED_VISIT_H
#define NTPOOL_SCHED_VISIT_H

#include "sched/worker.h"

/**
 * A record for a thread that will visit pools; NULL when memory is out. Not on its stack: the record of a thread that
 * is terminated outlives it.
 */
struct sched_worker *sched_visitor_allocate(void);
/** For one that has not begun. */
void sched_visitor_free(struct sched_worker *visitor);
/** The calling thread is going to visit pools. */
void sched_visitor_begin(struct sched_worker *visitor);
/** It is not in a pool any more, and will not visit one again. Frees the record. */
void sched_visitor_end(struct sched_worker *visitor);

/** The pool lacks an active worker, makes no promises about its threads, and may have one more. */
bool sched_pool_wants_visitor(struct sched_pool *pool);

/** Joins the pool as its searching worker, then call sched_visit; false if it wants none any more, or has no work. */
bool sched_visit_begin(struct sched_worker *visitor, struct sched_pool *pool);
/** Runs callbacks until no more come, and leaves the pool. */
void sched_visit(struct sched_worker *visitor);

#endif
