// SPDX-License-Identifier: MIT
//
// Processes that end while their pools are busy.
#include "endings.h"
#include "everything.h"
#include "harness/job.h"
#include "harness/library.h"

#include <string.h>

#define ROUNDS      20
#define ENDING_CODE 0x1234567
#define RETURN_CODE 42

static struct everything everything;

static void start(const struct level *at)
{
    start_everything(at, &everything);
    say("written before the end");
}

static int end_by_call(const struct level *at)
{
    start(at);
    ExitProcess(ENDING_CODE);
}

// The C runtime writes out what it holds back.
static int end_by_return(const struct level *at)
{
    start(at);
    printf("%cheld back until the end\n", 'T');
    return RETURN_CODE;
}

static int end_in_storm(const struct level *at)
{
    start_storm(at);
    say("written before the end");
    ExitProcess(ENDING_CODE);
}

static void CALLBACK end_the_process(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    say("written before the end");
    ExitProcess(ENDING_CODE);
}

static int end_by_callback(const struct level *at)
{
    start_everything(at, &everything);
    require(at->try_submit(end_the_process, NULL, NULL), "refused: error 0x%lx", why());
    Sleep(INFINITE);
    return 0;
}

// At this time a callback that still ran would go on: its gate is open.
static void look_at_callbacks(DWORD reason, void *reserved)
{
    if (reason != DLL_PROCESS_DETACH)
        return;
    SetEvent(everything.gate);
    LONG computed = counted(&everything.computed);
    Sleep(50);
    say("detach at %s: callbacks %s", reserved ? "exit" : "unload",
        counted(&everything.computed) == computed && !counted(&everything.passed) ? "are cut off" : "go on");
}

static int end_and_look(const struct level *at)
{
    library_listen(library_load(), look_at_callbacks);
    start(at);
    ExitProcess(ENDING_CODE);
}

#define SCENARIO_AT_BOTH_LEVELS(name, routine)                                                                         \
    SCENARIO(name)                                                                                                     \
    {                                                                                                                  \
        return routine(&win32_level);                                                                                  \
    }                                                                                                                  \
    SCENARIO(nt_##name)                                                                                                \
    {                                                                                                                  \
        return routine(&nt_level);                                                                                     \
    }

SCENARIO_AT_BOTH_LEVELS(exit_busy, end_by_call)
SCENARIO_AT_BOTH_LEVELS(return_busy, end_by_return)
SCENARIO_AT_BOTH_LEVELS(exit_in_storm, end_in_storm)
SCENARIO_AT_BOTH_LEVELS(exit_in_callback, end_by_callback)
SCENARIO_AT_BOTH_LEVELS(exit_and_look, end_and_look)

static void check_busy_endings(const struct level *at, const char *scenario, DWORD code, const char *in_detach)
{
    check_endings_at(at, scenario, ROUNDS, &(struct ending){code, "written before the end\n", in_detach});
}

BINDING_AT_BOTH_LEVELS(a_process_with_a_busy_pool_ends_when_it_says_so, "EXC-010", "")
{
    check_busy_endings(at, "exit_busy", ENDING_CODE, "");
}

OBSERVATION_AT_BOTH_LEVELS(a_return_from_main_does_not_wait_for_callbacks, "EXC-011 EXC-010", "")
{
    check_busy_endings(at, "return_busy", RETURN_CODE, "held back until the end\n");
}

BINDING_AT_BOTH_LEVELS(a_process_ends_while_other_threads_use_its_pool, "EXC-010", "")
{
    check_busy_endings(at, "exit_in_storm", ENDING_CODE, "");
}

BINDING_AT_BOTH_LEVELS(a_callback_may_end_the_process, "EXC-010", "")
{
    check_busy_endings(at, "exit_in_callback", ENDING_CODE, "");
}

BINDING_AT_BOTH_LEVELS(callbacks_are_cut_off_before_libraries_hear_of_the_end, "EXC-010", "")
{
    check_busy_endings(at, "exit_and_look", ENDING_CODE, "detach at exit: callbacks are cut off\n");
}
