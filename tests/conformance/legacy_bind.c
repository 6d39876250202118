// SPDX-License-Identifier: MIT
//
// BindIoCompletionCallback and RtlSetIoCompletionCallback.
#include "io_log.h"
#include "legacy.h"

#include <string.h>

struct operation {
    OVERLAPPED overlapped;
    DWORD error;
    DWORD bytes;
    DWORD thread;
    volatile LONG calls;
};

static void CALLBACK on_completion(DWORD error, DWORD bytes, OVERLAPPED *overlapped)
{
    struct operation *operation = CONTAINING_RECORD(overlapped, struct operation, overlapped);
    operation->error = error;
    operation->bytes = bytes;
    operation->thread = GetCurrentThreadId();
    count_up(&operation->calls);
}

// A new temporary file that goes when its handle is closed.
static HANDLE file_for_writing(DWORD flags)
{
    char directory[MAX_PATH], path[MAX_PATH];
    require(GetTempPathA(sizeof directory, directory) && GetTempFileNameA(directory, "tp", 0, path),
            "there is no name for a temporary file: error %lu", GetLastError());
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, flags | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    require(file != INVALID_HANDLE_VALUE, "the file %s cannot be created: error %lu", path, GetLastError());
    return file;
}

static void bind_handle(const struct level *at, HANDLE file)
{
    DWORD error = legacy_at(at)->bind(file, on_completion, 0);
    require(!error, "the handle cannot be bound: error %lu", error);
}

static void start_write(HANDLE file, struct operation *operation, DWORD offset, const void *data, DWORD size)
{
    operation->overlapped.Offset = offset;
    BOOL done = WriteFile(file, data, size, NULL, &operation->overlapped);
    require(done || GetLastError() == ERROR_IO_PENDING, "the write fails at once: error %lu", GetLastError());
}

static void expect_written(struct operation *operation, DWORD size)
{
    await_count(&operation->calls, 1);
    check(!operation->error, "the routine got error 0x%lx", operation->error);
    check(operation->bytes == size, "the routine got %lu bytes instead of %lu", operation->bytes, size);
    check(operation->thread != GetCurrentThreadId(), "the routine ran on the thread that wrote");
}

BINDING_AT_BOTH_LEVELS(a_bound_handle_calls_back_for_each_completion, "BIND-001 BIND-009", "NT-036")
{
    struct operation operation[3] = {0};
    HANDLE file = file_for_writing(FILE_FLAG_OVERLAPPED);
    bind_handle(at, file);
    for (DWORD i = 0; i < 3; i++)
        start_write(file, &operation[i], i * 4, "data", i + 1);
    for (DWORD i = 0; i < 3; i++)
        expect_written(&operation[i], i + 1);
    for (int i = 0; i < 3; i++)
        check(stays(&operation[i].calls, 1), "write %d gave %ld callbacks", i, operation[i].calls);
    CloseHandle(file);
}

BINDING_AT_BOTH_LEVELS(a_pending_read_calls_back_when_it_is_fed, "BIND-001 BIND-009", "NT-036")
{
    struct operation operation = {0};
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    char buffer[8] = "";
    bind_handle(at, pipe.server);
    BOOL done = ReadFile(pipe.server, buffer, sizeof buffer, NULL, &operation.overlapped);
    require(!done && GetLastError() == ERROR_IO_PENDING, "the read is not pending: error %lu", GetLastError());
    check(stays(&operation.calls, 0), "a callback came before the data");
    feed(&pipe, "data", 4);
    expect_written(&operation, 4);
    check(!memcmp(buffer, "data", 4), "the data did not arrive");
    CloseHandle(pipe.client);
    CloseHandle(pipe.server);
}

BINDING_AT_BOTH_LEVELS(flags_of_a_bind_are_accepted_or_refused_as_a_parameter, "BIND-002 BIND-006", "NT-036")
{
    HANDLE file = file_for_writing(FILE_FLAG_OVERLAPPED);
    DWORD error = legacy_at(at)->bind(file, on_completion, 12345);
    observe("flags 12345 give error %lu", error);
    check(!error || error == ERROR_INVALID_PARAMETER, "flags 12345 give error %lu", error);
    CloseHandle(file);
}

BINDING_AT_BOTH_LEVELS(a_synchronous_handle_cannot_be_bound, "BIND-003 BIND-006", "NT-036")
{
    HANDLE file = file_for_writing(0);
    DWORD error = legacy_at(at)->bind(file, on_completion, 0);
    check(error == ERROR_INVALID_PARAMETER, "a synchronous handle gives error %lu", error);
    CloseHandle(file);
}

BINDING_AT_BOTH_LEVELS(a_handle_is_bound_only_once, "BIND-004 BIND-006", "NT-036")
{
    struct operation operation = {0};
    HANDLE file = file_for_writing(FILE_FLAG_OVERLAPPED);
    bind_handle(at, file);
    DWORD error = legacy_at(at)->bind(file, on_completion, 0);
    check(error == ERROR_INVALID_PARAMETER, "a second bind gives error %lu", error);
    error = legacy_at(at)->bind(file, NULL, 0);
    check(error == ERROR_INVALID_PARAMETER, "a second bind without routine gives error %lu", error);
    start_write(file, &operation, 0, "data", 4);
    expect_written(&operation, 4);
    CloseHandle(file);
}

OBSERVATION_AT_BOTH_LEVELS(a_file_stays_bound_though_the_handle_that_was_bound_is_closed, "BIND-011", "NT-036")
{
    struct operation operation = {0};
    HANDLE file = file_for_writing(FILE_FLAG_OVERLAPPED), copy;
    require(DuplicateHandle(GetCurrentProcess(), file, GetCurrentProcess(), &copy, 0, FALSE, DUPLICATE_SAME_ACCESS),
            "the handle cannot be duplicated: error %lu", GetLastError());
    bind_handle(at, file);
    CloseHandle(file);
    DWORD error = legacy_at(at)->bind(copy, on_completion, 0);
    check(error == ERROR_INVALID_PARAMETER, "a bind of the copy gives error %lu", error);
    start_write(copy, &operation, 0, "data", 4);
    expect_written(&operation, 4);
    CloseHandle(copy);
}

BINDING_AT_BOTH_LEVELS(no_handle_cannot_be_bound, "BIND-005 BIND-006", "NT-036")
{
    DWORD error = legacy_at(at)->bind(NULL, on_completion, 0);
    observe("no handle gives error %lu", error);
    check(error == ERROR_INVALID_HANDLE || error == ERROR_INVALID_PARAMETER, "no handle gives error %lu", error);
}

BINDING_AT_BOTH_LEVELS(an_operation_that_fails_at_once_calls_nothing_back, "BIND-010", "NT-036")
{
    struct operation refused = {0}, later = {0};
    HANDLE file = file_for_writing(FILE_FLAG_OVERLAPPED);
    char buffer[4];
    bind_handle(at, file);
    BOOL done = ReadFile(file, buffer, sizeof buffer, NULL, &refused.overlapped);
    require(!done && GetLastError() == ERROR_ACCESS_DENIED, "a read of a handle for writing gives error %lu",
            GetLastError());
    start_write(file, &later, 0, "data", 4);
    expect_written(&later, 4);
    check(stays(&refused.calls, 0), "a read that failed at once gave a callback");
    CloseHandle(file);
}

OBSERVATION_AT_BOTH_LEVELS(a_cancelled_operation_reports_its_error_and_no_bytes, "BIND-007 BIND-008", "NT-036")
{
    struct operation operation = {0};
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    char buffer[8];
    bind_handle(at, pipe.server);
    BOOL done = ReadFile(pipe.server, buffer, sizeof buffer, NULL, &operation.overlapped);
    require(!done && GetLastError() == ERROR_IO_PENDING, "the read is not pending: error %lu", GetLastError());
    require(CancelIo(pipe.server), "the read cannot be cancelled: error %lu", GetLastError());
    await_count(&operation.calls, 1);
    observe("the routine got error 0x%lx and %lu bytes", operation.error, operation.bytes);
    DWORD expected = at->native ? 0xC0000120 : ERROR_OPERATION_ABORTED;
    check(operation.error == expected, "the routine got error 0x%lx instead of 0x%lx", operation.error, expected);
    check(operation.bytes == 0, "the routine got %lu bytes", operation.bytes);
    CloseHandle(pipe.client);
    CloseHandle(pipe.server);
}
