// SPDX-License-Identifier: MIT
/* Waits whose outcomes are counted, all of one job in one pool. */
#ifndef NTPOOL_TESTS_WATCH_H
#define NTPOOL_TESTS_WATCH_H

#include "sched_help.h"
#include "sched/waiter.h"

#include <string.h>

struct watch {
    struct sched_wait wait;
    struct job *job;
    nt_handle handle; /* the test's own */
    nt_handle own;    /* what the wait waits for */
    uint64_t due;
    _Atomic unsigned signalled;
    _Atomic unsigned timed_out;
    _Atomic unsigned early;
};

static struct tally tally;
static struct sched_pool *pool;
static struct job *job;

static inline struct sched_pool *fired(struct sched_wait *wait, bool timed_out)
{
    struct watch *watch = nt_container(wait, struct watch, wait);

    if (timed_out && nt_time_now() < watch->due) {
        atomic_fetch_add(&watch->early, 1);
    }
    atomic_fetch_add(timed_out ? &watch->timed_out : &watch->signalled, 1);
    sched_post_quietly(&watch->job->task);
    return watch->job->pool;
}

static inline void begin(void)
{
    pool = pool_make(0);
    job = job_create(pool, &tally, NULL, NULL);
}

static inline void end(void)
{
    job_close(job);
    pool_end(pool);
}

static inline void watch(struct watch *watch, nt_handle handle)
{
    memset(watch, 0, sizeof(*watch));
    watch->wait.fired = fired;
    watch->job = job;
    watch->handle = handle;
    require(nt_handle_open_for_wait(handle, &watch->own) == NT_SUCCESS);
}

static inline void unwatch(struct watch *watch)
{
    check_equal(nt_handle_close(watch->own), NT_SUCCESS);
    check_equal(nt_handle_close(watch->handle), NT_SUCCESS);
}

static inline void arm(struct watch *watch, uint64_t due)
{
    watch->due = due;
    sched_wait_arm(&watch->wait, watch->own, due, false);
}

static inline bool is_over(struct watch *watch)
{
    return atomic_load(&watch->wait.state) == WAIT_IDLE;
}

#endif
