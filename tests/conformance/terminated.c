// SPDX-License-Identifier: MIT
//
// Threads that are terminated from outside: workers at rest and in a callback, those that wait for completions of I/O,
// and the program's own in a wait of the pool's. Whether the pool misses them, and what they leave behind.
#include "harness/job.h"
#include "harness/say.h"
#include "io_log.h"

#include <string.h>
#include <tlhelp32.h>

#define ENDING_CODE 0x1234567
#define SOON        6000 // ms: a pool looks for the missing now and then

static void terminate_thread(DWORD id)
{
    HANDLE thread = OpenThread(THREAD_TERMINATE | SYNCHRONIZE, FALSE, id);
    require(thread, "no handle of the thread: error %lu", GetLastError());
    require(TerminateThread(thread, 0), "not terminated: error %lu", GetLastError());
    require(WaitForSingleObject(thread, GENEROUS) == WAIT_OBJECT_0, "the thread does not end");
    CloseHandle(thread);
}

// A pool's only thread. Its pool's last callback is over or stands at its gate.
static void terminate(struct job *job)
{
    terminate_thread((DWORD)counted(&job->thread));
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

#define MOST_THREADS 32

// The threads of this process.
static int list_threads(DWORD ids[MOST_THREADS])
{
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    int count = 0;
    for (BOOL more = Thread32First(snapshot, &entry); more && count < MOST_THREADS;
         more = Thread32Next(snapshot, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId())
            ids[count++] = entry.th32ThreadID;
    CloseHandle(snapshot);
    return count;
}

static bool is_listed(DWORD id, const DWORD ids[], int count)
{
    for (int i = 0; i < count; i++)
        if (ids[i] == id)
            return true;
    return false;
}

// Whoever has come since is there for the I/O object, and waits.
static int terminate_threads_since(const DWORD before[], int count)
{
    DWORD now[MOST_THREADS];
    int terminated = 0;
    for (int i = list_threads(now) - 1; i >= 0; i--)
        if (!is_listed(now[i], before, count)) {
            terminate_thread(now[i]);
            terminated++;
        }
    return terminated;
}

static int terminate_at_the_port(const struct level *at)
{
    static struct io_log log;
    static char bytes[3];
    OVERLAPPED overlapped[3] = {0};
    DWORD threads[MOST_THREADS];
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    int count = list_threads(threads);
    PTP_IO io = logging_io(at, pipe.server, &log, NULL);
    Sleep(BRIEFLY); // until whoever was started for it waits
    if (!terminate_threads_since(threads, count)) {
        say("has no thread for it");
        ExitProcess(ENDING_CODE);
    }
    for (LONG i = 0; i < 3; i++) {
        begin_read(at, io, &pipe, &bytes[i], 1, &overlapped[i]);
        feed(&pipe, "x", 1);
        if (!wait_until(counted(&log.count) == i + 1, SOON)) {
            say("waits for good");
            ExitProcess(ENDING_CODE);
        }
    }
    at->wait_for_io(io, FALSE);
    say("goes on");
    ExitProcess(ENDING_CODE);
}

struct waiting {
    const struct level *at;
    PTP_WORK work;
    volatile LONG back;
};

static DWORD WINAPI wait_for_it(void *argument)
{
    struct waiting *waiting = argument;
    waiting->at->wait_for_work(waiting->work, FALSE);
    count_up(&waiting->back);
    return 0;
}

static DWORD WINAPI use_a_stack(void *unused)
{
    volatile char stack[0x8000];
    (void)unused;
    for (size_t i = 0; i < sizeof stack; i++)
        stack[i] = (char)0xEE;
    return (DWORD)stack[0];
}

// Where the host gives the stacks of the terminated back, others have them when the pool wakes who waits.
static int terminate_those_who_wait(const struct level *at)
{
    struct job job = gated_job();
    struct waiting waiting = {.at = at, .work = work_for(at, &job, NULL)};
    at->submit(waiting.work);
    require(wait_until(counted(&job.calls) == 1, GENEROUS), "the callback does not begin");
    HANDLE waiters[6];
    for (int i = 0; i < 6; i++)
        waiters[i] = start_thread(wait_for_it, &waiting);
    Sleep(BRIEFLY); // until they sleep
    for (int i = 0; i < 6; i += 2)
        terminate_thread(GetThreadId(waiters[i]));
    for (int i = 0; i < 6; i++) {
        HANDLE thread = start_thread(use_a_stack, NULL);
        WaitForSingleObject(thread, GENEROUS);
        CloseHandle(thread);
    }
    open_gate(job.gate);
    at->wait_for_work(waiting.work, FALSE);
    if (!wait_until(counted(&waiting.back) == 3, SOON))
        say("waits for good");
    else
        say("goes on");
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
SCENARIO_AT_BOTH_LEVELS(terminate_pollers, terminate_at_the_port(at))
SCENARIO_AT_BOTH_LEVELS(terminate_waiters, terminate_those_who_wait(at))

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

OBSERVATION_AT_BOTH_LEVELS(an_io_object_whose_thread_was_terminated_at_rest, "THR-010", "")
{
    look(at, "terminate_pollers", "with a thread of its own:");
}

// Not a pool's thread, so nothing forbids it; but what it held in the pool is lost, and its stack is.
OBSERVATION_AT_BOTH_LEVELS(a_work_object_some_of_whose_waiters_were_terminated, "THR-010", "")
{
    look(at, "terminate_waiters", "for the others");
}
