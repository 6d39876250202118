// SPDX-License-Identifier: MIT
//
// A pool that is loaded from a DLL of its own beside the system's: each serves the other's objects, and a second copy
// of the DLL is no second pool. For the system's own pool the first is trivial and the second does not arise.
#include "harness/job.h"
#include "harness/suite.h"

#include <string.h>

static struct entry_points other;

static void serve_a_work_object_of(const struct entry_points *maker, const struct entry_points *server)
{
    struct job job = gated_job();
    PTP_WORK work = maker->CreateThreadpoolWork(work_job, &job, NULL);
    require(work, "no work object: error %lu", GetLastError());
    server->SubmitThreadpoolWork(work);
    pass_gate(job.entered);
    server->SubmitThreadpoolWork(work);
    open_gate(job.gate);
    server->WaitForThreadpoolWorkCallbacks(work, FALSE);
    check(job.returned == 2, "%ld of 2 callbacks ran", job.returned);
    server->CloseThreadpoolWork(work);
}

static void serve_a_timer_and_a_wait_of(const struct entry_points *maker, const struct entry_points *server)
{
    struct job tick = {0}, signalled = {0};
    PTP_TIMER timer = maker->CreateThreadpoolTimer(timer_job, &tick, NULL);
    PTP_WAIT wait = maker->CreateThreadpoolWait(wait_job, &signalled, NULL);
    require(timer && wait, "no objects: error %lu", GetLastError());
    FILETIME due;
    HANDLE event = gate();
    server->SetThreadpoolTimer(timer, due_in(&due, 10), 10, 0);
    check(server->IsThreadpoolTimerSet(timer), "the timer is not set");
    await_count(&tick.returned, 2);
    server->SetThreadpoolTimer(timer, NULL, 0, 0);
    server->WaitForThreadpoolTimerCallbacks(timer, TRUE);
    server->SetThreadpoolWait(wait, event, NULL);
    open_gate(event);
    await_count(&signalled.calls, 1);
    server->WaitForThreadpoolWaitCallbacks(wait, FALSE);
    server->CloseThreadpoolTimer(timer);
    server->CloseThreadpoolWait(wait);
}

static void use_a_pool_and_a_group_of(const struct entry_points *maker, const struct entry_points *server)
{
    struct job job = {0}, blocker = gated_job();
    PTP_POOL pool = maker->CreateThreadpool(NULL);
    PTP_CLEANUP_GROUP group = maker->CreateThreadpoolCleanupGroup();
    require(pool && group, "no objects: error %lu", GetLastError());
    server->SetThreadpoolThreadMaximum(pool, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(pool, group, NULL);
    require(server->TrySubmitThreadpoolCallback(simple_job, &blocker, &environment), "refused: %lu", GetLastError());
    pass_gate(blocker.entered);
    PTP_WORK work = server->CreateThreadpoolWork(work_job, &job, &environment);
    require(work, "no work object: error %lu", GetLastError());
    server->SubmitThreadpoolWork(work);
    check(stays(&job.calls, 0), "the work ran in another pool than its environment's, which is full");
    open_gate(blocker.gate);
    server->CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    check(job.returned == 1 && blocker.returned == 1, "the group close returned after %ld of 2 callbacks",
          job.returned + blocker.returned);
    server->CloseThreadpoolCleanupGroup(group);
    server->CloseThreadpool(pool);
}

static void serve_everything_of(const struct entry_points *maker, const struct entry_points *server)
{
    serve_a_work_object_of(maker, server);
    serve_a_timer_and_a_wait_of(maker, server);
    use_a_pool_and_a_group_of(maker, server);
}

BINDING(objects_of_the_system_pool_are_served, "OWN-001")
{
    entry_points_of(&other, NULL);
    serve_everything_of(&other, &api);
}

static HMODULE load_second_copy(void)
{
    char path[MAX_PATH], folder[MAX_PATH], copy[MAX_PATH];
    if (module_under_test() == GetModuleHandleA("kernel32.dll"))
        skip("the system's own pool cannot be loaded twice");
    GetModuleFileNameA(module_under_test(), path, sizeof path);
    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "tpd", 0, copy);
    DeleteFileA(copy);
    require(CreateDirectoryA(copy, NULL), "%s cannot be made: error %lu", copy, GetLastError());
    strcat(copy, "\\second-copy.dll");
    require(CopyFileA(path, copy, TRUE), "%s cannot be written: error %lu", copy, GetLastError());
    HMODULE second = LoadLibraryA(copy);
    require(second, "%s cannot be loaded: error %lu", copy, GetLastError());
    check(second != module_under_test(), "the copy is the same module");
    return second;
}

BINDING(a_second_copy_of_the_dll_serves_the_objects_of_the_first, "OWN-002")
{
    entry_points_of(&other, load_second_copy());
    serve_everything_of(&other, &api);
    serve_everything_of(&api, &other);
}

BINDING(two_copies_of_the_dll_are_one_default_pool, "OWN-002 POOL-001")
{
    static struct order threads;
    entry_points_of(&other, load_second_copy());
    // A default pool that is one lends the same idle worker to both: some thread is seen through each copy.
    LONG seen_by_first = 0;
    bool shared = false;
    for (int i = 0; i < 200 && !shared; i++) {
        struct job job = {0};
        const struct entry_points *copy = i % 2 ? &other : &api;
        require(copy->TrySubmitThreadpoolCallback(simple_job, &job, NULL), "refused: error %lu", GetLastError());
        await_count(&job.returned, 1);
        if (i % 2)
            shared = seen_by_first == job.thread;
        else
            seen_by_first = job.thread;
        order_note(&threads, job.thread);
    }
    check(shared, "the copies never used the same thread");
}
