// SPDX-License-Identifier: MIT
//
// Workers that are terminated from outside, at rest and in a callback: whether their pool misses them.
#include "harness/job.h"
#include "harness/say.h"

#include <string.h>

#define ENDING_CODE 0x1234567
#define SOON        6000 // ms: a pool looks for the missing now and then

// A pool's only thread. Its pool's last callback is over or stands at its gate.
static void terminate(struct job *job)
{
    HANDLE thread = OpenThread(THREAD_TERMINATE | SYNCHRONIZE, FALSE, (DWORD)counted(&job->thread));
    require(thread, "no handle of the worker: error %lu", GetLastError());
    require(TerminateThread(thread, 0), "not terminated: error %lu", GetLastError());
    require(WaitForSingleObject(thread, GENEROUS) == WAIT_OBJECT_0, "the worker does not end");
    CloseHandle(thread);
}

static PTP_POOL pool_with_its_thread(const struct level *at)
{
    PTP_POOL pool = pool_of(at, 1);
    require(at->pool_minimum(pool, 1), "no thread: error 0x%lx", why());
    return pool;
}

static int terminate_at_rest(const struct level *at, PTP_POOL pool)
{
    struct job job = {0};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    for (LONG round = 0; round < 2; round++) {
        submit_simple(at, &job, &environment);
        require(wait_until(counted(&job.returned) == 2 * round + 1, GENEROUS), "a callback did not run");
        Sleep(BRIEFLY); // until its worker looks for work no more and rests
        terminate(&job);
        submit_simple(at, &job, &environment);
        if (!wait_until(counted(&job.returned) == 2 * round + 2, SOON)) {
            say("waits for good");
            ExitProcess(ENDING_CODE);
        }
    }
    say("goes on");
    ExitProcess(ENDING_CODE);
}

static int terminate_in_a_callback(const struct level *at)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job stuck = gated_job(), behind = {0};
    occupy(at, &stuck, &environment);
    submit_simple(at, &behind, &environment);
    terminate(&stuck);
    say(wait_until(counted(&behind.returned) == 1, SOON) ? "goes on" : "waits for good");
    ExitProcess(ENDING_CODE);
}

#define SCENARIO_AT_BOTH_LEVELS(name, call)                                                                            \
    SCENARIO(name)                                                                                                     \
    {                                                                                                                  \
        const struct level *at = &win32_level;                                                                         \
        return call;                                                                                                   \
    }                                                                                                                  \
    SCENARIO(nt_##name)                                                                                                \
    {                                                                                                                  \
        const struct level *at = &nt_level;                                                                            \
        return call;                                                                                                   \
    }

SCENARIO_AT_BOTH_LEVELS(terminate_one_at_rest, terminate_at_rest(at, pool_of(at, 1)))
SCENARIO_AT_BOTH_LEVELS(terminate_one_of_one, terminate_at_rest(at, pool_with_its_thread(at)))
SCENARIO_AT_BOTH_LEVELS(terminate_in_default_pool, terminate_at_rest(at, NULL))
SCENARIO_AT_BOTH_LEVELS(terminate_in_callback, terminate_in_a_callback(at))

// What was said, without the end of the line.
static void look(const struct level *at, const char *scenario, const char *where)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", at->native ? "nt_" : "", scenario);
    struct outcome outcome = run_scenario(name, 3 * GENEROUS);
    require(!outcome.hung, "%s: the process hung, having said: %s", where, outcome.output);
    require(outcome.exit_code == ENDING_CODE, "%s: the process ended with 0x%lx", where, outcome.exit_code);
    outcome.output[strcspn(outcome.output, "\r\n")] = 0;
    observe("%s it %s", where, outcome.output);
}

// Forbidden. A worker that is terminated while it holds a lock takes that along; one at rest or in a callback of the
// program holds none, and a pool that counts on it without looking may wait for it for good.
OBSERVATION_AT_BOTH_LEVELS(a_pool_whose_resting_worker_was_terminated, "THR-010", "")
{
    look(at, "terminate_one_at_rest", "with one thread at most");
    look(at, "terminate_one_of_one", "with one thread");
    look(at, "terminate_in_default_pool", "the default pool:");
}

OBSERVATION_AT_BOTH_LEVELS(a_full_pool_whose_worker_was_terminated_in_a_callback, "THR-010", "")
{
    look(at, "terminate_in_callback", "with one thread at most");
}
