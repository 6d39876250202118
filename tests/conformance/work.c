// SPDX-License-Identifier: MIT
//
// Work objects: each post is one call, posts run in parallel, waits and closes.
#include "harness/job.h"
#include "harness/suite.h"

// ---- Posts ---------------------------------------------------------------------------------------------------

struct seen {
    void *context;
    PTP_WORK work;
    volatile LONG calls;
};

static struct seen seen;

static void CALLBACK note_arguments(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    check(instance, "the instance is NULL");
    seen.context = context;
    seen.work = work;
    count_up(&seen.calls);
}

BINDING_AT_BOTH_LEVELS(a_work_callback_gets_its_context_and_its_object, "WORK-001 WORK-003 ST-007", "NT-017")
{
    void *const contexts[] = {NULL, (void *)~(ULONG_PTR)0, &seen};
    for (int i = 0; i < 3; i++) {
        PTP_WORK work = at->create_work(note_arguments, contexts[i], NULL);
        require(work, "no work object: error 0x%lx", why());
        at->submit(work);
        at->wait_for_work(work, FALSE);
        check(seen.context == contexts[i], "the context is %p instead of %p", seen.context, contexts[i]);
        check(seen.work == work, "the object is %p instead of %p", (void *)seen.work, (void *)work);
        at->close_work(work);
    }
    check(seen.calls == 3, "%ld calls", seen.calls);
}

BINDING_AT_BOTH_LEVELS(creation_runs_nothing_and_each_post_runs_once, "WORK-002 WORK-015", "NT-017")
{
    struct job job = {0};
    PTP_WORK work = work_for(at, &job, NULL);
    at->wait_for_work(work, FALSE);
    check(stays(&job.calls, 0), "the callback ran without a post");
    for (int i = 0; i < 5; i++)
        at->submit(work);
    at->wait_for_work(work, FALSE);
    check(job.returned == 5, "%ld of 5 callbacks had finished when the wait returned", job.returned);
    check(stays(&job.calls, 5), "%ld callbacks for 5 posts", job.calls);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(a_million_posts_are_a_million_calls, "WORK-005 WORK-006 WORK-030", "NT-017")
{
    struct job job = {0};
    PTP_WORK work = work_for(at, &job, NULL);
    for (int i = 0; i < 1000000; i++)
        at->submit(work);
    at->wait_for_work(work, FALSE);
    check(job.returned == 1000000, "%ld of 1000000 callbacks ran", job.returned);
    at->close_work(work);
}

static void n_posts_meet(const struct level *at, TP_CALLBACK_ENVIRON_V3 *environment, LONG n)
{
    struct meeting meeting = meeting_of(n);
    struct job job = {.meeting = &meeting};
    PTP_WORK work = work_for(at, &job, environment);
    for (LONG i = 0; i < n; i++)
        at->submit(work);
    at->wait_for_work(work, FALSE);
    check(job.returned == n, "%ld of %ld callbacks ran", job.returned, n);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(two_posts_of_one_object_meet_at_a_barrier, "WORK-007 WORK-015", "NT-017")
{
    n_posts_meet(at, NULL, 2);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 2));
    n_posts_meet(at, &environment, 2);
}

BINDING_AT_BOTH_LEVELS(four_posts_of_one_object_meet_at_a_barrier, "WORK-007 POOL-025", "NT-017")
{
    n_posts_meet(at, NULL, 4);
}

BINDING_AT_BOTH_LEVELS(thirty_two_posts_of_one_object_meet_at_a_barrier, "WORK-007 POOL-025", "NT-017")
{
    n_posts_meet(at, NULL, 32);
}

struct resubmitting {
    const struct level *at;
    volatile LONG calls;
};

static void CALLBACK submit_again(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    struct resubmitting *again = context;
    if (count_up(&again->calls) < 1000)
        again->at->submit(work);
}

OBSERVATION_AT_BOTH_LEVELS(a_callback_may_post_its_own_object, "WORK-008", "NT-017")
{
    struct resubmitting again = {.at = at};
    PTP_WORK work = at->create_work(submit_again, &again, NULL);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    check(again.calls == 1000, "the wait returned after %ld of 1000 calls", again.calls);
    at->close_work(work);
}

struct producer {
    const struct level *at;
    PTP_WORK work;
};

static DWORD WINAPI submit_many(void *context)
{
    const struct producer *producer = context;
    for (int i = 0; i < 10000; i++)
        producer->at->submit(producer->work);
    return 0;
}

OBSERVATION_AT_BOTH_LEVELS(posts_from_many_threads_all_run, "WORK-009 ENV-007", "NT-017")
{
    struct job job = {0};
    struct producer producer = {at, work_for(at, &job, NULL)};
    HANDLE threads[8];
    for (int i = 0; i < 8; i++)
        threads[i] = start_thread(submit_many, &producer);
    for (int i = 0; i < 8; i++)
        join_thread(threads[i]);
    at->wait_for_work(producer.work, FALSE);
    check(job.returned == 80000, "%ld of 80000 callbacks ran", job.returned);
    at->close_work(producer.work);
}

static void CALLBACK double_it(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    int *value = context;
    *value *= 2;
}

OBSERVATION_AT_BOTH_LEVELS(writes_before_a_post_and_in_a_callback_are_seen, "WORK-012 WORK-022", "")
{
    int value = 0;
    PTP_WORK work = at->create_work(double_it, &value, NULL);
    for (int i = 1; i <= 10000; i++) {
        value = i;
        at->submit(work);
        at->wait_for_work(work, FALSE);
        require(value == 2 * i, "round %d: the value is %d", i, value);
    }
    at->close_work(work);
}

static void create_without_callback(void *result)
{
    *(PTP_WORK *)result = api.CreateThreadpoolWork(NULL, NULL, NULL);
}

OBSERVATION(a_work_object_needs_a_callback, "WORK-004")
{
    PTP_WORK work = NULL;
    SetLastError(0);
    struct raised raised = attempt(create_without_callback, &work);
    observe("without a callback: %s, error %lu, raised 0x%lx", work ? "an object" : "no object", GetLastError(),
            raised.code);
    check(!work && GetLastError() == ERROR_INVALID_PARAMETER, "expected NULL and ERROR_INVALID_PARAMETER");
}

static void tp_alloc_without_callback(void *work)
{
    NTSTATUS status = api.TpAllocWork(work, NULL, NULL, NULL);
    observe("without a callback: status 0x%lx", status);
    check(status == (NTSTATUS)0xC000000D, "expected STATUS_INVALID_PARAMETER");
}

OBSERVATION_AT_NT_LEVEL(tp_alloc_work_needs_a_callback, "WORK-004")
{
    PTP_WORK work = NULL;
    struct raised raised = attempt(tp_alloc_without_callback, &work);
    check(!raised.happened, "raised 0x%lx", raised.code);
}

// Posts its object until it is told to stop, so that there is always a callback that has not ended.
struct chain {
    const struct level *at;
    volatile LONG stop;
    volatile LONG links;
};

static void CALLBACK add_a_link(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    struct chain *chain = context;
    count_up(&chain->links);
    if (!counted(&chain->stop))
        chain->at->submit(work);
}

// ---- Waits ---------------------------------------------------------------------------------------------------

struct waiter {
    const struct level *at;
    PTP_WORK work;
    BOOL cancel;
    volatile LONG about_to;
    volatile LONG done;
};

static DWORD WINAPI wait_for_it(void *context)
{
    struct waiter *waiter = context;
    count_up(&waiter->about_to);
    waiter->at->wait_for_work(waiter->work, waiter->cancel);
    count_up(&waiter->done);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_wait_lasts_until_queued_and_running_callbacks_are_over, "WORK-015", "NT-017")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, &environment);
    for (int i = 0; i < 5; i++)
        at->submit(work);
    pass_gate(job.entered);
    struct waiter waiter = {.at = at, .work = work};
    HANDLE thread = start_thread(wait_for_it, &waiter);
    await_blocked(thread, &waiter.about_to);
    check(stays(&waiter.done, 0), "the wait returned while callbacks were queued and running");
    open_gate(job.gate);
    join_thread(thread);
    check(job.returned == 5, "the wait returned after %ld of 5 callbacks", job.returned);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_wait_drops_what_has_not_begun, "WORK-016 WORK-018", "NT-017")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, &environment);
    for (int i = 0; i < 10; i++)
        at->submit(work);
    pass_gate(job.entered);
    struct waiter waiter = {.at = at, .work = work, .cancel = TRUE};
    HANDLE thread = start_thread(wait_for_it, &waiter);
    await_blocked(thread, &waiter.about_to);
    check(stays(&waiter.done, 0), "the cancelling wait returned while a callback was running");
    open_gate(job.gate);
    join_thread(thread);
    check(job.returned == 1, "%ld callbacks ran, expected the running one only", job.returned);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    check(job.returned == 2, "after a cancelling wait a new post brought %ld calls", job.returned - 1);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(a_wait_is_for_its_own_object_only, "WORK-017 WORK-019", "NT-017")
{
    PTP_POOL pool = pool_of(at, 2);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocked = gated_job(), idle = {0};
    PTP_WORK busy = work_for(at, &blocked, &environment), other = work_for(at, &idle, &environment);
    at->submit(busy);
    pass_gate(blocked.entered);
    at->wait_for_work(other, FALSE);
    at->submit(other);
    at->wait_for_work(other, FALSE);
    at->wait_for_work(other, TRUE);
    check(idle.returned == 1 && counted(&blocked.returned) == 0, "%ld and %ld have returned", idle.returned,
          counted(&blocked.returned));
    open_gate(blocked.gate);
    at->wait_for_work(busy, FALSE);
    at->close_work(busy);
    at->close_work(other);
}

OBSERVATION_AT_BOTH_LEVELS(a_wait_lasts_while_posts_keep_coming, "WORK-023", "NT-017")
{
    struct chain chain = {.at = at};
    PTP_WORK work = at->create_work(add_a_link, &chain, NULL);
    at->submit(work);
    struct waiter waiter = {.at = at, .work = work};
    HANDLE thread = start_thread(wait_for_it, &waiter);
    await_count(&waiter.about_to, 1);
    check(stays(&waiter.done, 0), "the wait returned between two posts");
    count_up(&chain.stop);
    join_thread(thread);
    LONG links = counted(&chain.links);
    check(stays(&chain.links, links), "a callback came after the wait had returned");
    at->close_work(work);
}

OBSERVATION_AT_BOTH_LEVELS(all_who_wait_are_released, "WORK-020", "NT-017")
{
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, NULL);
    at->submit(work);
    pass_gate(job.entered);
    struct waiter waiter = {.at = at, .work = work};
    HANDLE threads[8];
    for (int i = 0; i < 8; i++)
        threads[i] = start_thread(wait_for_it, &waiter);
    await_count(&waiter.about_to, 8);
    for (int i = 0; i < 8; i++)
        await_blocked(threads[i], &waiter.about_to);
    check(stays(&waiter.done, 0), "%ld waits returned early", counted(&waiter.done));
    open_gate(job.gate);
    for (int i = 0; i < 8; i++)
        join_thread(threads[i]);
    at->close_work(work);
}

// ---- Closes --------------------------------------------------------------------------------------------------

BINDING_AT_BOTH_LEVELS(a_close_neither_blocks_nor_cancels, "WORK-024 WORK-025", "NT-017")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, &environment);
    for (int i = 0; i < 5; i++)
        at->submit(work);
    pass_gate(job.entered);
    at->close_work(work);
    check(counted(&job.returned) == 0, "the close waited for a callback whose gate was shut");
    open_gate(job.gate);
    await_count(&job.returned, 5);
    check(stays(&job.calls, 5), "%ld callbacks for 5 posts", job.calls);
}

struct closing {
    const struct level *at;
    volatile LONG closed;
};

static void CALLBACK close_own_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    struct closing *closing = context;
    closing->at->close_work(work);
    count_up(&closing->closed);
}

BINDING_AT_BOTH_LEVELS(a_callback_may_close_its_own_work_object, "WORK-026", "NT-017")
{
    struct closing closing = {.at = at};
    for (int i = 0; i < 200; i++) {
        PTP_WORK work = at->create_work(close_own_work, &closing, NULL);
        require(work, "no work object: error 0x%lx", why());
        at->submit(work);
    }
    await_count(&closing.closed, 200);
    struct job job = {0};
    PTP_WORK work = work_for(at, &job, NULL);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    check(job.returned == 1, "a new object's post did not run");
}

BINDING_AT_BOTH_LEVELS(objects_may_be_closed_right_after_their_post, "WORK-024 WORK-025", "NT-017")
{
    struct job job = {0};
    for (int i = 0; i < 20000; i++) {
        PTP_WORK work = work_for(at, &job, NULL);
        at->submit(work);
        at->close_work(work);
    }
    await_count(&job.returned, 20000);
}
