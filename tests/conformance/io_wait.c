// SPDX-License-Identifier: MIT
//
// I/O objects: creating, waiting for callbacks, closing.
#include "io_log.h"

static struct io_log done;

struct waiting {
    const struct level *at;
    PTP_IO io;
    volatile LONG returned;
};

static DWORD WINAPI wait_for_all(void *argument)
{
    struct waiting *waiting = argument;
    waiting->at->wait_for_io(waiting->io, FALSE);
    count_up(&waiting->returned);
    return 0;
}

BINDING_AT_BOTH_LEVELS(an_io_wait_blocks_from_the_start_to_the_end_of_the_callback, "IO-022", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    done.entered = gate();
    done.release = gate();
    struct waiting waiting = {.at = at, .io = logging_io(at, pipe.server, &done, NULL)};
    at->start_io(waiting.io);
    HANDLE waiter = start_thread(wait_for_all, &waiting);
    check(stays(&waiting.returned, 0), "the wait returned right after the start");
    char buffer[16];
    OVERLAPPED overlapped = {0};
    ReadFile(pipe.server, buffer, sizeof buffer, NULL, &overlapped);
    check(stays(&waiting.returned, 0), "the wait returned while the read was pending");
    feed(&pipe, "hello", 5);
    pass_gate(done.entered);
    check(stays(&waiting.returned, 0), "the wait returned while the callback was running");
    open_gate(done.release);
    join_thread(waiter);
    check(done.count == 1, "one operation gave %ld callbacks", done.count);
    at->close_io(waiting.io);
}

BINDING_AT_BOTH_LEVELS(an_io_wait_with_nothing_started_returns_at_once, "IO-026", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    at->wait_for_io(io, FALSE);
    at->wait_for_io(io, TRUE);
    check(!done.count, "a callback came from nowhere");
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_io_wait_forgets_what_was_started, "IO-023 IO-025", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    at->start_io(io);
    at->wait_for_io(io, TRUE);
    check(stays(&done.count, 0), "a start alone called back");
    at->wait_for_io(io, FALSE);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    feed(&pipe, "hello", 5);
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "after a cancelling wait one operation gave %ld callbacks", done.count);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_cancelling_io_wait_does_not_cancel_the_operation, "IO-024 IO-023", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16] = "";
    OVERLAPPED overlapped = {.hEvent = gate()};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    at->wait_for_io(io, TRUE);
    feed(&pipe, "hello", 5);
    DWORD bytes = 0;
    check(GetOverlappedResult(pipe.server, &overlapped, &bytes, TRUE) && bytes == 5,
          "the operation gave %lu bytes, error %lu", bytes, GetLastError());
    check(stays(&done.count, 0), "a forgotten operation called back");
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(an_idle_io_object_may_be_closed_before_or_after_its_file, "IO-027 IO-028 IO-031", "NT-021")
{
    for (int i = 0; i < 200; i++) {
        struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
        PTP_IO io = logging_io(at, pipe.server, &done, NULL);
        char buffer[16];
        OVERLAPPED overlapped = {0};
        begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
        feed(&pipe, "hello", 5);
        at->wait_for_io(io, FALSE);
        check(done.count == i + 1, "%d operations gave %ld callbacks", i + 1, done.count);
        if (i % 2)
            CloseHandle(pipe.server);
        at->close_io(io);
        if (!(i % 2))
            CloseHandle(pipe.server);
        CloseHandle(pipe.client);
    }
}

BINDING_AT_BOTH_LEVELS(closing_an_io_object_does_not_wait_for_its_callback, "IO-027", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    done.entered = gate();
    done.release = gate();
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    feed(&pipe, "hello", 5);
    pass_gate(done.entered);
    at->close_io(io);
    check(!done.count, "the close waited for the callback");
    open_gate(done.release);
    await_count(&done.count, 1);
}

BINDING_AT_BOTH_LEVELS(a_started_operation_still_calls_back_after_the_close, "IO-030 IO-027", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    at->close_io(io);
    check(stays(&done.count, 0), "a callback came before the data");
    feed(&pipe, "hello", 5);
    await_count(&done.count, 1);
    expect_completion(at, &done.seen[0], NO_ERROR, 0, 5);
    check(done.seen[0].io == io, "the callback got I/O object %p instead of %p", (void *)done.seen[0].io, (void *)io);
}

static void expect_refusal(const struct level *at, HANDLE file, DWORD error, DWORD status, const char *what)
{
    PTP_IO io = try_io(at, file, &done, NULL);
    DWORD reason = why();
    check(!io, "%s gives an I/O object", what);
    if (!io)
        check(reason == (at->native ? status : error), "%s fails with 0x%lx instead of 0x%lx", what, reason,
              at->native ? status : error);
}

static HANDLE temporary_file(DWORD flags)
{
    char folder[MAX_PATH - 20], path[MAX_PATH];
    GetTempPathA(sizeof folder, folder);
    GetTempFileNameA(folder, "tpi", 0, path);
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              flags | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    require(file != INVALID_HANDLE_VALUE, "%s cannot be created: error %lu", path, GetLastError());
    return file;
}

OBSERVATION_AT_BOTH_LEVELS(handles_that_cannot_be_bound_are_refused, "IO-002 IO-004", "NT-021 NT-024")
{
    expect_refusal(at, temporary_file(0), ERROR_INVALID_PARAMETER, 0xC000000D, "a synchronous file");
    expect_refusal(at, NULL, ERROR_INVALID_HANDLE, 0xC0000008, "NULL");
    expect_refusal(at, (HANDLE)(ULONG_PTR)0xdeadbee0, ERROR_INVALID_HANDLE, 0xC0000008, "an invalid handle");
}

OBSERVATION_AT_BOTH_LEVELS(a_handle_can_be_bound_once_only, "IO-003 IO-005", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    expect_refusal(at, pipe.server, ERROR_INVALID_PARAMETER, 0xC000000D, "a handle that has an I/O object");
    at->close_io(io);
    expect_refusal(at, pipe.server, ERROR_INVALID_PARAMETER, 0xC000000D, "a handle that had an I/O object");
}

BINDING_AT_BOTH_LEVELS(an_overlapped_file_can_be_bound, "IO-001 IO-006", "NT-021")
{
    HANDLE file = temporary_file(FILE_FLAG_OVERLAPPED);
    PTP_IO io = logging_io(at, file, &done, NULL);
    static char data[4096];
    OVERLAPPED overlapped[8] = {0};
    for (DWORD i = 0; i < 8; i++) {
        overlapped[i].Offset = i * sizeof data;
        at->start_io(io);
        require(WriteFile(file, data, sizeof data, NULL, &overlapped[i]) || GetLastError() == ERROR_IO_PENDING,
                "the write failed at once: error %lu", GetLastError());
    }
    at->wait_for_io(io, FALSE);
    check(done.count == 8, "8 writes gave %ld callbacks", done.count);
    for (int i = 0; i < 8; i++)
        expect_completion(at, &done.seen[i], NO_ERROR, 0, sizeof data);
    CloseHandle(file);
    at->close_io(io);
}
