// SPDX-License-Identifier: MIT
/* Tasks whose callbacks are counted, for scenarios of sched/. */
#ifndef NTPOOL_TESTS_EXPLORE_JOBS_H
#define NTPOOL_TESTS_EXPLORE_JOBS_H

#include "explore.h"
#include "sched/pool.h"
#include "sched/worker.h"

/* What happened to a job; it outlives the job. */
struct tally {
    _Atomic unsigned begun, ended, closed, now;
};

struct job;
typedef void job_body(struct job *job, struct sched_worker *worker);

struct job {
    struct sched_task task;
    job_body *body;
    struct tally *tally;
};

/** A job of a pool, which it uses until it is closed. */
struct job *job_create(struct sched_pool *pool, struct tally *tally, job_body *body);
struct job *job_create_with(struct sched_pool *pool, struct tally *tally, job_body *body, enum sched_priority priority,
                            bool is_long);
/** One whose single callback is its life. */
void job_launch(struct sched_pool *pool, struct tally *tally, job_body *body);
void job_close(struct job *job);

struct sched_pool *pool_make(unsigned maximum);

#endif
