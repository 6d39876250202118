// SPDX-License-Identifier: MIT
//
// Callback environments: their fields, when they are read, and which are refused.
#include "harness/job.h"
#include "harness/suite.h"

#include <stddef.h>
#include <string.h>

#ifdef _WIN64
_Static_assert(sizeof(struct environment_v1) == 64 && sizeof(TP_CALLBACK_ENVIRON_V3) == 72, "ST-001, ST-002");
_Static_assert(offsetof(TP_CALLBACK_ENVIRON_V3, CallbackPriority) == 60, "ST-002");
#else
_Static_assert(sizeof(struct environment_v1) == 32 && sizeof(TP_CALLBACK_ENVIRON_V3) == 40, "ST-001, ST-002");
#endif
_Static_assert(TP_CALLBACK_PRIORITY_HIGH == 0 && TP_CALLBACK_PRIORITY_NORMAL == 1 && TP_CALLBACK_PRIORITY_LOW == 2, "");
_Static_assert(sizeof(TP_POOL_STACK_INFORMATION) == 2 * sizeof(SIZE_T), "ST-004");

BINDING(an_initialised_environment_has_the_defaults, "ENV-001 ENV-002 ENV-004 ST-001 ST-002 ST-003 ST-004 ST-006")
{
    TP_CALLBACK_ENVIRON_V3 environment, copy;
    memset(&environment, 0xCC, sizeof environment);
    InitializeThreadpoolEnvironment(&environment);
    check(environment.Version == 3, "the version is %lu", environment.Version);
    check(!environment.Pool && !environment.CleanupGroup && !environment.CleanupGroupCancelCallback &&
              !environment.RaceDll && !environment.ActivationContext && !environment.FinalizationCallback,
          "a pointer is set");
    check(environment.u.Flags == 0, "the flags are 0x%lx", environment.u.Flags);
    check(environment.CallbackPriority == TP_CALLBACK_PRIORITY_NORMAL, "the priority is %d",
          (int)environment.CallbackPriority);
    check(environment.Size == sizeof environment, "the size is %lu", environment.Size);
    memcpy(&copy, &environment, sizeof copy);
    DestroyThreadpoolEnvironment(&environment);
    check(!memcmp(&copy, &environment, sizeof copy), "destroying it changed it");
}

BINDING(the_setters_of_an_environment_write_their_fields, "ENV-009 ENV-010 ENV-011 ENV-013 ENV-014 ENV-026 ENV-028")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    void *value = &environment;
    SetThreadpoolCallbackPool(&environment, value);
    SetThreadpoolCallbackCleanupGroup(&environment, value, value);
    SetThreadpoolCallbackLibrary(&environment, value);
    SetThreadpoolCallbackPriority(&environment, TP_CALLBACK_PRIORITY_LOW);
    check(environment.Pool == value && environment.CleanupGroup == value && environment.RaceDll == value &&
              (void *)environment.CleanupGroupCancelCallback == value &&
              environment.CallbackPriority == TP_CALLBACK_PRIORITY_LOW,
          "a field is not what was set");
    SetThreadpoolCallbackRunsLong(&environment);
    check(environment.u.Flags == 1, "the long flag is 0x%lx", environment.u.Flags);
    TpSetCallbackPersistent(&environment);
    check(environment.u.Flags == 3, "with the persistent flag it is 0x%lx", environment.u.Flags);
    TpSetCallbackNoActivationContext(&environment);
    check((LONG_PTR)environment.ActivationContext == -1, "no activation context is not -1");
    TpSetCallbackFinalizationCallback(&environment, value);
    check((void *)environment.FinalizationCallback == value, "the finalization callback is not stored");
}

// ---- When it is read -----------------------------------------------------------------------------------------

BINDING_AT_BOTH_LEVELS(an_environment_may_be_destroyed_after_creation, "ENV-005 ENV-006 ENV-008", "")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool), other = environment_of(pool);
    struct job blocker = gated_job(), job = {0};
    PTP_WORK work = work_for(at, &job, &environment);
    DestroyThreadpoolEnvironment(&environment);
    memset(&environment, 0xCC, sizeof environment);
    occupy(at, &blocker, &other);
    at->submit(work);
    // If the work belonged to another pool now, nothing would hold it back.
    check(stays(&job.calls, 0), "the callback did not run in the pool that its environment named at creation");
    open_gate(blocker.gate);
    at->wait_for_work(work, FALSE);
    check(job.calls == 1, "%ld callbacks ran", job.calls);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(a_pool_in_the_environment_is_used_and_none_means_the_default, "ENV-008 POOL-001", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1)), none = plain_environment();
    struct job blocker = gated_job(), inside = {0}, outside = {0};
    occupy(at, &blocker, &environment);
    PTP_WORK in = work_for(at, &inside, &environment), out = work_for(at, &outside, &none);
    at->submit(in);
    at->submit(out);
    at->wait_for_work(out, FALSE);
    check(outside.calls == 1 && counted(&inside.calls) == 0, "%ld outside and %ld inside", outside.calls,
          counted(&inside.calls));
    open_gate(blocker.gate);
    at->wait_for_work(in, FALSE);
    check(inside.calls == 1, "%ld callbacks ran in the pool", inside.calls);
}

// ---- What is accepted and refused ----------------------------------------------------------------------------

// Tries to create one of each kind; gives how many were accepted and checks the reason of each refusal.
static int accepted_kinds(const struct level *at, void *environment, struct job *job)
{
    static const char *const kinds[] = {"work", "timer", "wait", "simple callback"};
    DWORD refusal = at->native ? 0xC000000D : ERROR_INVALID_PARAMETER;
    int accepted = 0;
    for (int kind = 0; kind < 4; kind++) {
        SetLastError(0);
        bool made = kind == 0   ? at->create_work(work_job, job, environment) != NULL
                    : kind == 1 ? at->create_timer(timer_job, job, environment) != NULL
                    : kind == 2 ? at->create_wait(wait_job, job, environment) != NULL
                                : at->try_submit(simple_job, job, environment);
        accepted += made;
        check(made || why() == refusal, "a %s was refused with 0x%lx instead of 0x%lx", kinds[kind], why(), refusal);
    }
    return accepted;
}

BINDING_AT_BOTH_LEVELS(versions_1_and_3_are_accepted_for_every_kind, "ENV-020", "NT-016")
{
    TP_CALLBACK_ENVIRON_V3 third = plain_environment();
    struct environment_v1 first = {.Version = 1};
    struct job job = {0};
    check(accepted_kinds(at, &third, &job) == 4, "a kind was refused with version 3");
    check(accepted_kinds(at, &first, &job) == 4, "a kind was refused with version 1");
    await_count(&job.returned, 2);
}

BINDING_AT_BOTH_LEVELS(an_unknown_version_is_refused, "ENV-019 SIMP-004", "NT-016")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    struct job job = {0};
    environment.Version = 9999;
    check(accepted_kinds(at, &environment, &job) == 0, "a kind was accepted with version 9999");
    struct job later = {0};
    submit_simple(at, &later, NULL);
    await_count(&later.calls, 1);
    check(stays(&job.calls, 0), "the refused callback ran");
}

BINDING_AT_BOTH_LEVELS(a_priority_out_of_range_is_refused, "ENV-018 ST-003", "NT-016")
{
    static const int priorities[] = {3, 10, -1};
    struct job job = {0};
    for (int i = 0; i < 3; i++) {
        TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
        environment.CallbackPriority = (TP_CALLBACK_PRIORITY)priorities[i];
        int accepted = accepted_kinds(at, &environment, &job);
        check(accepted == 0, "%d of 4 kinds were accepted with priority %d", accepted, priorities[i]);
    }
    check(stays(&job.calls, 0), "a refused callback ran");
}

OBSERVATION_AT_BOTH_LEVELS(versions_0_and_2_are_refused, "ENV-023", "")
{
    struct job job = {0};
    for (DWORD version = 0; version <= 2; version += 2) {
        TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
        environment.Version = version;
        int accepted = accepted_kinds(at, &environment, &job);
        observe("version %lu: %d of 4 kinds are accepted", version, accepted);
        check(accepted == 0, "expected that none is");
        await_count(&job.returned, accepted == 4 ? 1 : 0);
        job = (struct job){0};
    }
}

OBSERVATION_AT_BOTH_LEVELS(a_wrong_size_is_refused, "ENV-024", "")
{
    static const DWORD sizes[] = {0, 8, 0x7fffffff};
    struct job job = {0};
    for (int i = 0; i < 3; i++) {
        TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
        environment.Size = sizes[i];
        int accepted = accepted_kinds(at, &environment, &job);
        observe("size 0x%lx: %d of 4 kinds are accepted", sizes[i], accepted);
        check(accepted == 0, "expected that none is");
        await_count(&job.returned, accepted == 4 ? 1 : 0);
        job = (struct job){0};
    }
}

OBSERVATION_AT_BOTH_LEVELS(private_flags_are_accepted, "ENV-025", "")
{
    struct job job = {0};
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.u.Flags = 0x80000000;
    int accepted = accepted_kinds(at, &environment, &job);
    observe("bit 31 of the flags: %d of 4 kinds are accepted", accepted);
    if (accepted == 4)
        await_count(&job.returned, 1);
}

BINDING_AT_NT_LEVEL(a_failed_tp_function_leaves_no_object, "ENV-019 NT-024")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.Version = 9999;
    void *sentinel = &environment;
    PTP_WORK work = sentinel;
    NTSTATUS status = api.TpAllocWork(&work, work_job, NULL, &environment);
    check(status == (NTSTATUS)0xC000000D, "the status is 0x%lx", status);
    check(!work || work == sentinel, "the output is %p", (void *)work);
}

OBSERVATION_AT_BOTH_LEVELS(a_version_1_environment_is_read_no_further_than_it_goes, "ENV-021", "")
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    char *pages = VirtualAlloc(NULL, 2 * system.dwPageSize, MEM_RESERVE, PAGE_NOACCESS);
    require(pages && VirtualAlloc(pages, system.dwPageSize, MEM_COMMIT, PAGE_READWRITE), "no pages");
    struct environment_v1 *environment = (void *)(pages + system.dwPageSize - sizeof *environment);
    environment->Version = 1;
    struct job job = {0};
    check(accepted_kinds(at, environment, &job) == 4, "a kind was refused");
    await_count(&job.returned, 1);
}

// ---- Flags and the token -------------------------------------------------------------------------------------

BINDING_AT_BOTH_LEVELS(long_callbacks_do_not_hold_up_others, "ENV-010 THR-017", "")
{
    TP_CALLBACK_ENVIRON_V3 runs_long = plain_environment();
    SetThreadpoolCallbackRunsLong(&runs_long);
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    LONG many = 4 * (LONG)system.dwNumberOfProcessors;
    struct job blocker = gated_job(), job = {0};
    for (LONG i = 0; i < many; i++)
        submit_simple(at, &blocker, &runs_long);
    submit_simple(at, &job, NULL);
    await_count(&job.calls, 1);
    await_count(&blocker.calls, many);
    check(counted(&blocker.returned) == 0, "a blocked callback has returned");
    open_gate(blocker.gate);
    await_count(&blocker.returned, many);
}

BINDING_AT_BOTH_LEVELS(persistent_callbacks_run, "ENV-011", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    TpSetCallbackPersistent(&environment);
    struct job job = {0};
    submit_simple(at, &job, &environment);
    PTP_WORK work = work_for(at, &job, &environment);
    at->submit(work);
    await_count(&job.returned, 2);
}

struct token_seen {
    BOOL opened;
    DWORD error;
    HANDLE done;
};

static void CALLBACK look_for_token(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct token_seen *seen = context;
    HANDLE token;
    seen->opened = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token);
    seen->error = GetLastError();
    open_gate(seen->done);
}

BINDING_AT_BOTH_LEVELS(the_submitters_impersonation_is_not_passed_on, "ENV-035", "")
{
    struct token_seen seen = {.done = gate()};
    require(ImpersonateSelf(SecurityImpersonation), "no impersonation: error %lu", GetLastError());
    bool taken = at->try_submit(look_for_token, &seen, NULL);
    RevertToSelf();
    require(taken, "refused: 0x%lx", why());
    pass_gate(seen.done);
    check(!seen.opened && seen.error == ERROR_NO_TOKEN, "the callback has a token (opened %d, error %lu)", seen.opened,
          seen.error);
}
