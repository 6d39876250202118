// SPDX-License-Identifier: MIT
//
// Objects that are gone or are something else, and waits that cannot end.
#include "verified.h"

#include "harness/say.h"

#include <string.h>

#define INVALID_PARAMETER_STATUS 0xC000000D
#define POSSIBLE_DEADLOCK        0xC0000194
#define RESOURCE_NOT_OWNED       0xC0000264

static void CALLBACK nothing(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
}

static PTP_WORK some_work(void)
{
    return api.CreateThreadpoolWork(nothing, NULL, NULL);
}

static PTP_WORK closed_work(void)
{
    PTP_WORK work = some_work();
    api.CloseThreadpoolWork(work);
    return work;
}

static void post_closed(void)
{
    api.SubmitThreadpoolWork(closed_work());
}

static void close_twice(void)
{
    api.CloseThreadpoolWork(closed_work());
}

static void wait_for_closed(void)
{
    api.WaitForThreadpoolWorkCallbacks(closed_work(), FALSE);
}

static void post_null(void)
{
    api.SubmitThreadpoolWork(NULL);
}

static void set_work_as_timer(void)
{
    api.SetThreadpoolTimer((PTP_TIMER)some_work(), NULL, 0, 0);
}

static void set_work_as_wait(void)
{
    api.SetThreadpoolWait((PTP_WAIT)some_work(), NULL, NULL);
}

static void start_work_as_io(void)
{
    api.StartThreadpoolIo((PTP_IO)some_work());
}

static void close_work_as_pool(void)
{
    api.CloseThreadpool((PTP_POOL)some_work());
}

static void close_members_of_work(void)
{
    api.CloseThreadpoolCleanupGroupMembers((PTP_CLEANUP_GROUP)some_work(), FALSE, NULL);
}

static void act_on_no_instance(void)
{
    api.SetEventWhenCallbackReturns((PTP_CALLBACK_INSTANCE)some_work(), NULL);
}

static void close_used_group(void)
{
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    api.CreateThreadpoolWork(nothing, NULL, &environment);
    api.CloseThreadpoolCleanupGroup(group);
}

// These report an error, and the process goes on.

static void unregister_work(void)
{
    require(!api.UnregisterWaitEx(some_work(), NULL), "a work object was unregistered");
}

static void delete_timer_twice(void)
{
    HANDLE timer;
    extern void CALLBACK legacy_nothing(void *, BOOLEAN);
    require(api.CreateTimerQueueTimer(&timer, NULL, legacy_nothing, NULL, 100000, 0, 0), "no timer");
    require(api.DeleteTimerQueueTimer(NULL, timer, NULL), "not deleted");
    require(!api.DeleteTimerQueueTimer(NULL, timer, NULL), "deleted twice");
}

void CALLBACK legacy_nothing(void *context, BOOLEAN timed_out);
void CALLBACK legacy_nothing(void *context, BOOLEAN timed_out)
{
    (void)context;
    (void)timed_out;
}

static void delete_work_as_queue(void)
{
    require(!api.DeleteTimerQueueEx(some_work(), NULL), "a work object was deleted as a queue");
}

static const struct {
    const char *name;
    void (*misuse)(void);
    DWORD code;
    const char *text;
} misuses[] = {
    {"post closed", post_closed, INVALID_PARAMETER_STATUS, "TpPostWork wants a work object and was given 0x"},
    {"close twice", close_twice, INVALID_PARAMETER_STATUS, "a work object that was closed"},
    {"wait for closed", wait_for_closed, INVALID_PARAMETER_STATUS, "TpWaitForWork wants a work object"},
    {"post NULL", post_null, INVALID_PARAMETER_STATUS, "was given 0x0, at "},
    {"timer", set_work_as_timer, INVALID_PARAMETER_STATUS, "TpSetTimer wants a timer and was given 0x"},
    {"wait", set_work_as_wait, INVALID_PARAMETER_STATUS, "TpSetWait wants a wait object and was given 0x"},
    {"io", start_work_as_io, INVALID_PARAMETER_STATUS, "TpStartAsyncIoOperation wants a I/O object"},
    {"pool", close_work_as_pool, INVALID_PARAMETER_STATUS, "TpReleasePool wants a pool and was given 0x"},
    {"group", close_members_of_work, INVALID_PARAMETER_STATUS, "wants a cleanup group and was given 0x"},
    {"instance", act_on_no_instance, INVALID_PARAMETER_STATUS, "wants a callback instance and was given 0x"},
    {"used group", close_used_group, STOP_STATUS, "was closed while it has members"},
    {"registered wait", unregister_work, 0, "RtlDeregisterWaitEx wants a registered wait and was given 0x"},
    {"queue timer", delete_timer_twice, 0, "a queue timer that was closed"},
    {"timer queue", delete_work_as_queue, 0, "RtlDeleteTimerQueueEx wants a timer queue and was given 0x"},
};

SCENARIO(misuse)
{
    say_crashes();
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++)
        if (!strcmp(asked(0), misuses[i].name))
            misuses[i].misuse();
    return 0;
}

BINDING(misused_objects_are_told_with_who_misused_them, "EXC-007 EXC-016 EXC-017 EXC-018 CG-025")
{
    for (size_t i = 0; i < sizeof misuses / sizeof *misuses; i++) {
        struct verified verified = run_verified("misuse", misuses[i].name, "");
        check_verified(&verified, misuses[i].code, misuses[i].text, ", at ntpool-verifier-tests.exe+0x");
    }
}

// ---- Waits for oneself ---------------------------------------------------------------------------------------------

static void wait_for_itself(void)
{
    const char *kind = asked(0);
    while (!callback_object)
        Sleep(1);
    if (!strcmp(kind, "work callback"))
        api.WaitForThreadpoolWorkCallbacks(callback_object, FALSE);
    if (!strcmp(kind, "simple callback"))
        api.CloseThreadpoolCleanupGroupMembers(callback_object, FALSE, NULL);
    if (!strcmp(kind, "timer callback"))
        api.WaitForThreadpoolTimerCallbacks(callback_object, TRUE);
    if (!strcmp(kind, "wait callback"))
        api.WaitForThreadpoolWaitCallbacks(callback_object, FALSE);
    if (!strcmp(kind, "I/O callback"))
        api.WaitForThreadpoolIoCallbacks(callback_object, FALSE);
    if (!strcmp(kind, "registered wait's callback"))
        api.UnregisterWaitEx(callback_object, INVALID_HANDLE_VALUE);
    if (!strcmp(kind, "queue timer's callback"))
        api.DeleteTimerQueueTimer(NULL, callback_object, INVALID_HANDLE_VALUE);
}

SCENARIO(waiting_for_itself)
{
    say_crashes();
    callback_body = wait_for_itself;
    run_kind(asked(0));
    return 0;
}

BINDING(a_callback_that_waits_for_itself_is_told_and_raised, "DLK-001 DLK-004 DLK-006 CG-028")
{
    static const char *const kinds[] = {"work callback",         "simple callback", "timer callback",
                                        "wait callback",         "I/O callback",    "registered wait's callback",
                                        "queue timer's callback"};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct verified verified = run_verified("waiting_for_itself", kinds[i], "");
        check_verified(&verified, POSSIBLE_DEADLOCK, kinds[i], "waits for itself in ");
    }
}

// ---- What cannot be given back --------------------------------------------------------------------------------------

static CRITICAL_SECTION section;

static void CALLBACK leave_anothers(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)context;
    api.LeaveCriticalSectionWhenCallbackReturns(instance, &section);
}

SCENARIO(leaving_anothers_section)
{
    say_crashes();
    InitializeCriticalSection(&section);
    EnterCriticalSection(&section);
    api.TrySubmitThreadpoolCallback(leave_anothers, NULL, NULL);
    Sleep(GENEROUS);
    return 0;
}

BINDING(a_section_of_another_thread_is_not_left, "EPI-004 EPI-019")
{
    struct verified verified = run_verified("leaving_anothers_section", "", "");
    check_verified(&verified, RESOURCE_NOT_OWNED, "the simple callback ntpool-verifier-tests.exe+0x",
                   "asked to leave the critical section 0x");
}
