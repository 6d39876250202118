// SPDX-License-Identifier: MIT
//
// Libraries that may be unloaded while their callbacks are due.
#include "harness/job.h"
#include "harness/library.h"
#include "harness/suite.h"

#include <string.h>

static volatile LONG detaches;
static volatile LONG detach_thread;

static void note_detach(DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason != DLL_PROCESS_DETACH)
        return;
    InterlockedExchange(&detach_thread, (LONG)GetCurrentThreadId());
    count_up(&detaches);
}

static PTP_WORK_CALLBACK work_in(HMODULE library)
{
    PTP_WORK_CALLBACK callback;
    void *address = library_export(library, LIBRARY_WORK);
    memcpy(&callback, &address, sizeof callback);
    return callback;
}

static PTP_SIMPLE_CALLBACK simple_in(HMODULE library, const char *name)
{
    PTP_SIMPLE_CALLBACK callback;
    void *address = library_export(library, name);
    memcpy(&callback, &address, sizeof callback);
    return callback;
}

BINDING_AT_BOTH_LEVELS(a_library_stays_while_its_work_callback_runs, "LIB-001 LIB-010", "")
{
    HMODULE library = library_load();
    struct library_job job = library_job();
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    SetThreadpoolCallbackLibrary(&environment, library);
    PTP_WORK work = at->create_work(work_in(library), &job, &environment);
    require(work, "no work object: 0x%lx", why());
    at->submit(work);
    pass_gate(job.entered);
    FreeLibrary(library);
    check(library_is_mapped(), "the library went while its callback was running");
    open_gate(job.gate);
    at->wait_for_work(work, FALSE);
    check(job.returned == 1, "the callback did not finish");
    at->close_work(work);
    check(wait_until(!library_is_mapped(), GENEROUS), "the library stays though nothing of it is due");
}

BINDING_AT_BOTH_LEVELS(a_library_stays_while_its_simple_callback_runs, "LIB-001 LIB-010", "")
{
    HMODULE library = library_load();
    struct library_job job = library_job();
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    SetThreadpoolCallbackLibrary(&environment, library);
    require(at->try_submit(simple_in(library, LIBRARY_SIMPLE), &job, &environment), "refused: 0x%lx", why());
    pass_gate(job.entered);
    FreeLibrary(library);
    check(library_is_mapped(), "the library went while its callback was running");
    open_gate(job.gate);
    await_count(&job.returned, 1);
    check(wait_until(!library_is_mapped(), GENEROUS), "the library stays though nothing of it is due");
}

BINDING_AT_BOTH_LEVELS(a_library_stays_while_its_callback_is_queued, "LIB-001", "")
{
    HMODULE library = library_load();
    struct library_job job = library_job();
    struct job blocker = gated_job();
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    occupy(at, &blocker, &environment);
    SetThreadpoolCallbackLibrary(&environment, library);
    require(at->try_submit(simple_in(library, LIBRARY_SIMPLE), &job, &environment), "refused: 0x%lx", why());
    FreeLibrary(library);
    check(library_is_mapped(), "the library went while its callback was queued");
    open_gate(job.gate);
    open_gate(blocker.gate);
    await_count(&job.returned, 1);
    await_count(&blocker.returned, 1);
    check(wait_until(!library_is_mapped(), GENEROUS), "the library stays though nothing of it is due");
}

OBSERVATION_AT_BOTH_LEVELS(the_callers_reference_is_the_callers, "LIB-002", "")
{
    HMODULE library = library_load();
    struct library_job job = library_job();
    open_gate(job.gate);
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    SetThreadpoolCallbackLibrary(&environment, library);
    PTP_WORK work = at->create_work(work_in(library), &job, &environment);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    at->close_work(work);
    bool went = wait_until(!library_is_mapped(), BRIEFLY);
    observe("after one object came and went the caller's reference is %s", went ? "used up" : "still there");
    check(!went, "the pool used the caller's reference up");
}

OBSERVATION_AT_BOTH_LEVELS(whether_an_idle_object_keeps_its_library, "LIB-009", "")
{
    HMODULE library = library_load();
    struct library_job job = library_job();
    open_gate(job.gate);
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    SetThreadpoolCallbackLibrary(&environment, library);
    PTP_WORK work = at->create_work(work_in(library), &job, &environment);
    at->submit(work);
    at->wait_for_work(work, FALSE);
    FreeLibrary(library);
    bool went = wait_until(!library_is_mapped(), GENEROUS / 2);
    observe("an idle object %s its library", went ? "does not keep" : "keeps");
    at->close_work(work);
    check(wait_until(!library_is_mapped(), GENEROUS), "the library stays after the close of its object");
}

static void CALLBACK use_the_loader(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct job *job = context;
    char name[MAX_PATH];
    open_gate(job->entered);
    pass_gate(job->gate);
    GetModuleFileNameA(NULL, name, sizeof name);
    FreeLibrary(LoadLibraryA("version.dll"));
    count_up(&job->returned);
}

static DWORD WINAPI free_it(void *library)
{
    FreeLibrary(library);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_callback_may_use_the_loader_while_its_library_is_freed, "LIB-003", "")
{
    HMODULE library = library_load();
    library_listen(library, note_detach);
    struct job job = gated_job();
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    SetThreadpoolCallbackLibrary(&environment, library);
    require(at->try_submit(use_the_loader, &job, &environment), "refused: 0x%lx", why());
    pass_gate(job.entered);
    HANDLE thread = start_thread(free_it, library);
    open_gate(job.gate);
    await_count(&job.returned, 1);
    join_thread(thread);
    await_count(&detaches, 1);
}

BINDING_AT_BOTH_LEVELS(a_callback_may_drop_the_last_reference_to_its_own_code, "LIB-006 EPI-005 EPI-006", "NT-013")
{
    for (LONG i = 1; i <= 50; i++) {
        HMODULE library = library_load();
        library_listen(library, note_detach);
        struct library_job job = library_job();
        job.free_when_returns = at->native ? api.TpCallbackUnloadDllOnCompletion : api.FreeLibraryWhenCallbackReturns;
        require(at->try_submit(simple_in(library, LIBRARY_LEAVING), &job, NULL), "refused: 0x%lx", why());
        pass_gate(job.entered);
        check(detaches == i - 1, "the library was freed while its callback was inside");
        open_gate(job.gate);
        await_count(&detaches, i);
        check(job.returned == 1, "the library was freed before its callback was over");
        check(detach_thread != (LONG)GetCurrentThreadId(), "the library was not freed on the worker");
        CloseHandle(job.entered);
        CloseHandle(job.gate);
    }
}

BINDING_AT_BOTH_LEVELS(a_library_that_waits_for_its_callbacks_can_be_unloaded, "LIB-004 LIB-008", "")
{
    struct library_job job = library_job();
    open_gate(job.gate);
    for (LONG i = 1; i <= 300; i++) {
        HMODULE library = library_load();
        PTP_CLEANUP_GROUP group = at->create_group();
        TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
        PTP_WORK work = at->create_work(work_in(library), &job, &environment);
        for (int post = 0; post < 3; post++)
            at->submit(work);
        require(at->try_submit(simple_in(library, LIBRARY_SIMPLE), &job, &environment), "refused: 0x%lx", why());
        at->close_members(group, i % 2, NULL);
        at->close_group(group);
        FreeLibrary(library);
        require(!library_is_mapped(), "the library stays");
    }
}

static volatile LONG attaches;
static volatile LONG detached_threads;

static void count_threads(DWORD reason, void *reserved)
{
    (void)reserved;
    if (reason == DLL_THREAD_ATTACH)
        count_up(&attaches);
    if (reason == DLL_THREAD_DETACH)
        count_up(&detached_threads);
}

OBSERVATION_AT_BOTH_LEVELS(workers_are_announced_to_libraries, "THR-015", "")
{
    library_listen(library_load(), count_threads);
    PTP_POOL pool = pool_of(at, 4);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct meeting meeting = meeting_of(4);
    struct job job = {.meeting = &meeting};
    for (int i = 0; i < 4; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 4);
    check(attaches >= 4, "4 workers, %ld attach notifications", attaches);
    at->close_pool(pool);
    check(wait_until(counted(&detached_threads) >= 4, GENEROUS), "4 workers, %ld detach notifications",
          counted(&detached_threads));
}
