// SPDX-License-Identifier: MIT
//
// What happens to wrong arguments and to objects that are gone.
#include "harness/job.h"
#include "harness/suite.h"

#include <string.h>

#define INVALID_PARAMETER_STATUS 0xC000000D

struct use {
    const struct level *at;
    void *object;
};

static void submit_it(void *context)
{
    const struct use *use = context;
    use->at->submit(use->object);
}

static void close_it(void *context)
{
    const struct use *use = context;
    use->at->close_work(use->object);
}

static void wait_for_it(void *context)
{
    const struct use *use = context;
    use->at->wait_for_work(use->object, FALSE);
}

static void set_it(void *context)
{
    const struct use *use = context;
    use->at->set_timer(use->object, NULL, 0, 0);
}

static void close_its_members(void *context)
{
    const struct use *use = context;
    use->at->close_members(use->object, FALSE, NULL);
}

static void close_it_as_timer(void *context)
{
    const struct use *use = context;
    use->at->close_timer(use->object);
}

static void close_it_as_pool(void *context)
{
    const struct use *use = context;
    use->at->close_pool(use->object);
}

static void *released_work(const struct level *at, struct job *job)
{
    PTP_CLEANUP_GROUP group = at->create_group();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    PTP_WORK work = work_for(at, job, &environment);
    at->submit(work);
    at->close_members(group, FALSE, NULL);
    return work;
}

BINDING_AT_BOTH_LEVELS(posting_a_member_that_its_group_released_raises, "WORK-013 CG-010", "")
{
    struct job job = {0};
    struct use use = {at, released_work(at, &job)};
    struct raised raised = attempt(submit_it, &use);
    check(raised.happened, "nothing was raised");
    observe("raised 0x%lx", raised.code);
}

OBSERVATION_AT_BOTH_LEVELS(gone_objects_raise_invalid_parameter, "EXC-007 EXC-017 WORK-028 CG-010", "")
{
    struct job job = {0};
    struct use use = {at, released_work(at, &job)};
    expect_raise(INVALID_PARAMETER_STATUS, submit_it, &use);
    expect_raise(INVALID_PARAMETER_STATUS, wait_for_it, &use);
    expect_raise(INVALID_PARAMETER_STATUS, close_it, &use);
    use.object = work_for(at, &job, NULL);
    at->close_work(use.object);
    expect_raise(INVALID_PARAMETER_STATUS, close_it, &use);
    expect_raise(INVALID_PARAMETER_STATUS, submit_it, &use);
}

static void check_not_silent(const char *what, void (*call)(void *), struct use *use)
{
    struct raised raised = attempt(call, use);
    observe("%s: raised 0x%lx", what, raised.code);
    check(raised.happened, "%s is silently accepted", what);
}

OBSERVATION_AT_BOTH_LEVELS(null_objects_are_not_silently_accepted, "EXC-016", "")
{
    struct use use = {at, NULL};
    check_not_silent("a post of NULL", submit_it, &use);
    check_not_silent("a wait for NULL", wait_for_it, &use);
    check_not_silent("a close of NULL", close_it, &use);
    check_not_silent("setting NULL", set_it, &use);
    check_not_silent("closing the members of NULL", close_its_members, &use);
    check_not_silent("closing NULL as a timer", close_it_as_timer, &use);
    check_not_silent("closing NULL as a pool", close_it_as_pool, &use);
}

OBSERVATION_AT_BOTH_LEVELS(objects_of_another_kind_are_not_silently_accepted, "EXC-018", "")
{
    struct job job = {0};
    struct use use = {at, timer_for(at, &job, NULL)};
    check_not_silent("a post of a timer", submit_it, &use);
    use.object = work_for(at, &job, NULL);
    check_not_silent("setting a work object as a timer", set_it, &use);
    check_not_silent("closing a work object as a pool", close_it_as_pool, &use);
}

OBSERVATION(statuses_become_the_known_errors, "EXC-005 EXC-021")
{
    ULONG(NTAPI * convert)(NTSTATUS);
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlNtStatusToDosError");
    memcpy(&convert, &address, sizeof convert);
    static const struct {
        DWORD status, error;
    } known[] = {{0xC0000017, 8},    {0xC000000D, 87},  {0xC0000008, 6}, {0x00000103, 997},
                 {0xC000009A, 1450}, {0xC0000129, 565}, {0xC000070A, 6}, {0xC000070B, 6},
                 {0xC000070C, 6},    {0xC000070D, 6},   {0xC000070E, 6}, {0xC000070F, 6}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        check(convert((NTSTATUS)known[i].status) == known[i].error, "0x%lx becomes %lu instead of %lu", known[i].status,
              convert((NTSTATUS)known[i].status), known[i].error);
}

// Programs have no handle of the default pool: NULL stands for it in an environment, and nowhere else.
OBSERVATION_AT_BOTH_LEVELS(the_default_pool_cannot_be_closed, "POOL-037", "NT-002")
{
    struct use use = {at, NULL};
    struct job job = {0};
    submit_simple(at, &job, NULL);
    await_count(&job.returned, 1);
    struct raised raised = attempt(close_it_as_pool, &use);
    remark("closing NULL raised 0x%lx", raised.code);
    submit_simple(at, &job, NULL);
    check(wait_until(counted(&job.returned) == 2, GENEROUS), "no callback runs after the attempt");
}

OBSERVATION(successful_calls_leave_the_last_error_alone, "EXC-020")
{
    struct job job = {0};
    FILETIME now;
    SetLastError(0xdeadbeef);
#define UNTOUCHED(call)                                                                                                \
    call;                                                                                                              \
    check(GetLastError() == 0xdeadbeef, "%s left error %lu", #call, GetLastError());                                   \
    SetLastError(0xdeadbeef)
    UNTOUCHED(PTP_POOL pool = api.CreateThreadpool(NULL));
    UNTOUCHED(PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup());
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool, group, NULL);
    UNTOUCHED(PTP_WORK work = api.CreateThreadpoolWork(work_job, &job, &environment));
    UNTOUCHED(PTP_TIMER timer = api.CreateThreadpoolTimer(timer_job, &job, &environment));
    UNTOUCHED(PTP_WAIT wait = api.CreateThreadpoolWait(wait_job, &job, &environment));
    UNTOUCHED(api.SubmitThreadpoolWork(work));
    UNTOUCHED(api.TrySubmitThreadpoolCallback(simple_job, &job, &environment));
    UNTOUCHED(api.SetThreadpoolTimer(timer, due_in(&now, 0), 0, 0));
    UNTOUCHED(api.WaitForThreadpoolWorkCallbacks(work, FALSE));
    UNTOUCHED(api.WaitForThreadpoolTimerCallbacks(timer, FALSE));
    UNTOUCHED(api.CloseThreadpoolWait(wait));
    UNTOUCHED(api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL));
    UNTOUCHED(api.CloseThreadpoolCleanupGroup(group));
    UNTOUCHED(api.CloseThreadpool(pool));
}
