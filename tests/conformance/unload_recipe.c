// SPDX-License-Identifier: MIT
//
// A library that uses the pool all its life and follows the published recipe when it is unloaded: in its detach code it
// cancels what is outstanding, waits for what runs, and only then releases its objects.
#include "harness/library.h"
#include "io_log.h"

#include <string.h>

#define ROUNDS 200

// What the library has in use.
struct client {
    const struct level *at;
    struct library_job job;
    PTP_POOL pool;
    PTP_WORK work;
    PTP_TIMER timer;
    PTP_WAIT wait;
    PTP_IO io;
    HANDLE event;
    struct pipe pipe;
    OVERLAPPED overlapped;
    char buffer[16];
};
static struct client client;
static volatile LONG detaches;

#define IN_LIBRARY(pointer, library, name)                                                                             \
    do {                                                                                                               \
        void *address = library_export(library, name);                                                                 \
        memcpy(&(pointer), &address, sizeof address);                                                                  \
    } while (0)

static PTP_IO io_in(HMODULE library, TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_IO io = NULL;
    if (client.at->native) {
        nt_io_callback callback;
        IN_LIBRARY(callback, library, LIBRARY_NT_IO);
        api.TpAllocIoCompletion(&io, client.pipe.server, callback, &client.job, environment);
    } else {
        PTP_WIN32_IO_CALLBACK callback;
        IN_LIBRARY(callback, library, LIBRARY_IO);
        io = api.CreateThreadpoolIo(client.pipe.server, callback, &client.job, environment);
    }
    require(io, "no I/O object could be created");
    return io;
}

static void create_objects(const struct level *at, HMODULE library)
{
    PTP_WORK_CALLBACK work;
    PTP_TIMER_CALLBACK timer;
    PTP_WAIT_CALLBACK wait;
    IN_LIBRARY(work, library, LIBRARY_WORK);
    IN_LIBRARY(timer, library, LIBRARY_TIMER);
    IN_LIBRARY(wait, library, LIBRARY_WAIT);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(client.pool);
    client.work = at->create_work(work, &client.job, &environment);
    client.timer = at->create_timer(timer, &client.job, &environment);
    client.wait = at->create_wait(wait, &client.job, &environment);
    client.pipe = pipe_of(PIPE_TYPE_BYTE);
    client.io = io_in(library, &environment);
    require(client.work && client.timer && client.wait, "an object could not be created: error 0x%lx", why());
}

// In every second round the callbacks have begun when the library goes.
static void use_the_pool(const struct level *at, bool until_called)
{
    FILETIME due;
    LONG before = counted(&client.job.returned);
    at->set_timer(client.timer, due_in(&due, 0), 1, 0);
    at->set_wait(client.wait, client.event, NULL);
    client.overlapped = (OVERLAPPED){0};
    begin_read(at, client.io, &client.pipe, client.buffer, sizeof client.buffer, &client.overlapped);
    for (int i = 0; i < 3; i++)
        at->submit(client.work);
    SetEvent(client.event);
    if (until_called)
        await_count(&client.job.returned, before + 3);
}

static void retire(DWORD reason, void *reserved)
{
    if (reason != DLL_PROCESS_DETACH || reserved)
        return;
    const struct level *at = client.at;
    DWORD bytes;
    at->set_timer(client.timer, NULL, 0, 0);
    at->set_wait(client.wait, NULL, NULL);
    at->wait_for_work(client.work, TRUE);
    at->wait_for_timer(client.timer, TRUE);
    at->wait_for_wait(client.wait, TRUE);
    CancelIoEx(client.pipe.server, &client.overlapped);
    at->wait_for_io(client.io, TRUE);
    GetOverlappedResult(client.pipe.server, &client.overlapped, &bytes, TRUE);
    at->close_work(client.work);
    at->close_timer(client.timer);
    at->close_wait(client.wait);
    at->close_io(client.io);
    count_up(&detaches);
}

BINDING_AT_BOTH_LEVELS(a_library_that_retires_its_objects_in_its_detach_code_can_be_unloaded, "LIB-008 LIB-004", "")
{
    client = (struct client){.at = at, .job = library_job(), .pool = pool_of(at, 4)};
    client.event = CreateEventW(NULL, FALSE, FALSE, NULL);
    open_gate(client.job.gate);
    for (int round = 1; next_round(round, ROUNDS); round++) {
        HMODULE library = library_load();
        library_listen(library, retire);
        create_objects(at, library);
        use_the_pool(at, round % 2);
        FreeLibrary(library);
        require(detaches == round, "the detach code has not run %d times, but %ld times", round, detaches);
        require(!library_is_mapped(), "the library stays");
        ResetEvent(client.event);
        CloseHandle(client.pipe.server);
        CloseHandle(client.pipe.client);
    }
    // What came late would have found no code.
    check(stays(&client.job.returned, counted(&client.job.returned)), "a callback came after the unload");
}
