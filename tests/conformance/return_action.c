// SPDX-License-Identifier: MIT
//
// What a callback asks to be done when it returns.
#include "harness/job.h"
#include "harness/library.h"
#include "harness/say.h"
#include "harness/suite.h"

struct actor {
    const struct level *at;
    HANDLE event, second_event, semaphore, mutex;
    DWORD release;
    CRITICAL_SECTION *section;
    HMODULE library;
    HANDLE entered;
    HANDLE gate;
    volatile LONG returned;
};

static struct actor actor_at(const struct level *at)
{
    return (struct actor){.at = at, .entered = gate(), .gate = gate()};
}

static void CALLBACK register_actions(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct actor *actor = context;
    const struct level *at = actor->at;
    if (actor->event)
        at->set_event_on_return(instance, actor->event);
    if (actor->second_event)
        at->set_event_on_return(instance, actor->second_event);
    if (actor->semaphore)
        at->release_semaphore_on_return(instance, actor->semaphore, actor->release);
    if (actor->mutex) {
        WaitForSingleObject(actor->mutex, INFINITE);
        at->release_mutex_on_return(instance, actor->mutex);
    }
    if (actor->section) {
        EnterCriticalSection(actor->section);
        at->leave_section_on_return(instance, actor->section);
    }
    if (actor->library)
        at->free_library_on_return(instance, actor->library);
    open_gate(actor->entered);
    pass_gate(actor->gate);
    count_up(&actor->returned);
}

static void act(struct actor *actor, TP_CALLBACK_ENVIRON_V3 *environment)
{
    require(actor->at->try_submit(register_actions, actor, environment), "refused: 0x%lx", why());
    pass_gate(actor->entered);
}

BINDING_AT_BOTH_LEVELS(an_event_is_set_when_the_callback_returns, "EPI-001 EPI-018 SIMP-009", "NT-009")
{
    struct actor actor = actor_at(at);
    actor.event = gate();
    act(&actor, NULL);
    check(!gate_opens(actor.event, BRIEFLY), "the event was set while the callback was inside");
    open_gate(actor.gate);
    pass_gate(actor.event);
    check(counted(&actor.returned) == 1, "the event was set before the callback was over");
}

BINDING_AT_BOTH_LEVELS(a_semaphore_is_released_when_the_callback_returns, "EPI-002 EPI-018 SIMP-009", "NT-010")
{
    struct actor actor = actor_at(at);
    actor.semaphore = CreateSemaphoreW(NULL, 0, 10, NULL);
    actor.release = 3;
    act(&actor, NULL);
    check(WaitForSingleObject(actor.semaphore, BRIEFLY) == WAIT_TIMEOUT, "released while the callback was inside");
    open_gate(actor.gate);
    for (int i = 0; i < 3; i++)
        check(gate_opens(actor.semaphore, GENEROUS), "the semaphore was released %d times instead of 3", i);
    check(WaitForSingleObject(actor.semaphore, BRIEFLY) == WAIT_TIMEOUT, "released more than 3 times");
}

BINDING_AT_BOTH_LEVELS(a_mutex_is_released_when_the_callback_returns, "EPI-003 EPI-018", "NT-011")
{
    struct actor actor = actor_at(at);
    actor.mutex = CreateMutexW(NULL, FALSE, NULL);
    act(&actor, NULL);
    check(WaitForSingleObject(actor.mutex, BRIEFLY) == WAIT_TIMEOUT, "released while the callback was inside");
    open_gate(actor.gate);
    DWORD got = WaitForSingleObject(actor.mutex, GENEROUS);
    check(got == WAIT_OBJECT_0, "the mutex is %s", got == WAIT_ABANDONED ? "abandoned" : "not released");
    check(counted(&actor.returned) == 1, "the mutex was released before the callback was over");
}

BINDING_AT_BOTH_LEVELS(a_critical_section_is_left_when_the_callback_returns, "EPI-004 EPI-018 THR-011", "NT-012")
{
    struct actor actor = actor_at(at);
    CRITICAL_SECTION section;
    InitializeCriticalSection(&section);
    actor.section = &section;
    act(&actor, NULL);
    check(!TryEnterCriticalSection(&section), "left while the callback was inside");
    open_gate(actor.gate);
    check(wait_until(TryEnterCriticalSection(&section), GENEROUS), "the critical section was not left");
    check(counted(&actor.returned) == 1, "it was left before the callback was over");
    LeaveCriticalSection(&section);
}

BINDING_AT_BOTH_LEVELS(actions_work_in_callbacks_of_objects_too, "EPI-001 EPI-006", "NT-009")
{
    struct actor actor = actor_at(at);
    actor.event = gate();
    // A work callback takes one argument more, which the callee may leave alone.
    PTP_WORK work = at->create_work((PTP_WORK_CALLBACK)(void *)register_actions, &actor, NULL);
    at->submit(work);
    pass_gate(actor.entered);
    open_gate(actor.gate);
    pass_gate(actor.event);
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}

static void CALLBACK register_once(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    struct actor *actor = context;
    if (count_up(&actor->returned) == 1)
        actor->at->set_event_on_return(instance, actor->event);
}

BINDING_AT_BOTH_LEVELS(an_action_is_for_one_execution, "EPI-007", "NT-009")
{
    struct actor actor = actor_at(at);
    actor.event = gate();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    PTP_WORK work = at->create_work(register_once, &actor, &environment);
    at->submit(work);
    pass_gate(actor.event);
    at->wait_for_work(work, FALSE);
    shut_gate(actor.event);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    struct job later = {0};
    submit_simple(at, &later, &environment);
    await_count(&later.returned, 1);
    check(!gate_opens(actor.event, 0), "the second execution set the event of the first");
    at->close_work(work);
}

// ---- Together ------------------------------------------------------------------------------------------------

static HANDLE awaited_event;
static volatile LONG unloads, unloads_before_event;

static void note_unload(DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason != DLL_PROCESS_DETACH)
        return;
    if (!gate_opens(awaited_event, 0))
        count_up(&unloads_before_event);
    count_up(&unloads);
}

OBSERVATION_AT_BOTH_LEVELS(all_five_actions_may_be_asked_for_at_once, "EPI-008 EPI-010", "NT-009")
{
    struct actor actor = actor_at(at);
    CRITICAL_SECTION section;
    InitializeCriticalSection(&section);
    actor.event = awaited_event = gate();
    actor.semaphore = CreateSemaphoreW(NULL, 0, 10, NULL);
    actor.release = 1;
    actor.mutex = CreateMutexW(NULL, FALSE, NULL);
    actor.section = &section;
    actor.library = library_load();
    library_listen(actor.library, note_unload);
    act(&actor, NULL);
    open_gate(actor.gate);
    check(gate_opens(actor.event, GENEROUS), "the event was not set");
    check(gate_opens(actor.semaphore, GENEROUS), "the semaphore was not released");
    check(gate_opens(actor.mutex, GENEROUS), "the mutex was not released");
    check(wait_until(TryEnterCriticalSection(&section), GENEROUS), "the critical section was not left");
    check(wait_until(counted(&unloads) == 1, GENEROUS), "the library was not freed");
    check(unloads_before_event == 0, "the library went before the event was set");
}

OBSERVATION_AT_BOTH_LEVELS(of_two_events_the_first_is_set, "EPI-009", "")
{
    struct actor actor = actor_at(at);
    actor.event = gate();
    actor.second_event = gate();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    act(&actor, &environment);
    open_gate(actor.gate);
    struct job later = {0};
    submit_simple(at, &later, &environment);
    await_count(&later.returned, 1);
    observe("set: first %d, second %d", gate_opens(actor.event, 0), gate_opens(actor.second_event, 0));
    check(gate_opens(actor.event, 0) && !gate_opens(actor.second_event, 0), "expected the first one only");
}

struct setter {
    const struct level *at;
    HANDLE event;
};

static void CALLBACK set_on_return(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    struct setter *setter = context;
    setter->at->set_event_on_return(instance, setter->event);
}

// By an article the action comes after the callback is over, which need not mean that waiters know that it is.
OBSERVATION_AT_BOTH_LEVELS(a_wait_returns_when_the_actions_are_done, "EPI-016 EPI-006", "NT-009 NT-017")
{
    struct setter setter = {.at = at, .event = gate()};
    PTP_WORK work = at->create_work(set_on_return, &setter, NULL);
    require(work, "no work object: error 0x%lx", why());
    int early = 0;
    for (int round = 0; round < 500; round++) {
        shut_gate(setter.event);
        at->submit(work);
        at->wait_for_work(work, FALSE);
        early += !gate_opens(setter.event, 0);
        pass_gate(setter.event);
    }
    remark("%d of 500 waits returned before the action", early);
    observe("waits return %s", early ? "before or after the actions" : "after the actions");
    at->close_work(work);
}

// ---- Actions that fail ---------------------------------------------------------------------------------------

enum action { FAIL_EVENT, FAIL_SEMAPHORE, FAIL_MUTEX, FAIL_LIBRARY, FAIL_ZERO };

struct failing {
    const struct level *at;
    enum action action;
};

static void CALLBACK register_failing(PTP_CALLBACK_INSTANCE instance, void *context)
{
    const struct failing *failing = context;
    const struct level *at = failing->at;
    HANDLE handle = CreateSemaphoreW(NULL, 1, 1, NULL);
    switch (failing->action) {
    case FAIL_EVENT:
        CloseHandle(handle);
        at->set_event_on_return(instance, handle);
        break;
    case FAIL_SEMAPHORE:
        at->release_semaphore_on_return(instance, handle, 1);
        break;
    case FAIL_MUTEX:
        at->release_mutex_on_return(instance, CreateMutexW(NULL, FALSE, NULL));
        break;
    case FAIL_LIBRARY:
        at->free_library_on_return(instance, (HMODULE)(ULONG_PTR)0x12340000);
        break;
    case FAIL_ZERO:
        at->release_semaphore_on_return(instance, handle, 0);
        break;
    }
}

// Ends with the code of what is raised, else with 0 once a later callback has run.
static int fail_on_return(const struct level *at, enum action action)
{
    say_crashes();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct failing failing = {at, action};
    at->try_submit(register_failing, &failing, &environment);
    struct job later = {0};
    submit_simple(at, &later, &environment);
    await_count(&later.returned, 1);
    return 0;
}

static void check_raised_on_worker(const struct level *at, const char *scenario, DWORD code)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at->native ? "nt_" : "", scenario);
    struct outcome outcome = run_scenario(name, GENEROUS);
    if (outcome.hung)
        observe("the process hung");
    else
        observe("the process ended with 0x%lx", outcome.exit_code);
    check(!outcome.hung && outcome.exit_code == code, "expected that 0x%lx is raised", code);
}

// The test of one action, with its two scenarios.
#define FAILS(test, facts, scenario, action, code)                                                                     \
    SCENARIO(scenario)                                                                                                 \
    {                                                                                                                  \
        return fail_on_return(&win32_level, action);                                                                   \
    }                                                                                                                  \
    SCENARIO(nt_##scenario)                                                                                            \
    {                                                                                                                  \
        return fail_on_return(&nt_level, action);                                                                      \
    }                                                                                                                  \
    OBSERVATION_AT_BOTH_LEVELS(test, facts, "")                                                                        \
    {                                                                                                                  \
        check_raised_on_worker(at, #scenario, code);                                                                   \
    }

FAILS(a_failing_event_is_raised, "EPI-011 EPI-012 EXC-002", event_fails, FAIL_EVENT, 0xC000070B)
FAILS(a_failing_semaphore_is_raised, "EPI-011 EPI-013 EXC-002", semaphore_fails, FAIL_SEMAPHORE, 0xC000070C)
FAILS(a_failing_mutex_is_raised, "EPI-011 EPI-014 EXC-002", mutex_fails, FAIL_MUTEX, 0xC000070D)
FAILS(a_failing_library_is_raised, "EPI-011 EPI-015 EXC-002", library_fails, FAIL_LIBRARY, 0xC000070E)
// Windows refuses a count of 0 in the kernel; a host that takes it is no reason for a pool to keep silent.
FAILS(a_release_count_of_zero_is_raised, "EPI-020", zero_release_fails, FAIL_ZERO, 0xC000070C)
