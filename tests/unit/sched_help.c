// SPDX-License-Identifier: MIT
#include "sched_help.h"

#include <stdlib.h>

static _Atomic unsigned released_pools;
static _Atomic unsigned made_pools;

static void run(struct sched_task *task, struct sched_worker *worker)
{
    struct job *job = nt_container(task, struct job, task);
    struct tally *tally = job->tally;
    uint32_t now = atomic_fetch_add(&tally->now, 1) + 1;
    uint32_t peak = atomic_load(&tally->peak);

    while (peak < now && !atomic_compare_exchange_weak(&tally->peak, &peak, now)) {
    }
    atomic_fetch_add(&tally->begun, 1);
    if (job->body != NULL) {
        job->body(job, worker);
    }
    atomic_fetch_sub(&tally->now, 1);
    atomic_fetch_add(&tally->ended, 1);
}

static void closed(struct sched_task *task)
{
    struct job *job = nt_container(task, struct job, task);
    struct tally *tally = job->tally;
    struct sched_pool *pool = job->pool;

    free(job);
    sched_pool_leave(pool);
    atomic_fetch_add(&tally->closed, 1);
}

static const struct sched_task_class job_class = {.run = run, .closed = closed};

static struct job *job_allocate(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument)
{
    struct job *job = calloc(1, sizeof(*job));

    require(job != NULL);
    sched_pool_enter(pool);
    job->body = body;
    job->argument = argument;
    job->tally = tally;
    job->pool = pool;
    return job;
}

struct job *job_create_with(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument,
                            enum sched_priority priority, bool is_long)
{
    struct job *job = job_allocate(pool, tally, body, argument);

    sched_task_init(&job->task, &job_class, pool, priority, is_long);
    return job;
}

void job_launch(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument,
                enum sched_priority priority)
{
    struct job *job = job_allocate(pool, tally, body, argument);

    sched_task_init_posted(&job->task, &job_class, pool, priority, false);
    sched_task_unshare(&job->task);
    sched_launch(&job->task);
}

struct job *job_create(struct sched_pool *pool, struct tally *tally, job_body *body, void *argument)
{
    return job_create_with(pool, tally, body, argument, SCHED_PRIORITY_NORMAL, false);
}

void job_post_times(struct job *job, unsigned times)
{
    while (times-- > 0) {
        job_post(job);
    }
}

void job_pass_gate(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    check(unit_gate_pass(job->argument));
}

void job_meet(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    check(unit_meet(job->argument));
}

static void released(void *owner)
{
    (void)owner;
    atomic_fetch_add(&released_pools, 1);
}

struct sched_pool *pool_make(uint32_t maximum)
{
    struct sched_pool *pool = sched_pool_create();

    require(pool != NULL);
    pool->released = released;
    pool->owner = pool;
    if (maximum != 0) {
        sched_pool_set_maximum(pool, maximum);
    }
    atomic_fetch_add(&made_pools, 1);
    return pool;
}

void pool_end(struct sched_pool *pool)
{
    sched_pool_leave(pool);
    require_soon(atomic_load(&released_pools) == atomic_load(&made_pools));
    require_soon(atomic_load(&sched_workers_now) == 0);
    check_equal(ground_bad_handle_uses(), 0);
}

void jobs_end(struct sched_pool *pool, struct job **jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        job_close(jobs[i]);
    }
    pool_end(pool);
}

unsigned pools_released(void)
{
    return atomic_load(&released_pools);
}

struct job *occupy(struct sched_pool *pool, struct tally *tally, struct unit_gate *gate)
{
    struct job *job = job_create(pool, tally, job_pass_gate, gate);

    job_post(job);
    require_soon(unit_gate_waiting(gate) == 1);
    return job;
}

void order_append(struct order *order, unsigned entry)
{
    unsigned place = atomic_fetch_add(&order->count, 1);

    if (check(place < sizeof(order->entries) / sizeof(order->entries[0]))) {
        atomic_store(&order->entries[place], entry);
    }
}
