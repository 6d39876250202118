// SPDX-License-Identifier: MIT
/*
 * Claims: a worker whose task stands alone in its lane, and has been posted many times, claims some of the posts at
 * once. It then begins one after another without touching the task's word, which the submitters write all the time.
 *
 * A claimed post has not begun: other workers can take it away (sched_claim_steal), cancelling takes it back, and
 * whoever else is queued comes in between as ever, for the worker looks at the lanes before each. worker->claim says
 * how many there are; its worker decrements it without a lock, and everybody else takes from it under the pool's lock,
 * both by swaps. worker->claimed, of which task they are, changes under the lock only, and is set by its worker alone.
 */
#ifndef NTPOOL_SCHED_CLAIM_H
#define NTPOOL_SCHED_CLAIM_H

#include "sched/worker.h"

/** Ends one callback of the worker's task and begins the next that it has claimed, if it may. */
bool sched_claim_begin(struct sched_worker *worker);

/** The same for posts that are pending: claims some of them. False if there is none, or the worker may not go on. */
bool sched_claim_more(struct sched_worker *worker, struct sched_task *task);

/** The worker's claim, if it has one, is pending again. It is still in a callback of the task. */
void sched_claim_return(struct sched_worker *worker);

/* The rest wants the pool's lock. */

/** Takes over half of somebody's claim on task, at least one; how many. The first is to begin now, of the rest the
 * worker has a claim. 0: no claimed post is left, and nobody has a claim any more. */
uint32_t sched_claim_steal(struct sched_worker *worker, struct sched_task *task);

/** Takes all claims on task away; how many posts that makes. The caller clears TASK_CLAIMED. */
uint32_t sched_claims_recall(struct sched_task *task);

/** How many posts are claimed in the pool. */
uint64_t sched_claims_count(struct sched_pool *pool);

#endif
