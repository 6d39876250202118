// SPDX-License-Identifier: MIT
//
// The exact results of the NT-level functions.
#include "harness/job.h"
#include "harness/suite.h"

#include <string.h>

static NTSTATUS long_status;

static void CALLBACK ask_to_run_long(PTP_CALLBACK_INSTANCE instance, void *context)
{
    long_status = api.TpCallbackMayRunLong(instance);
    open_gate(context);
}

OBSERVATION_AT_NT_LEVEL(tp_functions_succeed_with_status_zero,
                        "NT-001 NT-005 NT-006 NT-014 NT-016 NT-017 NT-018 NT-020 NT-024")
{
    struct job job = {0};
    PTP_POOL pool = NULL;
    PTP_CLEANUP_GROUP group = NULL;
    PTP_WORK work = NULL;
    PTP_TIMER timer = NULL;
    PTP_WAIT wait = NULL;
    TP_POOL_STACK_INFORMATION stack = {1 << 20, 1 << 16};
    HANDLE done = gate();
#define ZERO(call) check((call) == 0, "%s did not give STATUS_SUCCESS", #call)
    ZERO(api.TpAllocPool(&pool, NULL));
    ZERO(api.TpSetPoolStackInformation(pool, &stack));
    ZERO(api.TpQueryPoolStackInformation(pool, &stack));
    ZERO(api.TpAllocCleanupGroup(&group));
    ZERO(api.TpAllocWork(&work, work_job, &job, NULL));
    ZERO(api.TpAllocTimer(&timer, timer_job, &job, NULL));
    ZERO(api.TpAllocWait(&wait, wait_job, &job, NULL));
    ZERO(api.TpSimpleTryPost(ask_to_run_long, done, NULL));
    pass_gate(done);
    ZERO(long_status);
    check(pool && group && work && timer && wait, "an object is NULL");
}

BINDING_AT_NT_LEVEL(a_bad_environment_gives_invalid_parameter_at_nt_level, "ENV-018")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.CallbackPriority = (TP_CALLBACK_PRIORITY)10;
    struct job job = {0};
    NTSTATUS status = api.TpSimpleTryPost(simple_job, &job, &environment);
    check(status == (NTSTATUS)0xC000000D, "the status is 0x%lx", status);
    check(stays(&job.calls, 0), "the refused callback ran");
}

static DWORD error_of(NTSTATUS status)
{
    ULONG(NTAPI * translate)(NTSTATUS) = NULL;
    void *address = (void *)GetProcAddress(GetModuleHandleA("ntdll.dll"), "RtlNtStatusToDosError");
    memcpy(&translate, &address, sizeof address);
    return translate(status);
}

// The same refusal by both levels: the one gives the error of the other's status.
#define REFUSED_ALIKE(call)                                                                                            \
    do {                                                                                                               \
        const struct level *at = &win32_level;                                                                         \
        check(!(call), "%s succeeds", #call);                                                                          \
        DWORD error = why();                                                                                           \
        at = &nt_level;                                                                                                \
        check(!(call), "at NT level %s succeeds", #call);                                                              \
        check(error == error_of((NTSTATUS)why()), "%s: error %lu for status 0x%lx", #call, error, why());              \
    } while (0)

OBSERVATION(a_refusal_has_the_error_of_the_nt_status, "NT-044")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.CallbackPriority = (TP_CALLBACK_PRIORITY)10;
    struct job job = {0};
    REFUSED_ALIKE(at->create_work(work_job, &job, &environment));
    REFUSED_ALIKE(at->create_timer(timer_job, &job, &environment));
    REFUSED_ALIKE(at->create_wait(wait_job, &job, &environment));
    REFUSED_ALIKE(at->try_submit(simple_job, &job, &environment));
}
