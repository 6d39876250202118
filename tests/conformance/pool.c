// SPDX-License-Identifier: MIT
//
// Pools: creation and closing.
#include "harness/job.h"
#include "harness/suite.h"

BINDING_AT_BOTH_LEVELS(a_null_environment_means_the_default_pool, "POOL-001 ENV-034 ENV-003", "NT-016 NT-017")
{
    struct job simple = {0}, job = {0};
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    submit_simple(at, &simple, NULL);
    submit_simple(at, &simple, &environment);
    PTP_WORK without = work_for(at, &job, NULL), with = work_for(at, &job, &environment);
    at->submit(without);
    at->submit(with);
    at->wait_for_work(without, FALSE);
    at->wait_for_work(with, FALSE);
    check(job.calls == 2, "%ld of 2 work callbacks ran", job.calls);
    await_count(&simple.returned, 2);
    at->close_work(without);
    at->close_work(with);
}

BINDING_AT_BOTH_LEVELS(a_thousand_pools_can_be_created_and_closed, "POOL-002 POOL-003 POOL-030", "NT-001 NT-002 NT-003")
{
    for (int i = 0; i < 1000; i++) {
        PTP_POOL pool = pool_of(at, 2);
        at->close_pool(pool);
    }
}

OBSERVATION_AT_NT_LEVEL(a_reserved_value_for_tp_alloc_pool_is_refused, "POOL-004")
{
    PTP_POOL pool = NULL;
    NTSTATUS status = api.TpAllocPool(&pool, (void *)1);
    observe("TpAllocPool with a reserved value of 1 gives status 0x%lx", status);
    check(status == (NTSTATUS)0xC000000D, "expected STATUS_INVALID_PARAMETER");
}

OBSERVATION(a_reserved_value_for_a_pool_is_refused, "POOL-004")
{
    SetLastError(0);
    PTP_POOL pool = api.CreateThreadpool((void *)1);
    observe("CreateThreadpool(1) gives %s, error %lu", pool ? "a pool" : "no pool", GetLastError());
    check(!pool && GetLastError() == ERROR_INVALID_PARAMETER, "expected NULL and ERROR_INVALID_PARAMETER");
}

OBSERVATION_AT_BOTH_LEVELS(creating_pools_starts_no_workers, "POOL-006 POOL-047", "")
{
    pool_of(at, 4);
    int before = thread_count();
    for (int i = 0; i < 50; i++)
        pool_of(at, 4);
    int after = thread_count();
    observe("50 pools brought %d threads", after - before);
    check(after - before < 10, "50 idle pools brought %d threads", after - before);
}

BINDING_AT_BOTH_LEVELS(a_full_pool_does_not_stop_another_pool, "POOL-007", "NT-001")
{
    TP_CALLBACK_ENVIRON_V3 full = environment_of(pool_of(at, 1)), other = environment_of(pool_of(at, 1));
    struct job blocker = gated_job(), waiting = {0}, free = {0};
    occupy(at, &blocker, &full);
    submit_simple(at, &waiting, &full);
    submit_simple(at, &free, &other);
    submit_simple(at, &free, NULL);
    await_count(&free.returned, 2);
    check(counted(&waiting.calls) == 0, "a second callback ran in a full pool of one thread");
    open_gate(blocker.gate);
    await_count(&waiting.returned, 1);
}

BINDING_AT_BOTH_LEVELS(two_hundred_pools_each_run_their_callback, "POOL-046", "")
{
    static PTP_POOL pools[200];
    struct job job = {0};
    for (int i = 0; i < 200; i++) {
        pools[i] = pool_of(at, 1);
        TP_CALLBACK_ENVIRON_V3 environment = environment_of(pools[i]);
        submit_simple(at, &job, &environment);
    }
    await_count(&job.returned, 200);
    for (int i = 0; i < 200; i++)
        at->close_pool(pools[i]);
}

BINDING_AT_BOTH_LEVELS(closing_an_idle_pool_ends_its_threads, "POOL-030", "NT-002 NT-004")
{
    at->close_pool(pool_of(at, 1));
    int before = thread_count();
    PTP_POOL pool = pool_of(at, 4);
    require(at->pool_minimum(pool, 4), "the minimum could not be set: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct meeting meeting = meeting_of(4);
    struct job job = {.meeting = &meeting};
    for (int i = 0; i < 4; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 4);
    check(thread_count() >= before + 4, "4 threads were needed, but the process has %d, before %d", thread_count(),
          before);
    at->close_pool(pool);
    check(wait_until(thread_count() <= before + 2, GENEROUS), "%d threads remain, before the pool %d", thread_count(),
          before);
}

BINDING_AT_BOTH_LEVELS(closing_a_busy_pool_neither_blocks_nor_disturbs, "POOL-031 POOL-033", "NT-002")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, &environment);
    at->submit(work);
    pass_gate(job.entered);
    at->close_pool(pool);
    check(counted(&job.returned) == 0, "the close waited for a callback whose gate was shut");
    open_gate(job.gate);
    at->wait_for_work(work, FALSE);
    check(job.returned == 1, "the callback did not finish");
    at->close_work(work);
}

OBSERVATION_AT_BOTH_LEVELS(queued_callbacks_survive_the_close_of_their_pool, "POOL-032 POOL-035", "NT-002")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocker = gated_job(), job = {0};
    PTP_WORK work = work_for(at, &job, &environment);
    occupy(at, &blocker, &environment);
    for (int i = 0; i < 10; i++)
        at->submit(work);
    at->close_pool(pool);
    open_gate(blocker.gate);
    at->wait_for_work(work, FALSE);
    check(job.returned == 10, "%ld of 10 queued callbacks ran after the close", job.returned);
    at->close_work(work);
}

struct self_closing {
    const struct level *at;
    PTP_POOL pool;
    volatile LONG done;
};

static void CALLBACK close_own_pool(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct self_closing *closing = context;
    closing->at->close_pool(closing->pool);
    count_up(&closing->done);
}

OBSERVATION_AT_BOTH_LEVELS(a_callback_may_close_its_own_pool, "POOL-034", "NT-002")
{
    struct self_closing closing = {.at = at, .pool = pool_of(at, 2)};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(closing.pool), other = environment_of(pool_of(at, 1));
    require(at->try_submit(close_own_pool, &closing, &environment), "refused: 0x%lx", why());
    await_count(&closing.done, 1);
    struct job job = {0};
    submit_simple(at, &job, &other);
    await_count(&job.calls, 1);
}

struct submission {
    const struct level *at;
    PTP_WORK work;
};

static void submit_it(void *context)
{
    const struct submission *submission = context;
    submission->at->submit(submission->work);
}

OBSERVATION_AT_BOTH_LEVELS(a_post_to_a_closed_pool_runs_or_raises, "POOL-036 EXC-003", "")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job job = {0};
    struct submission submission = {at, work_for(at, &job, &environment)};
    at->close_pool(pool);
    struct raised raised = attempt(submit_it, &submission);
    if (raised.happened) {
        observe("raised 0x%08lx", raised.code);
        check(raised.code == 0xC000070F, "expected STATUS_THREADPOOL_RELEASED_DURING_OPERATION");
    } else {
        at->wait_for_work(submission.work, FALSE);
        observe("nothing was raised, %ld callbacks ran", counted(&job.calls));
        check(job.calls == 1, "the post was accepted and %ld callbacks ran", job.calls);
    }
}
