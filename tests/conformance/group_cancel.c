// SPDX-License-Identifier: MIT
//
// Group cancel callbacks: for whom, on which thread, and when.
#include "harness/job.h"
#include "harness/suite.h"

// A member's context: what happened to it.
struct member {
    const struct level *at;
    volatile LONG runs;
    volatile LONG cancels;
    DWORD cancel_thread;
    void *cleanup_context;
    bool ran_before_cancel;
    HANDLE entered;
    HANDLE gate;
    volatile LONG *all_cancels;
};

static void CALLBACK on_cancel(void *object_context, void *cleanup_context)
{
    struct member *member = object_context;
    member->cancel_thread = GetCurrentThreadId();
    member->cleanup_context = cleanup_context;
    member->ran_before_cancel = counted(&member->runs) > 0;
    count_up(&member->cancels);
    if (member->all_cancels)
        count_up(member->all_cancels);
}

static void run_member(struct member *member)
{
    if (member->entered)
        open_gate(member->entered);
    if (member->gate)
        pass_gate(member->gate);
    count_up(&member->runs);
}

static void CALLBACK on_simple(PTP_CALLBACK_INSTANCE instance, void *member)
{
    (void)instance;
    run_member(member);
}

static void CALLBACK on_work(PTP_CALLBACK_INSTANCE instance, void *member, PTP_WORK work)
{
    (void)instance;
    (void)work;
    run_member(member);
}

static void CALLBACK on_timer(PTP_CALLBACK_INSTANCE instance, void *member, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    run_member(member);
}

static void CALLBACK on_wait(PTP_CALLBACK_INSTANCE instance, void *member, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    run_member(member);
}

struct blocking {
    volatile LONG cancels;
    HANDLE entered;
    volatile LONG returned;
};

static void CALLBACK wait_for_four_cancels(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct blocking *blocking = context;
    open_gate(blocking->entered);
    check(wait_until(counted(&blocking->cancels) == 4, GENEROUS),
          "%ld of 4 cancel callbacks came while the pool's only thread was blocked", counted(&blocking->cancels));
    count_up(&blocking->returned);
}

BINDING_AT_BOTH_LEVELS(each_member_is_cancelled_once_on_the_closing_thread_without_a_free_worker,
                       "CG-002 CG-015 CG-016 CG-017 CG-018 CG-020 SIMP-007", "NT-008")
{
    PTP_POOL pool = pool_of(at, 1);
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 outside = environment_of(pool), inside = environment_in(pool, group, on_cancel);
    struct blocking blocking = {.entered = gate()};
    require(at->try_submit(wait_for_four_cancels, &blocking, &outside), "refused: 0x%lx", why());
    pass_gate(blocking.entered);

    struct member members[4];
    for (int i = 0; i < 4; i++)
        members[i] = (struct member){.at = at, .all_cancels = &blocking.cancels};
    require(at->try_submit(on_simple, &members[0], &inside), "refused: 0x%lx", why());
    PTP_WORK work = at->create_work(on_work, &members[1], &inside);
    at->create_timer(on_timer, &members[2], &inside);
    at->create_wait(on_wait, &members[3], &inside);
    for (int i = 0; i < 10; i++)
        at->submit(work);
    at->close_members(group, TRUE, &blocking);

    static const char *const kinds[] = {"simple callback", "posted work", "unset timer", "unset wait"};
    for (int i = 0; i < 4; i++) {
        check(members[i].cancels == 1, "%s: %ld cancel callbacks", kinds[i], members[i].cancels);
        check(members[i].runs == 0, "%s: %ld callbacks ran", kinds[i], members[i].runs);
        check(members[i].cancel_thread == GetCurrentThreadId(), "%s: cancelled on thread %lu, closed on %lu", kinds[i],
              members[i].cancel_thread, GetCurrentThreadId());
        check(members[i].cleanup_context == &blocking, "%s: the cleanup context is %p", kinds[i],
              members[i].cleanup_context);
    }
    at->close_group(group);
    await_count(&blocking.returned, 1);
}

struct later {
    HANDLE gate;
    volatile LONG *seen;
};

static DWORD WINAPI open_a_little_later(void *context)
{
    struct later *later = context;
    stays(later->seen, 0); // the time that a cancel callback which does not wait would take
    open_gate(later->gate);
    return 0;
}

BINDING_AT_BOTH_LEVELS(the_cancel_callback_comes_after_the_running_callback, "CG-019", "NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, on_cancel);
    struct member member = {.at = at, .entered = gate(), .gate = gate()};
    PTP_WORK work = at->create_work(on_work, &member, &environment);
    at->submit(work);
    pass_gate(member.entered);
    struct later later = {member.gate, &member.cancels};
    HANDLE thread = start_thread(open_a_little_later, &later);
    at->close_members(group, TRUE, NULL);
    check(member.cancels == 1, "%ld cancel callbacks", member.cancels);
    check(member.ran_before_cancel, "the cancel callback came before the running callback was over");
    join_thread(thread);
    at->close_group(group);
}

static void CALLBACK close_work_inside(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    struct member *member = context;
    run_member(member);
    member->at->close_work(work);
}

static void CALLBACK close_timer_inside(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct member *member = context;
    run_member(member);
    member->at->close_timer(timer);
}

static void CALLBACK close_wait_inside(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait,
                                       TP_WAIT_RESULT result)
{
    (void)instance;
    (void)result;
    struct member *member = context;
    run_member(member);
    member->at->close_wait(wait);
}

static void self_close_during_group_close(const struct level *at, BOOL cancel)
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, on_cancel);
    struct member members[3];
    for (int i = 0; i < 3; i++)
        members[i] = (struct member){.at = at, .entered = gate(), .gate = gate()};
    FILETIME now;
    at->submit(at->create_work(close_work_inside, &members[0], &environment));
    at->set_timer(at->create_timer(close_timer_inside, &members[1], &environment), due_in(&now, 0), 0, 0);
    HANDLE event = gate();
    open_gate(event);
    at->set_wait(at->create_wait(close_wait_inside, &members[2], &environment), event, NULL);
    HANDLE threads[3];
    struct later later[3];
    for (int i = 0; i < 3; i++) {
        pass_gate(members[i].entered);
        later[i] = (struct later){members[i].gate, &members[i].cancels};
        threads[i] = start_thread(open_a_little_later, &later[i]);
    }
    at->close_members(group, cancel, NULL);
    static const char *const kinds[] = {"work", "timer", "wait"};
    for (int i = 0; i < 3; i++) {
        join_thread(threads[i]);
        check(members[i].runs == 1, "%s: %ld callbacks", kinds[i], members[i].runs);
        check(members[i].cancels == 0, "%s: a cancel callback came for an object that its callback closed", kinds[i]);
    }
    at->close_group(group);
}

BINDING_AT_BOTH_LEVELS(a_member_that_its_callback_closes_gets_no_cancel_callback, "CG-021 WORK-026 TMR-046 WAIT-047",
                       "NT-008")
{
    self_close_during_group_close(at, TRUE);
}

BINDING_AT_BOTH_LEVELS(a_member_may_close_itself_while_its_group_is_waited_for, "CG-021 WORK-026 TMR-046 WAIT-047",
                       "NT-008")
{
    self_close_during_group_close(at, FALSE);
}

static void CALLBACK on_other_cancel(void *object_context, void *cleanup_context)
{
    on_cancel(object_context, cleanup_context);
    ((struct member *)object_context)->runs += 100;
}

OBSERVATION_AT_BOTH_LEVELS(each_object_has_the_cancel_callback_of_its_creation, "CG-024", "NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, on_cancel);
    struct member first = {.at = at}, second = {.at = at};
    at->create_work(on_work, &first, &environment);
    environment.CleanupGroupCancelCallback = on_other_cancel;
    at->create_work(on_work, &second, &environment);
    environment.CleanupGroupCancelCallback = NULL;
    at->close_members(group, TRUE, NULL);
    check(first.cancels == 1 && first.runs == 0, "the first object did not get its own cancel callback");
    check(second.cancels == 1 && second.runs == 100, "the second object did not get its own cancel callback");
    at->close_group(group);
}
