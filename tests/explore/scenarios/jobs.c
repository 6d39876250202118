// SPDX-License-Identifier: MIT
#include "jobs.h"

static struct slab_cache jobs = {.kind = SLAB_WORK, .size = SLAB_SIZE_OF(struct job)};

static void run(struct sched_task *task, struct sched_worker *worker)
{
    struct job *job = nt_container(task, struct job, task);
    struct tally *tally = job->tally;

    atomic_fetch_add(&tally->now, 1);
    atomic_fetch_add(&tally->begun, 1);
    if (job->body)
        job->body(job, worker);
    atomic_fetch_sub(&tally->now, 1);
    atomic_fetch_add(&tally->ended, 1);
}

static void closed(struct sched_task *task)
{
    struct job *job = nt_container(task, struct job, task);
    struct sched_pool *pool = task->pool;
    struct tally *tally = job->tally;

    explore_check_equal(atomic_load(&tally->closed), 0);
    slab_free(&jobs, job);
    atomic_fetch_add(&tally->closed, 1);
    sched_pool_leave(pool);
}

static const struct sched_task_class job_class = {.run = run, .closed = closed};

static struct job *allocate(struct sched_pool *pool, struct tally *tally, job_body *body)
{
    struct job *job = slab_alloc(&jobs);

    explore_check(job != NULL);
    sched_pool_enter(pool);
    job->body = body;
    job->tally = tally;
    return job;
}

struct job *job_create_with(struct sched_pool *pool, struct tally *tally, job_body *body, enum sched_priority priority,
                            bool is_long)
{
    struct job *job = allocate(pool, tally, body);

    sched_task_init(&job->task, &job_class, pool, priority, is_long);
    return job;
}

struct job *job_create(struct sched_pool *pool, struct tally *tally, job_body *body)
{
    return job_create_with(pool, tally, body, SCHED_PRIORITY_NORMAL, false);
}

void job_launch(struct sched_pool *pool, struct tally *tally, job_body *body)
{
    struct job *job = allocate(pool, tally, body);

    sched_task_init_posted(&job->task, &job_class, pool, SCHED_PRIORITY_NORMAL, false);
    sched_task_unshare(&job->task);
    sched_launch(&job->task);
}

void job_close(struct job *job)
{
    explore_check(sched_close(&job->task));
}

struct sched_pool *pool_make(unsigned maximum)
{
    struct sched_pool *pool = sched_pool_create();

    explore_check(pool != NULL);
    if (maximum)
        sched_pool_set_maximum(pool, maximum);
    return pool;
}
