// SPDX-License-Identifier: MIT
//
// Workers that are terminated under the pool's feet, and a pool whose DLL the program frees.
#include "everything.h"
#include "harness/job.h"
#include "harness/say.h"

#include <string.h>

#define ROUNDS      20
#define ENDING_CODE 0x1234567

struct victim {
    HANDLE thread;
    HANDLE known;
    HANDLE gate; // NULL: returns at once
};

static void CALLBACK become_victim(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct victim *victim = context;
    require(DuplicateHandle(GetCurrentProcess(), GetCurrentThread(), GetCurrentProcess(), &victim->thread, 0, FALSE,
                            DUPLICATE_SAME_ACCESS),
            "no handle of the worker: error %lu", GetLastError());
    open_gate(victim->known);
    if (victim->gate)
        WaitForSingleObject(victim->gate, INFINITE);
}

static void terminate(const struct level *at, bool running)
{
    struct victim victim = {.known = gate(), .gate = running ? gate() : NULL};
    require(at->try_submit(become_victim, &victim, NULL), "refused: error 0x%lx", why());
    pass_gate(victim.known);
    if (!running)
        Sleep(BRIEFLY); // until it looks for work no more and rests
    TerminateThread(victim.thread, 0);
    require(WaitForSingleObject(victim.thread, GENEROUS) == WAIT_OBJECT_0, "the worker does not end");
}

static int terminate_and_end(const struct level *at)
{
    struct job job = {0};
    terminate(at, true);
    for (int i = 0; i < 10; i++)
        submit_simple(at, &job, NULL);
    await_count(&job.returned, 10);
    say("ten callbacks ran");
    terminate(at, false);
    ExitProcess(ENDING_CODE);
}

SCENARIO(terminate_workers)
{
    return terminate_and_end(&win32_level);
}

SCENARIO(nt_terminate_workers)
{
    return terminate_and_end(&nt_level);
}

static void check_rounds(const char *scenario, const char *output)
{
    for (int round = 1; next_round(round, ROUNDS); round++) {
        struct outcome outcome = run_scenario(scenario, 2 * GENEROUS);
        require(!outcome.hung, "round %d: the process hung, having said: %s", round, outcome.output);
        require(outcome.exit_code == ENDING_CODE, "round %d: the process ended with 0x%lx", round, outcome.exit_code);
        require(!strcmp(outcome.output, output), "round %d: the output is '%s'", round, outcome.output);
    }
}

// Forbidden, and a thread that is terminated holding a lock takes that along; one in a callback or at rest holds none.
// Whether a pool misses one at rest is looked at in terminated.c; here the process has to end.
OBSERVATION_AT_BOTH_LEVELS(a_pool_whose_busy_worker_was_terminated_serves_on_and_ends, "THR-010 EXC-010", "")
{
    check_rounds(at->native ? "nt_terminate_workers" : "terminate_workers", "ten callbacks ran\n");
}

static int free_and_go_on(const struct level *at)
{
    static struct everything everything;
    struct job job = {0};
    start_everything(at, &everything);
    for (int i = 0; i < 3; i++)
        FreeLibrary(module_under_test());
    for (int i = 0; i < 10; i++)
        submit_simple(at, &job, NULL);
    await_count(&job.returned, 10);
    open_gate(everything.gate);
    await_count(&everything.passed, 3);
    say("all went on");
    ExitProcess(ENDING_CODE);
}

SCENARIO(free_the_pool)
{
    return free_and_go_on(&win32_level);
}

SCENARIO(nt_free_the_pool)
{
    return free_and_go_on(&nt_level);
}

OBSERVATION_AT_BOTH_LEVELS(a_pool_goes_on_when_its_dll_is_freed, "EXC-010", "")
{
    if (module_under_test() == GetModuleHandleA("kernel32.dll"))
        skip("the system's own pool cannot be freed");
    check_rounds(at->native ? "nt_free_the_pool" : "free_the_pool", "all went on\n");
}
