// SPDX-License-Identifier: MIT
#include "verified.h"

#include <string.h>

void (*callback_body)(void);
void *volatile callback_object;

static HANDLE begun;

static void do_body(void)
{
    if (callback_body)
        callback_body();
    if (begun)
        open_gate(begun);
}

static void CALLBACK simple_body(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    do_body();
}

static void CALLBACK work_body(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    do_body();
}

static void CALLBACK quiet_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
}

static void CALLBACK timer_body(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)context;
    (void)timer;
    do_body();
}

static void CALLBACK wait_body(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)context;
    (void)wait;
    (void)result;
    do_body();
}

static void CALLBACK io_body(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG result,
                             ULONG_PTR bytes, PTP_IO io)
{
    (void)instance;
    (void)context;
    (void)overlapped;
    (void)result;
    (void)bytes;
    (void)io;
    do_body();
}

static DWORD WINAPI item_body(void *context)
{
    (void)context;
    do_body();
    return 0;
}

static void CALLBACK legacy_body(void *context, BOOLEAN timed_out)
{
    (void)context;
    (void)timed_out;
    do_body();
}

static void CALLBACK bound_body(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    (void)error;
    (void)bytes;
    (void)overlapped;
    do_body();
}

static void run_work(void)
{
    PTP_WORK work = api.CreateThreadpoolWork(work_body, NULL, NULL);
    callback_object = work;
    api.SubmitThreadpoolWork(work);
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    api.CloseThreadpoolWork(work);
}

static void run_simple(void)
{
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    callback_object = group;
    api.TrySubmitThreadpoolCallback(simple_body, NULL, &environment);
    pass_gate(begun);
    api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    api.CloseThreadpoolCleanupGroup(group);
}

static void run_timer(void)
{
    FILETIME now;
    PTP_TIMER timer = api.CreateThreadpoolTimer(timer_body, NULL, NULL);
    callback_object = timer;
    api.SetThreadpoolTimer(timer, due_in(&now, 0), 0, 0);
    api.WaitForThreadpoolTimerCallbacks(timer, FALSE);
    api.CloseThreadpoolTimer(timer);
}

static void run_wait(void)
{
    HANDLE event = CreateEventA(NULL, TRUE, TRUE, NULL);
    PTP_WAIT wait = api.CreateThreadpoolWait(wait_body, NULL, NULL);
    callback_object = wait;
    api.SetThreadpoolWait(wait, event, NULL);
    pass_gate(begun);
    api.WaitForThreadpoolWaitCallbacks(wait, FALSE);
    api.CloseThreadpoolWait(wait);
    CloseHandle(event);
}

static HANDLE open_for_io(void)
{
    char folder[MAX_PATH], path[MAX_PATH];
    require(GetTempPathA(sizeof folder, folder) && GetTempFileNameA(folder, "tpv", 0, path), "no temporary file");
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    require(file != INVALID_HANDLE_VALUE, "no file: error %lu", GetLastError());
    return file;
}

static void write_a_byte(HANDLE file)
{
    static OVERLAPPED overlapped;
    require(WriteFile(file, "x", 1, NULL, &overlapped) || GetLastError() == ERROR_IO_PENDING, "not written: error %lu",
            GetLastError());
}

static void run_io(void)
{
    HANDLE file = open_for_io();
    PTP_IO io = api.CreateThreadpoolIo(file, io_body, NULL, NULL);
    callback_object = io;
    api.StartThreadpoolIo(io);
    write_a_byte(file);
    api.WaitForThreadpoolIoCallbacks(io, FALSE);
    api.CloseThreadpoolIo(io);
    CloseHandle(file);
}

static void run_item(void)
{
    require(api.QueueUserWorkItem(item_body, NULL, 0), "not queued");
    pass_gate(begun);
}

static void run_registered_wait(void)
{
    HANDLE wait, event = CreateEventA(NULL, FALSE, FALSE, NULL);
    require(api.RegisterWaitForSingleObject(&wait, event, legacy_body, NULL, INFINITE, 0), "not registered");
    callback_object = wait;
    SetEvent(event);
    pass_gate(begun);
    api.UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    CloseHandle(event);
}

static void run_queue_timer(void)
{
    HANDLE timer;
    // The callback may want to see its timer.
    require(api.CreateTimerQueueTimer(&timer, NULL, legacy_body, NULL, 100, 0, 0), "no timer");
    callback_object = timer;
    pass_gate(begun);
    api.DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE);
}

static void run_bound(void)
{
    HANDLE file = open_for_io();
    require(api.BindIoCompletionCallback(file, bound_body, 0), "not bound");
    write_a_byte(file);
    pass_gate(begun);
    CloseHandle(file);
}

static void run_finalization(void)
{
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    environment.FinalizationCallback = simple_body;
    PTP_WORK work = api.CreateThreadpoolWork(quiet_work, NULL, &environment);
    api.CloseThreadpoolWork(work);
    pass_gate(begun);
}

const struct callback_kind callback_kinds[] = {
    {"work callback", run_work},
    {"simple callback", run_simple},
    {"timer callback", run_timer},
    {"wait callback", run_wait},
    {"I/O callback", run_io},
    {"work item", run_item},
    {"registered wait's callback", run_registered_wait},
    {"queue timer's callback", run_queue_timer},
    {"bound file's callback", run_bound},
    {"finalization callback", run_finalization},
};
const int callback_kind_count = sizeof callback_kinds / sizeof *callback_kinds;

void run_kind(const char *name)
{
    begun = gate();
    for (int i = 0; i < callback_kind_count; i++) {
        if (strcmp(callback_kinds[i].name, name))
            continue;
        callback_kinds[i].run();
        return;
    }
    require(false, "there is no kind %s", name);
}
