// SPDX-License-Identifier: MIT
/* Jobs: tasks whose callbacks, ends and closing are counted, for the tests of the scheduler. */
#ifndef NTPOOL_TESTS_SCHED_HELP_H
#define NTPOOL_TESTS_SCHED_HELP_H

#include "unit.h"
#include "sched/pool.h"
#include "sched/worker.h"

/* What happened to a job. It outlives the job, whose memory goes when it is closed. */
struct tally {
    _Atomic uint32_t begun;
    _Atomic uint32_t ended;
    _Atomic uint32_t closed;
    _Atomic uint32_t now;
    _Atomic uint32_t peak; /* most at one time */
};

struct job;
typedef void job_body(struct job *job, struct sched_worker *worker);

struct job {
    struct sched_task task;
    job_body *body;
    void *argument;
    struct tally *tally;
    struct sched_pool *pool;
};

/** A job of pool; its memory is given back, and its use of pool with it, when it is closed. */
struct job *job_create(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument);
struct job *job_create_with(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument,
                            enum sched_priority priority, bool is_long);
/** A job that is closed and posted from the start, handed over at once. */
void job_launch(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument,
                enum sched_priority priority);
static inline void job_post(struct job *job)
{
    sched_post(&job->task);
}
void job_post_times(struct job *job, unsigned times);
static inline void job_close(struct job *job)
{
    sched_close(&job->task);
}

/** A body that passes the gate given as argument. */
void job_pass_gate(struct job *job, struct sched_worker *worker);
/** A body that meets at the meeting given as argument. */
void job_meet(struct job *job, struct sched_worker *worker);

/** A pool whose end is noticed. */
struct sched_pool *pool_make(uint32_t maximum);
/** Leaves pool and waits until it and its workers are gone. */
void pool_end(struct sched_pool *pool);
/** Closes jobs, which may still be pending, then ends their pool. */
void jobs_end(struct sched_pool *pool, struct job **jobs, unsigned count);
/** Pools of pool_make that were released. */
unsigned pools_released(void);

/** Keeps the only worker of a pool busy until the gate is opened. */
struct job *occupy(struct sched_pool *pool, struct tally *tally, struct unit_gate *gate);

/** The order in which callbacks began: each appends what identifies it. */
struct order {
    _Atomic unsigned count;
    _Atomic unsigned entries[20000];
};
void order_append(struct order *order, unsigned entry);

#endif
