// SPDX-License-Identifier: MIT
#include "job.h"

void do_job(struct job *job)
{
    InterlockedExchange(&job->thread, (LONG)GetCurrentThreadId());
    if (job->overlap)
        overlap_enter(job->overlap);
    if (job->order)
        order_note(job->order, job->mark);
    count_up(&job->calls);
    if (job->entered)
        open_gate(job->entered);
    if (job->meeting)
        require(meet(job->meeting, GENEROUS), "only %ld of %ld callbacks were inside at the same time",
                counted(&job->meeting->arrived), job->meeting->wanted);
    if (job->gate)
        pass_gate(job->gate);
    if (job->overlap)
        overlap_leave(job->overlap);
    count_up(&job->returned);
}

void CALLBACK simple_job(PTP_CALLBACK_INSTANCE instance, void *job)
{
    (void)instance;
    do_job(job);
}

void CALLBACK work_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_WORK work)
{
    (void)instance;
    (void)work;
    do_job(job);
}

void CALLBACK timer_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    do_job(job);
}

void CALLBACK wait_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    do_job(job);
}

struct job gated_job(void)
{
    return (struct job){.entered = gate(), .gate = gate()};
}

struct job noting_job(struct order *order, LONG mark)
{
    return (struct job){.order = order, .mark = mark};
}

PTP_WORK work_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_WORK work = at->create_work(work_job, job, environment);
    require(work, "no work object could be created: error 0x%lx", why());
    return work;
}

PTP_TIMER timer_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_TIMER timer = at->create_timer(timer_job, job, environment);
    require(timer, "no timer object could be created: error 0x%lx", why());
    return timer;
}

PTP_WAIT wait_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_WAIT wait = at->create_wait(wait_job, job, environment);
    require(wait, "no wait object could be created: error 0x%lx", why());
    return wait;
}

void submit_simple(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment)
{
    require(at->try_submit(simple_job, job, environment), "a simple callback was refused: error 0x%lx", why());
}

void occupy(const struct level *at, struct job *gated, TP_CALLBACK_ENVIRON_V3 *environment)
{
    submit_simple(at, gated, environment);
    pass_gate(gated->entered);
}
