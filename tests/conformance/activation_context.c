// SPDX-License-Identifier: MIT
//
// Activation contexts around callbacks.
#include "harness/job.h"
#include "harness/say.h"
#include "harness/suite.h"

#include <string.h>

static const char manifest[] = "<?xml version='1.0' encoding='UTF-8' standalone='yes'?>"
                               "<assembly xmlns='urn:schemas-microsoft-com:asm.v1' manifestVersion='1.0'>"
                               "<assemblyIdentity type='win32' name='conformance' version='1.0.0.0'/>"
                               "<file name='conformance-private.dll'/>"
                               "</assembly>";

static HANDLE make_context(void)
{
    char folder[MAX_PATH], path[MAX_PATH];
    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "tpm", 0, path);
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written;
    WriteFile(file, manifest, sizeof manifest - 1, &written, NULL);
    CloseHandle(file);
    ACTCTXA description = {.cbSize = sizeof description, .lpSource = path};
    HANDLE context = CreateActCtxA(&description);
    DWORD error = GetLastError();
    DeleteFileA(path);
    require(context != INVALID_HANDLE_VALUE, "no activation context could be created: error %lu", error);
    return context;
}

// Whether the private assembly of that context is in force on this thread.
static bool in_force(void)
{
    ACTCTX_SECTION_KEYED_DATA data = {.cbSize = sizeof data};
    return FindActCtxSectionStringA(0, NULL, ACTIVATION_CONTEXT_SECTION_DLL_REDIRECTION, "conformance-private.dll",
                                    &data);
}

struct seen {
    HANDLE done;
    HANDLE leave_active;
    bool in_force;
};

static void CALLBACK look(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct seen *seen = context;
    seen->in_force = in_force();
    ULONG_PTR cookie;
    if (seen->leave_active)
        ActivateActCtx(seen->leave_active, &cookie);
    open_gate(seen->done);
}

static void CALLBACK look_in_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    look(instance, context);
}

static bool seen_in_callback(const struct level *at, TP_CALLBACK_ENVIRON_V3 *environment)
{
    struct seen seen = {.done = gate()};
    require(at->try_submit(look, &seen, environment), "refused: 0x%lx", why());
    pass_gate(seen.done);
    return seen.in_force;
}

BINDING_AT_BOTH_LEVELS(a_callback_runs_in_the_activation_context_of_its_environment, "ENV-026 ENV-027", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1)), plain = environment;
    TpSetCallbackActivationContext(&environment, make_context());
    check(seen_in_callback(at, &environment), "the simple callback does not see the context");
    check(!seen_in_callback(at, &plain), "the next callback on that worker still sees the context");
    struct seen seen = {.done = gate()};
    PTP_WORK work = at->create_work(look_in_work, &seen, &environment);
    at->submit(work);
    pass_gate(seen.done);
    check(seen.in_force, "the work callback does not see the context");
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}

BINDING_AT_BOTH_LEVELS(a_callback_runs_in_no_activation_context_if_told_so, "ENV-026 ENV-028", "")
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    TpSetCallbackNoActivationContext(&environment);
    ULONG_PTR cookie;
    require(ActivateActCtx(make_context(), &cookie), "not activated: error %lu", GetLastError());
    require(in_force(), "the context is not in force on the thread that activated it");
    bool seen = seen_in_callback(at, &environment);
    DeactivateActCtx(0, cookie);
    check(!seen, "the callback sees its creator's context");
}

OBSERVATION_AT_BOTH_LEVELS(the_creators_activation_context_is_captured, "ENV-029", "")
{
    struct seen seen = {.done = gate()};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    // The worker is there before the context is: what it sees cannot come from the start of its thread.
    check(!seen_in_callback(at, &environment), "a context is in force that nobody activated");
    ULONG_PTR cookie;
    ActivateActCtx(make_context(), &cookie);
    PTP_WORK work = at->create_work(look_in_work, &seen, &environment);
    DeactivateActCtx(0, cookie);
    at->submit(work);
    pass_gate(seen.done);
    observe("the creator's context was %s in the callback", seen.in_force ? "in force" : "not in force");
    check(seen.in_force, "expected that it is in force");
    at->wait_for_work(work, FALSE);
    at->close_work(work);
}

static int leave_context_active(const struct level *at)
{
    say_crashes();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct seen seen = {.done = gate(), .leave_active = make_context()};
    at->try_submit(look, &seen, &environment);
    pass_gate(seen.done);
    say("the next callback %s the context", seen_in_callback(at, &environment) ? "sees" : "does not see");
    return 0;
}

SCENARIO(callback_leaves_context_active)
{
    return leave_context_active(&win32_level);
}

SCENARIO(nt_callback_leaves_context_active)
{
    return leave_context_active(&nt_level);
}

OBSERVATION_AT_BOTH_LEVELS(a_context_left_active_harms_no_later_callback, "ENV-030", "")
{
    struct outcome outcome =
        run_scenario(at->native ? "nt_callback_leaves_context_active" : "callback_leaves_context_active", GENEROUS);
    remark("ended with 0x%lx: %s", outcome.exit_code, outcome.output);
    check(!outcome.hung && (outcome.exit_code == 0 || outcome.exit_code >> 28 == 0xC),
          "expected an exception or that the next callback runs");
    check(outcome.exit_code != 0 || !strstr(outcome.output, " sees "), "the next callback sees the context");
}
