// SPDX-License-Identifier: MIT
//
// Simple callbacks.
#include "harness/job.h"
#include "harness/suite.h"

struct seen {
    PTP_CALLBACK_INSTANCE instance;
    void *context;
    HANDLE done;
};

static void CALLBACK note_arguments(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct seen *seen = context;
    seen->instance = instance;
    seen->context = context;
    open_gate(seen->done);
}

BINDING_AT_BOTH_LEVELS(a_simple_callback_gets_an_instance_and_its_context, "SIMP-001 SIMP-002 ST-007", "NT-016")
{
    struct seen seen = {.done = gate()};
    check(at->try_submit(note_arguments, &seen, NULL), "refused: 0x%lx", why());
    pass_gate(seen.done);
    check(seen.instance && seen.context == &seen, "instance %p, context %p", (void *)seen.instance, seen.context);
}

BINDING_AT_BOTH_LEVELS(a_hundred_thousand_simple_callbacks_each_run_once, "SIMP-001 SIMP-002", "NT-016")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 4));
    struct job job = {0};
    for (int i = 0; i < 100000; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 100000);
    check(stays(&job.calls, 100000), "%ld calls", job.calls);
}

BINDING_AT_BOTH_LEVELS(a_group_close_waits_for_simple_callbacks, "SIMP-005 CG-005 CG-006", "NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool_of(at, 2), group, NULL);
    struct job job = {0};
    for (int i = 0; i < 1000; i++)
        submit_simple(at, &job, &environment);
    at->close_members(group, FALSE, NULL);
    check(job.returned == 1000, "the close returned after %ld of 1000 callbacks", job.returned);
    at->close_group(group);
}

struct cancelled {
    volatile LONG calls;
    void *cleanup_context;
};
static struct cancelled cancelled;

static void CALLBACK note_cancel(void *object_context, void *cleanup_context)
{
    struct job *job = object_context;
    count_up(&job->mark);
    count_up(&cancelled.calls);
    cancelled.cleanup_context = cleanup_context;
}

struct opener {
    HANDLE gate;
    HANDLE closing_thread;
    volatile LONG about_to;
};

// Opens the gate once the other thread waits in the group close: by then it has dropped what is queued.
static DWORD WINAPI open_when_it_waits(void *context)
{
    struct opener *opener = context;
    await_blocked(opener->closing_thread, &opener->about_to);
    open_gate(opener->gate);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_cancelling_group_close_drops_simple_callbacks_that_have_not_begun,
                       "SIMP-006 SIMP-007 SIMP-008 CG-007 CG-015", "NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool_of(at, 1), group, note_cancel);
    struct job running = gated_job(), over = {0}, queued[9] = {{0}};
    submit_simple(at, &over, &environment);
    await_count(&over.returned, 1);
    occupy(at, &running, &environment);
    for (int i = 0; i < 9; i++)
        submit_simple(at, &queued[i], &environment);
    struct opener opener = {.gate = running.gate};
    require(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &opener.closing_thread, 0,
                            FALSE, DUPLICATE_SAME_ACCESS),
            "no handle of this thread: error %lu", GetLastError());
    HANDLE thread = start_thread(open_when_it_waits, &opener);
    count_up(&opener.about_to);
    at->close_members(group, TRUE, &environment);
    check(counted(&running.returned) == 1, "the close returned before the running callback");
    join_thread(thread);
    for (int i = 0; i < 9; i++)
        check(queued[i].calls == 0 && queued[i].mark == 1, "queued callback %d ran %ld times, its cancel callback %ld",
              i, queued[i].calls, queued[i].mark);
    check(over.mark == 0, "a finished simple callback got a cancel callback");
    check(running.mark == 0, "a running simple callback got a cancel callback");
    check(cancelled.cleanup_context == &environment, "the cleanup context is %p", cancelled.cleanup_context);
    at->close_group(group);
}

OBSERVATION_AT_BOTH_LEVELS(finished_simple_callbacks_leave_their_group, "SIMP-011", "NT-007")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, note_cancel);
    struct job job = {0};
    for (int i = 0; i < 1000; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 1000);
    at->close_members(group, FALSE, NULL);
    at->close_members(group, TRUE, NULL);
    check(cancelled.calls == 0, "%ld cancel callbacks for finished simple callbacks", cancelled.calls);
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(a_group_close_leaves_simple_callbacks_of_nobody_alone, "SIMP-011 CG-008", "NT-007 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 members = environment_in(pool, group, note_cancel), others = environment_of(pool);
    struct job done = {0}, gated = gated_job(), queued = {0};
    for (int i = 0; i < 1000; i++)
        submit_simple(at, &done, &members);
    await_count(&done.returned, 1000);
    occupy(at, &gated, &others);
    for (int i = 0; i < 1000; i++) // where those were that are over, as likely as not
        submit_simple(at, &queued, &others);
    at->close_members(group, TRUE, NULL);
    open_gate(gated.gate);
    await_count(&queued.returned, 1000);
    check(cancelled.calls == 0, "%ld cancel callbacks for finished simple callbacks", cancelled.calls);
    at->close_group(group);
}
