// SPDX-License-Identifier: MIT
//
// Where callbacks run, and that the pool answers while its workers are blocked.
#include "harness/job.h"
#include "harness/suite.h"

#include <stdlib.h>

static LONG processors(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return (LONG)system.dwNumberOfProcessors;
}

// ---- Which thread --------------------------------------------------------------------------------------------

BINDING_AT_BOTH_LEVELS(no_callback_runs_on_a_thread_that_submits_waits_or_closes, "POOL-027 TMR-049 WORK-015",
                       "NT-016 NT-017 NT-018 NT-020")
{
    static struct order threads;
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool_of(at, 1), group, NULL);
    LONG own = (LONG)GetCurrentThreadId(), runs = 0;
    FILETIME now;
    HANDLE event = gate();
    open_gate(event);
    for (int round = 0; round < 50; round++, runs += 5) {
        struct job job = {0};
        PTP_WORK work = work_for(at, &job, &environment);
        PTP_TIMER timer = timer_for(at, &job, &environment);
        PTP_WAIT wait = wait_for(at, &job, &environment);
        LONG expected = 0;
#define RAN_ELSEWHERE(what)                                                                                            \
    await_count(&job.returned, ++expected);                                                                            \
    check(job.thread != own, "%s ran on the thread that asked for it", what);                                          \
    order_note(&threads, job.thread)
        at->submit(work);
        at->wait_for_work(work, FALSE);
        RAN_ELSEWHERE("a work callback");
        at->set_timer(timer, due_in(&now, 0), 0, 0);
        at->wait_for_timer(timer, FALSE);
        RAN_ELSEWHERE("a timer callback");
        at->set_wait(wait, event, NULL);
        RAN_ELSEWHERE("a wait callback");
        at->wait_for_wait(wait, FALSE);
        submit_simple(at, &job, &environment);
        RAN_ELSEWHERE("a simple callback");
        at->submit(work);
        at->close_members(group, FALSE, NULL);
        RAN_ELSEWHERE("a callback waited for by a group close");
    }
    check(threads.count == runs, "%ld of %ld callbacks were seen", threads.count, runs);
}

struct outer {
    const struct level *at;
    struct job inner;
    PTP_WORK inner_work;
    LONG thread;
    volatile LONG done;
};

static void CALLBACK submit_and_wait(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct outer *outer = context;
    outer->thread = (LONG)GetCurrentThreadId();
    outer->at->submit(outer->inner_work);
    outer->at->wait_for_work(outer->inner_work, FALSE);
    check(outer->inner.returned == 1, "the wait inside a callback returned before the inner callback");
    check(outer->inner.thread != outer->thread, "the inner callback ran on the thread of the one that waits for it");
    count_up(&outer->done);
}

BINDING_AT_BOTH_LEVELS(callbacks_that_wait_for_others_do_not_run_them, "POOL-025 POOL-027 WORK-015", "NT-017")
{
    LONG many = 4 * processors();
    struct outer *outers = calloc((size_t)many, sizeof *outers);
    for (LONG i = 0; i < many; i++) {
        outers[i].at = at;
        outers[i].inner_work = work_for(at, &outers[i].inner, NULL);
    }
    for (LONG i = 0; i < many; i++)
        require(at->try_submit(submit_and_wait, &outers[i], NULL), "refused: 0x%lx", why());
    for (LONG i = 0; i < many; i++)
        await_count(&outers[i].done, 1);
}

// ---- Blocked workers -----------------------------------------------------------------------------------------

BINDING_AT_BOTH_LEVELS(a_timer_fires_while_every_worker_is_blocked, "POOL-025 POOL-026 TMR-049", "NT-018")
{
    struct job blocker = gated_job(), tick = {0};
    LONG many = 2 * processors();
    for (LONG i = 0; i < many; i++)
        submit_simple(at, &blocker, NULL);
    await_count(&blocker.calls, many);
    PTP_TIMER timer = timer_for(at, &tick, NULL);
    FILETIME due;
    double start = milliseconds();
    at->set_timer(timer, due_in(&due, 50), 0, 0);
    await_count(&tick.returned, 1);
    remark("due after 50 ms, ran after %.0f", milliseconds() - start);
    check(counted(&blocker.returned) == 0, "a blocked callback has returned");
    open_gate(blocker.gate);
    await_count(&blocker.returned, many);
    at->close_timer(timer);
}

BINDING_AT_BOTH_LEVELS(a_wait_is_served_while_every_worker_is_blocked, "POOL-025 POOL-026", "NT-020")
{
    struct job blocker = gated_job(), served = {0};
    LONG many = 2 * processors();
    for (LONG i = 0; i < many; i++)
        submit_simple(at, &blocker, NULL);
    await_count(&blocker.calls, many);
    PTP_WAIT wait = wait_for(at, &served, NULL);
    HANDLE event = gate();
    at->set_wait(wait, event, NULL);
    open_gate(event);
    await_count(&served.returned, 1);
    check(counted(&blocker.returned) == 0, "a blocked callback has returned");
    open_gate(blocker.gate);
    await_count(&blocker.returned, many);
    at->close_wait(wait);
}

static volatile LONG stop_spinning;

static DWORD WINAPI spin(void *context)
{
    (void)context;
    while (!stop_spinning)
        YieldProcessor();
    return 0;
}

static void CALLBACK release_the_others(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct job *blocked = context;
    open_gate(blocked->gate);
}

BINDING_AT_BOTH_LEVELS(queued_work_runs_though_workers_block_on_it_and_the_program_spins, "POOL-025 POOL-026", "NT-017")
{
    LONG many = processors() > 2 ? processors() : 2;
    HANDLE *spinners = calloc((size_t)many, sizeof *spinners);
    for (LONG i = 0; i < many; i++)
        spinners[i] = start_thread(spin, NULL);
    double start = milliseconds();
    struct job blocked = gated_job();
    PTP_WORK work = work_for(at, &blocked, NULL);
    for (LONG i = 0; i < many; i++)
        at->submit(work);
    await_count(&blocked.calls, many);
    // All workers that the processors warrant now wait for what is queued behind them.
    require(at->try_submit(release_the_others, &blocked, NULL), "refused: 0x%lx", why());
    at->wait_for_work(work, FALSE);
    remark("%ld blocked callbacks were released after %.0f ms", many, milliseconds() - start);
    check(blocked.returned == many, "%ld of %ld callbacks returned", blocked.returned, many);
    InterlockedExchange(&stop_spinning, 1);
    for (LONG i = 0; i < many; i++)
        join_thread(spinners[i]);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(in_a_pool_of_one_what_is_queued_behind_a_blocked_callback_waits, "DLK-002 POOL-011", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job first = gated_job(), second = {0};
    occupy(at, &first, &environment);
    submit_simple(at, &second, &environment);
    check(!wait_until(counted(&second.calls) > 0, 1000), "it ran while the pool's only thread was blocked");
    open_gate(first.gate);
    await_count(&second.returned, 1);
    await_count(&first.returned, 1);
}

BINDING_AT_BOTH_LEVELS(bursts_and_pauses_lose_no_callback, "WORK-002 POOL-027", "NT-016 NT-017")
{
    struct job job = {0};
    PTP_WORK work = work_for(at, &job, NULL);
    LONG expected = 0;
    for (int round = 0; round < 2000; round++) {
        int burst = 1 + round % 7;
        for (int i = 0; i < burst; i++, expected += 2) {
            at->submit(work);
            submit_simple(at, &job, NULL);
        }
        if (round % 3)
            continue;
        await_count(&job.returned, expected);
    }
    await_count(&job.returned, expected);
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}
