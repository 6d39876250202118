// SPDX-License-Identifier: MIT
//
// What a callback leaves behind on its worker: what the pool does about it, and what the next callback sees. No
// published source says that the checks are on by default, so only what must not happen is checked.
#include "harness/job.h"
#include "harness/say.h"
#include "harness/suite.h"

#include <string.h>
#include <xmmintrin.h>

struct state {
    int priority;
    DWORD_PTR affinity;
    bool impersonating;
    DWORD thread;
    HANDLE done;
};

static void CALLBACK note_state(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct state *state = context;
    DWORD_PTR process, system;
    HANDLE token;
    GetProcessAffinityMask(GetCurrentProcess(), &process, &system);
    state->priority = GetThreadPriority(GetCurrentThread());
    state->affinity = SetThreadAffinityMask(GetCurrentThread(), process);
    state->impersonating = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token);
    state->thread = GetCurrentThreadId();
    open_gate(state->done);
}

static void CALLBACK raise_priority(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    SetThreadPriority(GetCurrentThread(), THREAD_PRIORITY_ABOVE_NORMAL);
}

static void CALLBACK narrow_affinity(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    SetThreadAffinityMask(GetCurrentThread(), 1);
}

static void CALLBACK stay_impersonating(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    ImpersonateSelf(SecurityImpersonation);
}

static void CALLBACK exit_thread(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    ExitThread(0);
}

static void CALLBACK begin_background_mode(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    SetThreadPriority(GetCurrentThread(), THREAD_MODE_BACKGROUND_BEGIN);
}

static CRITICAL_SECTION orphan;

static void CALLBACK keep_a_lock(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    InitializeCriticalSection(&orphan);
    EnterCriticalSection(&orphan);
}

// Looked up here so that no other test loads the library.
#define FROM(library, result, name, ...)                                                                               \
    result(WINAPI *name)(__VA_ARGS__) = NULL;                                                                          \
    void *address_of_##name = (void *)GetProcAddress(LoadLibraryA(library), #name);                                    \
    memcpy(&name, &address_of_##name, sizeof name);                                                                    \
    if (!name) {                                                                                                       \
        say("this host has no " #name);                                                                                \
        return;                                                                                                        \
    }

static void CALLBACK leave_a_message(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    FROM("user32.dll", BOOL, PostThreadMessageA, DWORD, UINT, WPARAM, LPARAM)
    FROM("user32.dll", BOOL, PeekMessageA, MSG *, HWND, UINT, UINT, UINT)
    MSG message;
    PeekMessageA(&message, NULL, 0, 0, PM_NOREMOVE);
    PostThreadMessageA(GetCurrentThreadId(), 0x400, 0, 0);
}

static void CALLBACK leave_a_window(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    FROM("user32.dll", HWND, CreateWindowExA, DWORD, const char *, const char *, DWORD, int, int, int, int, HWND, HMENU,
         HINSTANCE, void *)
    if (!CreateWindowExA(0, "STATIC", "left", 0, 0, 0, 1, 1, HWND_MESSAGE, NULL, NULL, NULL))
        say("no window can be made: error %lu", GetLastError());
}

static void CALLBACK leave_com_initialised(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    FROM("ole32.dll", HRESULT, CoInitializeEx, void *, DWORD)
    CoInitializeEx(NULL, 0);
}

static void CALLBACK leave_languages(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    ULONG count;
    SetThreadPreferredUILanguages(MUI_LANGUAGE_NAME, L"de-DE\0", &count);
}

// The thread's field is set to what cannot be a transaction, and nothing is done with it.
static void CALLBACK leave_a_transaction(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    FROM("ntdll.dll", BOOL, RtlSetCurrentTransaction, HANDLE)
    RtlSetCurrentTransaction((HANDLE)(ULONG_PTR)0x7fff0);
}

static int leave_behind(const struct level *at, PTP_SIMPLE_CALLBACK callback, DWORD limit)
{
    say_crashes();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct state before = {.done = gate()}, after = {.done = gate()};
    at->try_submit(note_state, &before, &environment);
    pass_gate(before.done);
    at->try_submit(callback, NULL, &environment);
    at->try_submit(note_state, &after, &environment);
    if (!gate_opens(after.done, limit)) {
        say("no further callback ran within %lu ms", limit);
        return 1;
    }
    say("priority %d then %d, affinity %s, impersonating %d then %d, %s thread", before.priority, after.priority,
        before.affinity == after.affinity ? "the same" : "changed", before.impersonating, after.impersonating,
        before.thread == after.thread ? "the same" : "another");
    return 0;
}

static bool was_raised(const struct outcome *outcome)
{
    return !outcome->hung && outcome->exit_code >> 28 == 0xC;
}

static struct outcome report_left_behind(const struct level *at, const char *scenario)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at->native ? "nt_" : "", scenario);
    struct outcome outcome = run_scenario(name, 2 * GENEROUS);
    if (outcome.hung)
        observe("the process hung");
    else if (was_raised(&outcome))
        observe("raised 0x%lx", outcome.exit_code);
    else
        observe("nothing was raised");
    if (!outcome.hung)
        remark("the process ended with 0x%lx: %s", outcome.exit_code, outcome.output);
    return outcome;
}

#define LEAVING(scenario, callback, limit)                                                                             \
    SCENARIO(scenario)                                                                                                 \
    {                                                                                                                  \
        return leave_behind(&win32_level, callback, limit);                                                            \
    }                                                                                                                  \
    SCENARIO(nt_##scenario)                                                                                            \
    {                                                                                                                  \
        return leave_behind(&nt_level, callback, limit);                                                               \
    }

#define LEFT_BEHIND(scenario, callback, test, facts)                                                                   \
    LEAVING(scenario, callback, GENEROUS)                                                                              \
    OBSERVATION_AT_BOTH_LEVELS(test, facts, "")                                                                        \
    {                                                                                                                  \
        struct outcome outcome = report_left_behind(at, #scenario);                                                    \
        check(was_raised(&outcome) || (!outcome.hung && outcome.exit_code == 0),                                       \
              "expected an exception or that further callbacks run");                                                  \
    }

LEFT_BEHIND(priority_left, raise_priority, a_changed_priority_is_met, "THR-001 THR-002 EXC-004")
LEFT_BEHIND(affinity_left, narrow_affinity, a_changed_affinity_is_met, "THR-003 EXC-004")
LEFT_BEHIND(message_left, leave_a_message, a_message_left_in_the_queue_is_met, "THR-004")
LEFT_BEHIND(background_left, begin_background_mode, background_mode_left_on_is_met, "THR-009")
LEFT_BEHIND(window_left, leave_a_window, a_window_left_behind_is_met, "THR-005")
LEFT_BEHIND(com_left, leave_com_initialised, com_left_initialised_is_met, "THR-008")
LEFT_BEHIND(languages_left, leave_languages, languages_left_preferred_are_met, "THR-009")
LEFT_BEHIND(transaction_left, leave_a_transaction, a_transaction_left_current_is_met, "THR-007")
LEFT_BEHIND(lock_left, keep_a_lock, a_lock_left_owned_is_met, "THR-011")

// ---- The last error and the floating-point state --------------------------------------------------------------

static void CALLBACK round_down(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    _mm_setcsr((_mm_getcsr() & ~(unsigned)_MM_ROUND_MASK) | _MM_ROUND_DOWN);
    SetLastError(12345);
}

struct registers {
    unsigned rounding;
    DWORD error;
    HANDLE done;
};

static void CALLBACK note_registers(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct registers *registers = context;
    registers->error = GetLastError();
    registers->rounding = _mm_getcsr() & _MM_ROUND_MASK;
    open_gate(registers->done);
}

OBSERVATION_AT_BOTH_LEVELS(whether_rounding_is_kept_between_callbacks, "THR-016", "NT-016")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct registers seen = {.done = gate()};
    require(at->try_submit(round_down, NULL, &environment), "refused: 0x%lx", why());
    require(at->try_submit(note_registers, &seen, &environment), "refused: 0x%lx", why());
    pass_gate(seen.done);
    observe("the next callback rounds %s", seen.rounding == _MM_ROUND_DOWN ? "like the last one" : "as usual");
    remark("it finds the last error %lu", seen.error);
}

LEAVING(thread_ended, exit_thread, 10 * BRIEFLY)

OBSERVATION_AT_BOTH_LEVELS(a_callback_that_ends_its_thread_lets_the_process_end, "THR-010 LIB-007", "")
{
    struct outcome outcome = report_left_behind(at, "thread_ended");
    check(!outcome.hung, "the process hung");
}

LEAVING(impersonation_left, stay_impersonating, GENEROUS)

// Documented, but on Wine nothing short of a system call for each callback tells.
OBSERVATION_AT_BOTH_LEVELS(impersonation_does_not_reach_the_next_callback, "THR-006 EXC-004", "")
{
    struct outcome outcome = report_left_behind(at, "impersonation_left");
    check(!outcome.hung, "the process hung");
    if (!was_raised(&outcome) && strstr(outcome.output, "impersonating 0 then 1"))
        observe("the next callback still impersonates");
}
