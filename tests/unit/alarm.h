// SPDX-License-Identifier: MIT
/* Timers whose expirations are counted, all of one job in one pool. */
#ifndef NTPOOL_TESTS_ALARM_H
#define NTPOOL_TESTS_ALARM_H

#include "sched_help.h"
#include "sched/keeper.h"

#include <string.h>

/* A timer that posts to a job. What is not atomic is guarded by the timers' lock. */
struct alarm {
    struct sched_timer timer;
    struct job *job;
    uint64_t due;
    uint64_t period;
    unsigned repeats;
    _Atomic unsigned expired;
    _Atomic unsigned early;
};

static struct tally tally;
static _Atomic uint64_t last_due;
static _Atomic unsigned out_of_order;

static inline struct sched_pool *expire(struct sched_timer *timer, uint64_t now, uint64_t *next)
{
    struct alarm *alarm = nt_container(timer, struct alarm, timer);

    atomic_fetch_add(&alarm->expired, 1);
    if (now < alarm->due) {
        atomic_fetch_add(&alarm->early, 1);
    }
    if (atomic_load(&last_due) > alarm->due) {
        atomic_fetch_add(&out_of_order, 1);
    }
    atomic_store(&last_due, alarm->due);
    if (alarm->repeats != 0) {
        alarm->repeats--;
        alarm->due += alarm->period;
        *next = alarm->due;
    }
    sched_post_quietly(&alarm->job->task);
    return alarm->job->pool;
}

static inline void prepare(struct alarm *alarm, struct job *job)
{
    memset(alarm, 0, sizeof(*alarm));
    alarm->timer.expired = expire;
    alarm->job = job;
    require(sched_timer_reserve() == NT_SUCCESS);
}

static inline void arm(struct alarm *alarm, uint64_t due, bool system)
{
    sched_timers_lock();
    alarm->due = due;
    sched_timer_arm(&alarm->timer, due, system);
    sched_timers_unlock();
}

static inline bool disarm(struct alarm *alarm)
{
    sched_timers_lock();
    bool was_armed = sched_timer_disarm(&alarm->timer);
    sched_timers_unlock();
    return was_armed;
}

static inline bool is_armed(struct alarm *alarm)
{
    sched_timers_lock();
    bool armed = sched_timer_is_armed(&alarm->timer);
    sched_timers_unlock();
    return armed;
}

static struct sched_pool *pool;
static struct job *job;

static inline void begin(void)
{
    pool = pool_make(0);
    job = job_create(pool, &tally, NULL, NULL);
}

static inline void end(void)
{
    /* An expiration that was counted may be about to post. */
    sched_timers_lock();
    sched_timers_unlock();
    job_close(job);
    pool_end(pool);
    check_equal(atomic_load(&tally.closed), 1);
}

#endif
