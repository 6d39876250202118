// SPDX-License-Identifier: MIT
//
// Cleanup groups: membership, closing the members, reuse.
#include "harness/job.h"
#include "harness/suite.h"

#include <string.h>

static volatile LONG cancels;

static void CALLBACK count_cancel(void *object_context, void *cleanup_context)
{
    (void)object_context;
    (void)cleanup_context;
    count_up(&cancels);
}

static PTP_CLEANUP_GROUP new_group(const struct level *at)
{
    PTP_CLEANUP_GROUP group = at->create_group();
    require(group, "no cleanup group could be created: error 0x%lx", why());
    return group;
}

BINDING_AT_BOTH_LEVELS(groups_can_be_created_and_closed, "CG-001 CG-025 CG-026", "NT-006 NT-007")
{
    for (int i = 0; i < 1000; i++)
        at->close_group(new_group(at));
}

OBSERVATION_AT_BOTH_LEVELS(closing_the_members_of_an_empty_group_does_nothing, "CG-013", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    at->close_members(group, FALSE, NULL);
    at->close_members(group, TRUE, NULL);
    at->close_group(group);
}

struct closer {
    const struct level *at;
    PTP_CLEANUP_GROUP group;
    BOOL cancel;
    volatile LONG about_to;
    volatile LONG allowed;
    volatile LONG done;
};

static DWORD WINAPI close_the_members(void *context)
{
    struct closer *closer = context;
    count_up(&closer->about_to);
    closer->at->close_members(closer->group, closer->cancel, NULL);
    count_up(&closer->done);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_group_close_waits_for_running_callbacks, "CG-005", "NT-008")
{
    struct closer closer = {.at = at, .group = new_group(at), .cancel = TRUE};
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, closer.group, NULL);
    struct job job = gated_job();
    PTP_WORK work = work_for(at, &job, &environment);
    at->submit(work);
    pass_gate(job.entered);
    HANDLE thread = start_thread(close_the_members, &closer);
    await_blocked(thread, &closer.about_to);
    check(stays(&closer.done, 0), "the group close returned while a callback was running");
    open_gate(job.gate);
    join_thread(thread);
    check(job.returned == 1, "the group close returned before the callback");
    at->close_group(closer.group);
}

BINDING_AT_BOTH_LEVELS(a_group_close_without_cancel_lets_every_post_run, "CG-006", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool_of(at, 1), group, count_cancel);
    struct job job = {0};
    PTP_WORK work = work_for(at, &job, &environment);
    for (int i = 0; i < 3; i++)
        at->submit(work);
    at->close_members(group, FALSE, NULL);
    check(job.returned == 3, "%ld of 3 callbacks ran", job.returned);
    at->close_group(group);
}

OBSERVATION_AT_BOTH_LEVELS(a_group_close_without_cancel_calls_no_cancel_callback, "CG-022", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, count_cancel);
    struct job job = {0};
    work_for(at, &job, &environment);
    at->submit(work_for(at, &job, &environment));
    timer_for(at, &job, &environment);
    wait_for(at, &job, &environment);
    at->close_members(group, FALSE, NULL);
    observe("%ld cancel callbacks without cancel", cancels);
    check(cancels == 0, "expected none");
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_group_close_drops_queued_posts, "CG-007 CG-023", "NT-008")
{
    struct closer closer = {.at = at, .group = new_group(at), .cancel = TRUE};
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool_of(at, 1), closer.group, NULL);
    struct job running = gated_job(), queued = {0};
    at->submit(work_for(at, &running, &environment));
    pass_gate(running.entered);
    PTP_WORK work = work_for(at, &queued, &environment);
    for (int i = 0; i < 100; i++)
        at->submit(work);
    HANDLE thread = start_thread(close_the_members, &closer);
    await_blocked(thread, &closer.about_to); // by then it has dropped what is queued and waits for the running one
    open_gate(running.gate);
    join_thread(thread);
    check(running.returned == 1 && stays(&queued.calls, 0), "%ld queued callbacks ran", counted(&queued.calls));
    at->close_group(closer.group);
}

BINDING_AT_BOTH_LEVELS(a_group_can_be_used_again_after_closing_its_members, "CG-011 CG-012", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, count_cancel), copy = environment;
    for (LONG round = 1; round <= 3; round++) {
        struct job job = {0};
        at->submit(work_for(at, &job, &environment));
        at->close_members(group, FALSE, NULL);
        check(job.returned == 1, "round %ld: %ld callbacks", round, job.returned);
        check(!memcmp(&copy, &environment, sizeof copy), "the environment changed");
    }
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(a_member_closed_by_hand_has_left_the_group, "CG-003 WORK-027", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, count_cancel);
    struct job job = {0};
    at->close_work(work_for(at, &job, &environment));
    at->close_timer(timer_for(at, &job, &environment));
    at->close_wait(wait_for(at, &job, &environment));
    at->close_members(group, TRUE, NULL);
    check(cancels == 0, "%ld cancel callbacks for closed objects", cancels);
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(an_object_without_a_group_is_left_alone, "CG-004 ENV-003", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 inside = environment_in(pool, group, count_cancel), outside = environment_of(pool);
    struct job blocker = gated_job(), member = {0}, free = {0};
    PTP_WORK work = work_for(at, &free, &outside);
    work_for(at, &member, &inside);
    occupy(at, &blocker, &outside);
    at->submit(work);
    at->close_members(group, TRUE, NULL);
    check(cancels == 1, "%ld cancel callbacks for one member", cancels);
    open_gate(blocker.gate);
    at->wait_for_work(work, FALSE);
    check(free.returned == 1, "the post of an object outside the group was dropped");
    at->submit(work);
    at->wait_for_work(work, FALSE);
    check(free.returned == 2, "the object outside the group no longer works");
    at->close_work(work);
    at->close_group(group);
}

static void close_armed_members(const struct level *at, BOOL cancel)
{
    PTP_CLEANUP_GROUP group = new_group(at);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    struct job tick = {0}, signalled = {0};
    FILETIME due;
    HANDLE event = gate();
    at->set_timer(timer_for(at, &tick, &environment), due_in(&due, 20), 20, 0);
    at->set_wait(wait_for(at, &signalled, &environment), event, NULL);
    await_count(&tick.calls, 2);
    at->close_members(group, cancel, NULL);
    LONG ticks = tick.calls;
    open_gate(event);
    check(stays(&tick.calls, ticks), "the timer ticked after the group close");
    check(stays(&signalled.calls, 0), "the wait was served after the group close");
    at->close_group(group);
}

OBSERVATION_AT_BOTH_LEVELS(a_group_close_disarms_timers_and_waits, "CG-014 CG-032", "NT-008")
{
    close_armed_members(at, TRUE);
    close_armed_members(at, FALSE);
}

BINDING_AT_BOTH_LEVELS(a_group_releases_objects_nobody_kept, "CG-032 CG-008 CG-033", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    PTP_POOL pool = pool_of(at, 2);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool, group, count_cancel);
    struct job job = {0};
    FILETIME due;
    for (int i = 0; i < 10; i++)
        at->set_timer(timer_for(at, &job, &environment), due_in(&due, 1), 0, 0);
    await_count(&job.returned, 10);
    at->close_members(group, TRUE, NULL);
    check(cancels == 10, "%ld cancel callbacks for 10 timers", cancels);
    at->close_members(group, TRUE, NULL);
    check(cancels == 10, "members were released twice");
    at->close_group(group);
    at->close_pool(pool);
}

OBSERVATION_AT_BOTH_LEVELS(a_group_may_span_pools, "CG-027", "NT-008")
{
    PTP_CLEANUP_GROUP group = new_group(at);
    struct job job = {0};
    for (int i = 0; i < 3; i++) {
        TP_CALLBACK_ENVIRON_V3 environment = environment_in(i ? pool_of(at, 1) : NULL, group, count_cancel);
        at->submit(work_for(at, &job, &environment));
    }
    at->close_members(group, FALSE, NULL);
    check(job.returned == 3, "%ld of 3 callbacks ran", job.returned);
    at->close_group(group);
}

static DWORD WINAPI create_members(void *context)
{
    struct closer *closer = context;
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, closer->group, count_cancel);
    static struct job job;
    while (!counted(&closer->done)) {
        if (closer->about_to >= counted(&closer->allowed)) {
            SwitchToThread();
            continue;
        }
        count_up(&closer->about_to);
        work_for(closer->at, &job, &environment);
    }
    return 0;
}

BINDING_AT_BOTH_LEVELS(objects_may_be_created_while_their_group_is_closed, "CG-009", "NT-008")
{
    struct closer closer = {.at = at, .group = new_group(at)};
    HANDLE thread = start_thread(create_members, &closer);
    for (LONG i = 1; i <= 200; i++) {
        // Without a bound a group that is filled faster than it is closed would have more and more members to close.
        InterlockedExchange(&closer.allowed, counted(&closer.about_to) + 500);
        await_count(&closer.about_to, 20 * i);
        at->close_members(closer.group, TRUE, NULL);
    }
    count_up(&closer.done);
    join_thread(thread);
    at->close_members(closer.group, TRUE, NULL);
    check(cancels == closer.about_to, "%ld cancel callbacks for %ld members", cancels, closer.about_to);
    at->close_group(closer.group);
}

OBSERVATION_AT_BOTH_LEVELS(two_closes_of_one_group_release_nothing_twice, "CG-031", "NT-008")
{
    struct job job = {0};
    LONG made = 0;
    for (int round = 0; round < 50; round++) {
        struct closer closer = {.at = at, .group = new_group(at), .cancel = TRUE};
        TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, closer.group, count_cancel);
        for (int i = 0; i < 20; i++, made++)
            work_for(at, &job, &environment);
        HANDLE thread = start_thread(close_the_members, &closer);
        at->close_members(closer.group, TRUE, NULL);
        join_thread(thread);
        at->close_group(closer.group);
    }
    check(cancels == made, "%ld cancel callbacks for %ld members", cancels, made);
}
