// SPDX-License-Identifier: MIT
//
// Callback instances: running long, and leaving one's object.
#include "harness/job.h"
#include "harness/suite.h"

struct execution {
    const struct level *at;
    void *instance;
    bool may_run_long;
    bool again;
    DWORD error;
    HANDLE entered;
    HANDLE gate;
    HANDLE event;
    volatile LONG returned;
};

static struct execution execution_at(const struct level *at)
{
    return (struct execution){.at = at, .entered = gate(), .gate = gate()};
}

static void stay(struct execution *execution)
{
    open_gate(execution->entered);
    pass_gate(execution->gate);
    count_up(&execution->returned);
}

static void leave(struct execution *execution)
{
    open_gate(execution->gate);
    await_count(&execution->returned, 1);
}

static void CALLBACK note_instance(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct execution *execution = context;
    execution->instance = instance;
    stay(execution);
}

OBSERVATION_AT_BOTH_LEVELS(each_execution_has_its_own_instance, "CBI-001", "")
{
    struct execution a = execution_at(at), b = execution_at(at);
    at->try_submit(note_instance, &a, NULL);
    at->try_submit(note_instance, &b, NULL);
    pass_gate(a.entered);
    pass_gate(b.entered);
    check(a.instance && b.instance && a.instance != b.instance, "the instances are %p and %p", a.instance, b.instance);
    leave(&a);
    leave(&b);
}

// ---- Running long --------------------------------------------------------------------------------------------

static void CALLBACK run_long(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct execution *execution = context;
    execution->may_run_long = execution->at->may_run_long(instance);
    execution->error = why();
    stay(execution);
}

BINDING_AT_BOTH_LEVELS(a_callback_may_run_long_where_another_worker_is_possible, "CBI-003 SIMP-009", "NT-014")
{
    struct execution execution = execution_at(at);
    require(at->try_submit(run_long, &execution, NULL), "refused: 0x%lx", why());
    pass_gate(execution.entered);
    check(execution.may_run_long, "refused in the default pool: error 0x%lx", execution.error);
    struct job job = {0};
    submit_simple(at, &job, NULL);
    await_count(&job.returned, 1);
    check(counted(&execution.returned) == 0, "the long callback has returned");
    leave(&execution);
}

BINDING_AT_BOTH_LEVELS(a_callback_in_a_pool_of_one_may_not_run_long, "CBI-004 CBI-005", "NT-014")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct execution execution = execution_at(at);
    require(at->try_submit(run_long, &execution, &environment), "refused: 0x%lx", why());
    pass_gate(execution.entered);
    check(!execution.may_run_long, "accepted in a pool of one thread");
    if (at->native)
        check(execution.error == 0xC0000129, "the status is 0x%lx", execution.error);
    else
        remark("the error is %lu, where 565 is expected", execution.error);
    leave(&execution);
}

OBSERVATION(a_refusal_to_run_long_is_error_565, "CBI-005 EXC-021")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(&win32_level, 1));
    struct execution execution = execution_at(&win32_level);
    require(win32_level.try_submit(run_long, &execution, &environment), "refused: 0x%lx", why());
    pass_gate(execution.entered);
    check(execution.error == 565, "the error is %lu", execution.error);
    leave(&execution);
}

static void CALLBACK run_long_twice(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct execution *execution = context;
    execution->may_run_long = execution->at->may_run_long(instance);
    execution->again = execution->at->may_run_long(instance);
    stay(execution);
}

OBSERVATION_AT_BOTH_LEVELS(asking_twice_to_run_long_is_harmless, "CBI-006", "")
{
    struct execution execution = execution_at(at);
    at->try_submit(run_long_twice, &execution, NULL);
    pass_gate(execution.entered);
    observe("first %d, second %d", execution.may_run_long, execution.again);
    check(execution.may_run_long && execution.again, "expected TRUE both times");
    leave(&execution);
}

OBSERVATION_AT_BOTH_LEVELS(a_callback_that_was_created_long_may_run_long, "CBI-008", "")
{
    PTP_POOL pools[] = {NULL, pool_of(at, 1)}; // it is granted where it would not be otherwise
    for (int i = 0; i < 2; i++) {
        TP_CALLBACK_ENVIRON_V3 environment = environment_of(pools[i]);
        SetThreadpoolCallbackRunsLong(&environment);
        struct execution execution = execution_at(at);
        at->try_submit(run_long, &execution, &environment);
        pass_gate(execution.entered);
        check(execution.may_run_long, "refused in %s: 0x%lx", i ? "a pool of one thread" : "the default pool",
              execution.error);
        leave(&execution);
    }
}

// ---- Leaving the object --------------------------------------------------------------------------------------

static void CALLBACK disassociate_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    struct execution *execution = context;
    execution->at->disassociate(instance);
    stay(execution);
}

BINDING_AT_BOTH_LEVELS(a_wait_does_not_wait_for_a_disassociated_callback, "CBI-009 CBI-012", "NT-015")
{
    struct execution execution = execution_at(at);
    PTP_WORK work = at->create_work(disassociate_work, &execution, NULL);
    at->submit(work);
    pass_gate(execution.entered);
    at->wait_for_work(work, FALSE);
    at->wait_for_work(work, TRUE);
    check(counted(&execution.returned) == 0, "the callback has returned");
    at->close_work(work);
    leave(&execution);
}

struct closer {
    const struct level *at;
    PTP_CLEANUP_GROUP group;
    volatile LONG about_to;
    volatile LONG done;
};

static DWORD WINAPI close_the_members(void *context)
{
    struct closer *closer = context;
    count_up(&closer->about_to);
    closer->at->close_members(closer->group, FALSE, NULL);
    count_up(&closer->done);
    return 0;
}

static void check_group_close_waits(const struct level *at, PTP_CLEANUP_GROUP group, struct execution *execution)
{
    struct closer closer = {.at = at, .group = group};
    HANDLE thread = start_thread(close_the_members, &closer);
    await_blocked(thread, &closer.about_to);
    check(stays(&closer.done, 0), "the group close returned while a disassociated callback was running");
    open_gate(execution->gate);
    join_thread(thread);
    check(execution->returned == 1, "the group close returned before the callback");
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(a_group_close_waits_for_a_disassociated_work_callback, "CBI-010 CG-029", "NT-015 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct execution execution = execution_at(at);
    at->submit(at->create_work(disassociate_work, &execution, &environment));
    pass_gate(execution.entered);
    check_group_close_waits(at, group, &execution);
}

static void CALLBACK disassociate_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct execution *execution = context;
    execution->at->disassociate(instance);
    if (execution->event)
        execution->at->set_event_on_return(instance, execution->event);
    stay(execution);
}

BINDING_AT_BOTH_LEVELS(a_group_close_waits_for_a_disassociated_simple_callback, "CBI-010 CBI-011 CG-029 SIMP-009",
                       "NT-015 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct execution execution = execution_at(at);
    require(at->try_submit(disassociate_simple, &execution, &environment), "refused: 0x%lx", why());
    pass_gate(execution.entered);
    check_group_close_waits(at, group, &execution);
}

static void CALLBACK wait_for_self(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    struct execution *execution = context;
    execution->at->disassociate(instance);
    execution->at->disassociate(instance);
    execution->at->wait_for_work(work, FALSE);
    count_up(&execution->returned);
}

BINDING_AT_BOTH_LEVELS(a_disassociated_callback_may_wait_for_its_own_object, "CBI-013 CBI-014 WORK-021", "NT-015")
{
    struct execution execution = execution_at(at);
    PTP_WORK work = at->create_work(wait_for_self, &execution, NULL);
    at->submit(work);
    await_count(&execution.returned, 1);
    at->submit(work);
    await_count(&execution.returned, 2);
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}

OBSERVATION_AT_BOTH_LEVELS(actions_on_return_survive_disassociation, "CBI-016", "NT-015 NT-009")
{
    struct execution execution = execution_at(at);
    execution.event = gate();
    at->try_submit(disassociate_simple, &execution, NULL);
    pass_gate(execution.entered);
    check(!gate_opens(execution.event, BRIEFLY), "the event was set before the callback returned");
    open_gate(execution.gate);
    pass_gate(execution.event);
}

OBSERVATION_AT_BOTH_LEVELS(a_disassociated_callback_still_occupies_its_worker, "CBI-017", "NT-015")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct execution execution = execution_at(at);
    struct job job = {0};
    at->try_submit(disassociate_simple, &execution, &environment);
    pass_gate(execution.entered);
    submit_simple(at, &job, &environment);
    check(stays(&job.calls, 0), "a second callback ran in a pool of one thread");
    leave(&execution);
    await_count(&job.returned, 1);
}

struct foreign {
    const struct level *at;
    PTP_CALLBACK_INSTANCE instance;
};

static void disassociate_from_outside(void *context)
{
    const struct foreign *foreign = context;
    foreign->at->disassociate(foreign->instance);
}

struct waiter {
    const struct level *at;
    PTP_WORK work;
    volatile LONG about_to;
    volatile LONG released;
};

static DWORD WINAPI wait_for_callbacks(void *context)
{
    struct waiter *waiter = context;
    count_up(&waiter->about_to);
    waiter->at->wait_for_work(waiter->work, FALSE);
    count_up(&waiter->released);
    return 0;
}

static void CALLBACK note_instance_of_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    note_instance(instance, context);
}

OBSERVATION_AT_BOTH_LEVELS(disassociation_from_another_thread_releases_nobody, "CBI-015", "")
{
    struct execution execution = execution_at(at);
    struct waiter waiter = {.at = at, .work = at->create_work(note_instance_of_work, &execution, NULL)};
    require(waiter.work, "no work object: error 0x%lx", why());
    at->submit(waiter.work);
    pass_gate(execution.entered);
    HANDLE thread = start_thread(wait_for_callbacks, &waiter);
    await_blocked(thread, &waiter.about_to);
    struct foreign foreign = {at, execution.instance};
    struct raised raised = attempt(disassociate_from_outside, &foreign);
    observe("raised 0x%lx", raised.code);
    check(stays(&waiter.released, 0), "a wait returned while the callback ran");
    leave(&execution);
    join_thread(thread);
    at->close_work(waiter.work);
}

OBSERVATION_AT_BOTH_LEVELS(disassociation_from_another_thread_has_no_effect, "CBI-015", "")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct execution execution = execution_at(at);
    at->try_submit(note_instance, &execution, &environment);
    pass_gate(execution.entered);
    struct foreign foreign = {at, execution.instance};
    struct raised raised = attempt(disassociate_from_outside, &foreign);
    observe("raised 0x%lx", raised.code);
    check_group_close_waits(at, group, &execution);
}
