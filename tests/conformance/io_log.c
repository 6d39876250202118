// SPDX-License-Identifier: MIT
#include "io_log.h"

static void note(struct io_log *log, struct completion completion)
{
    LONG position = InterlockedIncrement(&log->begun) - 1;
    require(position < COMPLETION_ROOM, "the log of completions is full");
    log->seen[position] = completion;
    if (log->entered)
        open_gate(log->entered);
    if (log->release)
        pass_gate(log->release);
    if (log->meeting)
        meet(log->meeting, GENEROUS);
    count_up(&log->count);
}

static void CALLBACK on_win32_completion(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                                         ULONG_PTR bytes, PTP_IO io)
{
    (void)instance;
    note(context, (struct completion){overlapped, error, bytes, io});
}

static void CALLBACK on_nt_completion(PTP_CALLBACK_INSTANCE instance, void *context, void *apc_context,
                                      IO_STATUS_BLOCK *block, PTP_IO io)
{
    (void)instance;
    note(context, (struct completion){apc_context, (ULONG)block->Status, block->Information, io});
}

// The published types, whatever this compiler's headers call them.
_Static_assert(__builtin_types_compatible_p(__typeof__(on_win32_completion) *, PTP_WIN32_IO_CALLBACK),
               "the type of an I/O callback is another one");

PTP_IO try_io(const struct level *at, HANDLE file, struct io_log *log, PTP_CALLBACK_ENVIRON environment)
{
    if (!at->native)
        return api.CreateThreadpoolIo(file, on_win32_completion, log, environment);
    PTP_IO io = NULL;
    NTSTATUS status = api.TpAllocIoCompletion(&io, file, on_nt_completion, log, environment);
    SetLastError((DWORD)status);
    return status >= 0 ? io : NULL;
}

PTP_IO logging_io(const struct level *at, HANDLE file, struct io_log *log, PTP_CALLBACK_ENVIRON environment)
{
    PTP_IO io = try_io(at, file, log, environment);
    require(io, "no I/O object could be created: error 0x%lx", why());
    return io;
}

void expect_completion(const struct level *at, const struct completion *seen, DWORD error, DWORD status,
                       ULONG_PTR bytes)
{
    DWORD expected = at->native ? status : error;
    check(seen->result == expected, "the callback got the result 0x%lx instead of 0x%lx", seen->result, expected);
    check(seen->bytes == bytes, "the callback got %llu bytes instead of %llu", (unsigned long long)seen->bytes,
          (unsigned long long)bytes);
}

struct pipe pipe_of(DWORD mode)
{
    static LONG number;
    char name[80];
    snprintf(name, sizeof name, "\\\\.\\pipe\\conformance-%lu-%ld", GetCurrentProcessId(),
             InterlockedIncrement(&number));
    struct pipe pipe = {
        .server = CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, mode, 1, 65536, 65536, 0, NULL)};
    require(pipe.server != INVALID_HANDLE_VALUE, "no pipe could be created: error %lu", GetLastError());
    pipe.client = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, 0, NULL);
    require(pipe.client != INVALID_HANDLE_VALUE, "the pipe could not be opened: error %lu", GetLastError());
    return pipe;
}

void feed(const struct pipe *pipe, const void *data, DWORD size)
{
    DWORD written = 0;
    require(WriteFile(pipe->client, data, size, &written, NULL) && written == size,
            "the pipe took %lu of %lu bytes: error %lu", written, size, GetLastError());
}

static bool pending(BOOL done, const char *what)
{
    require(done || GetLastError() == ERROR_IO_PENDING, "the %s failed at once: error %lu", what, GetLastError());
    return !done;
}

bool begin_read(const struct level *at, PTP_IO io, const struct pipe *pipe, void *buffer, DWORD size,
                OVERLAPPED *overlapped)
{
    at->start_io(io);
    return pending(ReadFile(pipe->server, buffer, size, NULL, overlapped), "read");
}

bool begin_write(const struct level *at, PTP_IO io, const struct pipe *pipe, const void *data, DWORD size,
                 OVERLAPPED *overlapped)
{
    at->start_io(io);
    return pending(WriteFile(pipe->server, data, size, NULL, overlapped), "write");
}
