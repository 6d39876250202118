// SPDX-License-Identifier: MIT
//
// A pool's threads: how many there may be, when there are more, and what they look like.
#include "harness/job.h"
#include "harness/suite.h"

BINDING_AT_BOTH_LEVELS(the_maximum_bounds_how_many_callbacks_overlap, "POOL-010", "NT-003")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 4));
    struct overlap overlap = {0};
    struct job blocker = gated_job();
    blocker.overlap = &overlap;
    for (int i = 0; i < 50; i++)
        submit_simple(at, &blocker, &environment);
    await_count(&blocker.calls, 4);
    check(stays(&blocker.calls, 4), "%ld callbacks run at once in a pool of at most 4", counted(&blocker.calls));
    open_gate(blocker.gate);
    await_count(&blocker.returned, 50);
    check(overlap.peak == 4, "at most 4 callbacks may overlap, %ld did", overlap.peak);
}

BINDING_AT_BOTH_LEVELS(callbacks_of_a_pool_of_one_never_overlap, "POOL-011 POOL-026", "NT-003")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct overlap overlap = {0};
    struct job job = {.overlap = &overlap};
    PTP_WORK work = work_for(at, &job, &environment);
    for (int i = 0; i < 100; i++) {
        at->submit(work);
        submit_simple(at, &job, &environment);
    }
    await_count(&job.returned, 200);
    check(overlap.peak == 1, "%ld callbacks overlapped", overlap.peak);
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}

OBSERVATION_AT_BOTH_LEVELS(raising_the_maximum_starts_what_is_queued, "POOL-012", "NT-003")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocker = gated_job(), job = {0};
    struct meeting meeting = meeting_of(5);
    job.meeting = &meeting;
    occupy(at, &blocker, &environment);
    for (int i = 0; i < 5; i++)
        submit_simple(at, &job, &environment);
    at->pool_maximum(pool, 6);
    await_count(&job.returned, 5);
    check(counted(&blocker.returned) == 0, "the blocked callback has returned");
    open_gate(blocker.gate);
    await_count(&blocker.returned, 1);
}

OBSERVATION_AT_BOTH_LEVELS(lowering_the_maximum_loses_nothing_and_then_holds, "POOL-013", "NT-003")
{
    PTP_POOL pool = pool_of(at, 8);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocker = gated_job(), job = {0};
    struct overlap overlap = {0};
    for (int i = 0; i < 8; i++)
        submit_simple(at, &blocker, &environment);
    await_count(&blocker.calls, 8);
    at->pool_maximum(pool, 2);
    open_gate(blocker.gate);
    await_count(&blocker.returned, 8);
    // Those that are still on their way home may each take one more.
    for (int i = 0; i < 100; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 100);
    struct job later = gated_job();
    later.overlap = &overlap;
    for (int i = 0; i < 10; i++)
        submit_simple(at, &later, &environment);
    await_count(&later.calls, 2);
    check(stays(&later.calls, 2), "%ld callbacks run at once after the maximum fell to 2", counted(&later.calls));
    open_gate(later.gate);
    await_count(&later.returned, 10);
}

OBSERVATION_AT_BOTH_LEVELS(a_maximum_of_zero_still_makes_progress, "POOL-014", "NT-003")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 0));
    struct job job = {0};
    submit_simple(at, &job, &environment);
    bool ran = wait_until(counted(&job.returned) == 1, GENEROUS);
    observe("with a maximum of 0 the callback %s", ran ? "ran" : "did not run");
    check(ran, "no callback ran");
}

static void check_one_thread(const struct level *at, PTP_POOL pool)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocker = gated_job();
    for (int i = 0; i < 3; i++)
        submit_simple(at, &blocker, &environment);
    await_count(&blocker.calls, 1);
    check(stays(&blocker.calls, 1), "%ld callbacks run at once", counted(&blocker.calls));
    open_gate(blocker.gate);
    await_count(&blocker.returned, 3);
}

OBSERVATION_AT_BOTH_LEVELS(one_and_one_in_either_order_is_a_pool_of_one, "POOL-015", "NT-003 NT-004")
{
    PTP_POOL first = at->create_pool(), second = at->create_pool();
    at->pool_maximum(first, 1);
    check(at->pool_minimum(first, 1), "minimum 1 after maximum 1 failed: 0x%lx", why());
    check(at->pool_minimum(second, 1), "minimum 1 failed: 0x%lx", why());
    at->pool_maximum(second, 1);
    check_one_thread(at, first);
    check_one_thread(at, second);
}

OBSERVATION_AT_BOTH_LEVELS(a_minimum_above_the_maximum_raises_it, "POOL-020", "NT-004")
{
    PTP_POOL pool = pool_of(at, 2);
    bool done = at->pool_minimum(pool, 4);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job blocker = gated_job();
    for (int i = 0; i < 8; i++)
        submit_simple(at, &blocker, &environment);
    await_count(&blocker.calls, 2);
    wait_until(counted(&blocker.calls) >= 4, GENEROUS / 2);
    wait_until(counted(&blocker.calls) > 4, BRIEFLY * 5);
    observe("maximum 2, then minimum 4: %s, and %ld callbacks run at once", done ? "accepted" : "refused",
            counted(&blocker.calls));
    check(counted(&blocker.calls) == 4 && done, "expected that 4 run at once");
    open_gate(blocker.gate);
    await_count(&blocker.returned, 8);
}

BINDING_AT_BOTH_LEVELS(setting_a_minimum_succeeds_and_that_many_are_available, "POOL-016 POOL-017", "NT-004")
{
    PTP_POOL pool = at->create_pool();
    check(at->pool_minimum(pool, 1), "minimum 1 failed: 0x%lx", why());
    check(at->pool_minimum(pool, 4), "minimum 4 failed: 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct meeting meeting = meeting_of(4);
    struct job job = {.meeting = &meeting};
    for (int i = 0; i < 4; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 4);
}

OBSERVATION_AT_NT_LEVEL(the_nt_function_for_the_minimum_gives_a_status, "NT-004")
{
    PTP_POOL pool = pool_of(&nt_level, 4);
    NTSTATUS status = api.TpSetPoolMinThreads(pool, 2);
    observe("TpSetPoolMinThreads gives 0x%lx", status);
    check(status == 0, "expected STATUS_SUCCESS, which is 0");
}

OBSERVATION_AT_BOTH_LEVELS(minimum_threads_are_started_at_once, "POOL-017", "NT-004")
{
    PTP_POOL pool = pool_of(at, 8);
    int before = thread_count();
    at->pool_minimum(pool, 4);
    bool eager = wait_until(thread_count() >= before + 4, GENEROUS / 2);
    observe("a minimum of 4 brought %d threads", thread_count() - before);
    check(eager, "expected 4 threads");
}

BINDING_AT_BOTH_LEVELS(a_pool_of_one_and_one_keeps_its_thread, "POOL-018 POOL-019", "NT-003 NT-004")
{
    PTP_POOL pool = pool_of(at, 1);
    require(at->pool_minimum(pool, 1), "minimum 1 failed: 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct job job = {0};
    LONG thread = 0;
    for (int i = 1; i <= 100; i++) {
        if (i == 50)
            Sleep(7000); // longer than the idle timeout of the pools that are known
        submit_simple(at, &job, &environment);
        await_count(&job.returned, i);
        if (thread && job.thread != thread)
            check(false, "callback %d ran on another thread than those before", i);
        thread = job.thread;
    }
}

OBSERVATION_AT_BOTH_LEVELS(workers_above_the_minimum_retire_when_idle, "POOL-022 POOL-023 POOL-009", "")
{
    PTP_POOL pool = pool_of(at, 30);
    at->pool_minimum(pool, 4);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct meeting meeting = meeting_of(20);
    struct job job = {.meeting = &meeting};
    for (int i = 0; i < 20; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 20);
    int peak = thread_count();
    at->pool_minimum(pool, 1);
    double start = milliseconds();
    bool fewer = wait_until(thread_count() < peak - 10, 50000);
    remark("%d threads at the peak, %d after %.0f s", peak, thread_count(), (milliseconds() - start) / 1000);
    check(fewer, "no worker has retired");
}

BINDING_AT_BOTH_LEVELS(blocked_callbacks_bring_more_workers, "POOL-025 POOL-026", "")
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    struct meeting meeting = meeting_of(4 * (LONG)system.dwNumberOfProcessors);
    struct job job = {.meeting = &meeting};
    for (LONG i = 0; i < meeting.wanted; i++)
        submit_simple(at, &job, NULL);
    await_count(&job.returned, meeting.wanted);
}

struct full_house {
    volatile LONG inside;
    volatile LONG left;
    HANDLE gate;
};

// Waits as long as it takes: on a busy machine the last thread comes long after the first.
static void CALLBACK stay_inside(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct full_house *house = context;
    count_up(&house->inside);
    WaitForSingleObject(house->gate, INFINITE);
    count_up(&house->left);
}

OBSERVATION_AT_BOTH_LEVELS(a_pool_has_500_to_512_threads_unless_told_otherwise, "POOL-008 CBI-003", "")
{
    static struct full_house house;
    PTP_POOL pool = at->create_pool();
    TP_POOL_STACK_INFORMATION small = {65536, 4096};
    at->pool_set_stack(pool, &small);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    environment.u.s.LongFunction = 1;
    house.gate = gate();
    for (int i = 0; i < 600; i++)
        require(at->try_submit(stay_inside, &house, &environment), "refused: 0x%lx", why());
    wait_until(counted(&house.inside) >= 500, 3 * GENEROUS);
    wait_until(counted(&house.inside) >= 512, GENEROUS / 4);
    wait_until(counted(&house.inside) > 512, 1000);
    LONG most = counted(&house.inside);
    observe("%ld of 600 blocking callbacks run at once", most);
    check(most >= 500 && most <= 512, "expected 500 to 512, not %ld", most);
    open_gate(house.gate);
    check(wait_until(counted(&house.left) == 600, 2 * GENEROUS), "only %ld of 600 callbacks returned",
          counted(&house.left));
}

static void CALLBACK collect_thread(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    order_note(context, (LONG)GetCurrentThreadId());
}

BINDING_AT_BOTH_LEVELS(one_worker_runs_many_callbacks, "POOL-027", "")
{
    static struct order threads;
    PTP_WORK work = at->create_work(collect_thread, &threads, NULL);
    for (int i = 0; i < 1000; i++) {
        at->submit(work);
        if (i % 100 == 99)
            at->wait_for_work(work, FALSE);
    }
    int distinct = 0;
    for (LONG i = 0; i < threads.count; i++) {
        LONG earlier = 0;
        while (threads.entry[earlier] != threads.entry[i])
            earlier++;
        distinct += earlier == i;
    }
    remark("1000 callbacks ran on %d threads", distinct);
    check(threads.count == 1000 && distinct < 1000, "%ld callbacks ran on %d threads", threads.count, distinct);
    at->close_work(work);
}

struct appearance {
    int priority;
    SIZE_T reserve;
    HANDLE seen;
    HANDLE gate; // passed before the callback returns, if not NULL
};

static SIZE_T stack_reserve(void)
{
    ULONG_PTR low, high;
    GetCurrentThreadStackLimits(&low, &high);
    return high - low;
}

static void CALLBACK look_at_thread(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct appearance *appearance = context;
    appearance->priority = GetThreadPriority(GetCurrentThread());
    appearance->reserve = stack_reserve();
    HANDLE gate_to_pass = appearance->gate;
    open_gate(appearance->seen); // without a gate the appearance may be gone from here on
    if (gate_to_pass)
        pass_gate(gate_to_pass);
}

static struct appearance look(const struct level *at, TP_CALLBACK_ENVIRON_V3 *environment)
{
    struct appearance appearance = {.seen = gate()};
    require(at->try_submit(look_at_thread, &appearance, environment), "refused: 0x%lx", why());
    pass_gate(appearance.seen);
    return appearance;
}

static const IMAGE_OPTIONAL_HEADER *program_header(void)
{
    const char *base = (const char *)GetModuleHandleA(NULL);
    const IMAGE_NT_HEADERS *nt = (const void *)(base + ((const IMAGE_DOS_HEADER *)(const void *)base)->e_lfanew);
    return &nt->OptionalHeader;
}

BINDING_AT_BOTH_LEVELS(workers_have_normal_priority_and_the_programs_stack, "POOL-028 POOL-029", "")
{
    struct appearance worker = look(at, NULL);
    check(worker.priority == THREAD_PRIORITY_NORMAL, "the priority is %d", worker.priority);
    SIZE_T wanted = program_header()->SizeOfStackReserve;
    check(worker.reserve >= wanted && worker.reserve < wanted + 0x20000,
          "the stack has 0x%zx bytes, the program asks for 0x%zx", worker.reserve, wanted);
}

OBSERVATION_AT_BOTH_LEVELS(a_high_priority_callback_has_a_normal_thread, "ENV-017", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.CallbackPriority = TP_CALLBACK_PRIORITY_HIGH;
    int priority = look(at, &environment).priority;
    check(priority == THREAD_PRIORITY_NORMAL, "the priority is %d", priority);
}

BINDING_AT_BOTH_LEVELS(stack_information_is_for_later_workers, "POOL-038 POOL-039", "NT-005")
{
    PTP_POOL pool = pool_of(at, 2);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    static struct appearance first;
    first = (struct appearance){.seen = gate(), .gate = gate()};
    require(at->try_submit(look_at_thread, &first, &environment), "refused: 0x%lx", why());
    pass_gate(first.seen);
    TP_POOL_STACK_INFORMATION large = {program_header()->SizeOfStackReserve + (4 << 20), 65536};
    check(at->pool_set_stack(pool, &large), "the stack could not be set: 0x%lx", why());
    SIZE_T second = look(at, &environment).reserve;
    check(first.reserve < large.StackReserve, "the first worker has 0x%zx bytes", first.reserve);
    check(second >= large.StackReserve, "the second worker has 0x%zx bytes instead of 0x%zx", second,
          large.StackReserve);
    open_gate(first.gate);
    at->close_pool(pool);
}

BINDING_AT_BOTH_LEVELS(stack_information_is_stored_as_it_is, "POOL-039 POOL-040 POOL-041", "NT-005")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_POOL_STACK_INFORMATION one = {1, 1}, got = {0};
    check(at->pool_set_stack(pool, &one), "reserve 1 and commit 1 were refused: 0x%lx", why());
    check(at->pool_query_stack(pool, &got), "the query failed: 0x%lx", why());
    check(got.StackReserve == 1 && got.StackCommit == 1, "1, 1 came back as 0x%zx, 0x%zx", got.StackReserve,
          got.StackCommit);
}

BINDING_AT_BOTH_LEVELS(a_fresh_pool_reports_the_programs_stack, "POOL-041 POOL-042", "NT-005")
{
    TP_POOL_STACK_INFORMATION got = {0};
    check(at->pool_query_stack(pool_of(at, 1), &got), "the query failed: 0x%lx", why());
    const IMAGE_OPTIONAL_HEADER *header = program_header();
    check(got.StackReserve == header->SizeOfStackReserve, "the reserve is 0x%zx", got.StackReserve);
    check(got.StackCommit == header->SizeOfStackCommit, "the commit is 0x%zx", got.StackCommit);
}

static void query_into_nothing(void *pool)
{
    SetLastError(0);
    BOOL done = api.QueryThreadpoolStackInformation(pool, NULL);
    observe("a query into NULL gives %d, error %lu", done, GetLastError());
    check(!done && GetLastError() == ERROR_INVALID_PARAMETER, "expected FALSE and ERROR_INVALID_PARAMETER");
}

OBSERVATION(stack_information_at_null_is_refused, "POOL-043")
{
    struct raised raised = attempt(query_into_nothing, pool_of(&win32_level, 1));
    if (raised.happened)
        observe("raised 0x%08lx", raised.code);
}

static void tp_query_into_nothing(void *pool)
{
    NTSTATUS status = api.TpQueryPoolStackInformation(pool, NULL);
    observe("a query into NULL gives status 0x%lx", status);
    check(status == (NTSTATUS)0xC000000D, "expected STATUS_INVALID_PARAMETER");
}

OBSERVATION_AT_NT_LEVEL(tp_query_of_stack_information_at_null_is_refused, "POOL-043")
{
    struct raised raised = attempt(tp_query_into_nothing, pool_of(&nt_level, 1));
    if (raised.happened) {
        observe("raised 0x%08lx", raised.code);
        check(false, "expected STATUS_INVALID_PARAMETER");
    }
}
