// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_IO_LOG_H
#define CONFORMANCE_IO_LOG_H

#include "harness/suite.h"

#define COMPLETION_ROOM 4096

struct completion {
    void *overlapped;
    ULONG result; // a Win32 error, or at NT level an NTSTATUS
    ULONG_PTR bytes;
    PTP_IO io;
};

// What the callbacks of I/O objects leave behind, in the order in which they began.
struct io_log {
    volatile LONG begun;
    volatile LONG count;
    struct completion seen[COMPLETION_ROOM];
    struct meeting *meeting; // where each callback waits for the others, or NULL
    HANDLE entered;          // opened by each callback, or NULL
    HANDLE release;          // passed by each callback, or NULL
};

// An I/O object for the handle whose callbacks fill the log; NULL with the reason in `why`.
PTP_IO try_io(const struct level *at, HANDLE file, struct io_log *log, PTP_CALLBACK_ENVIRON environment);
// The same; ends the test if it cannot be made.
PTP_IO logging_io(const struct level *at, HANDLE file, struct io_log *log, PTP_CALLBACK_ENVIRON environment);
// Fails the test unless the completion reports this result, in the terms of the level, and so many bytes.
void expect_completion(const struct level *at, const struct completion *seen, DWORD error, DWORD status,
                       ULONG_PTR bytes);

// A named pipe: the server's end is open for overlapped I/O, the client's end is synchronous.
struct pipe {
    HANDLE server;
    HANDLE client;
};
struct pipe pipe_of(DWORD mode);
// Writes to the client's end; ends the test if that fails.
void feed(const struct pipe *pipe, const void *data, DWORD size);

// Announces and begins a read or a write at the server's end; ends the test if it fails at once. True if it is pending.
bool begin_read(const struct level *at, PTP_IO io, const struct pipe *pipe, void *buffer, DWORD size,
                OVERLAPPED *overlapped);
bool begin_write(const struct level *at, PTP_IO io, const struct pipe *pipe, const void *data, DWORD size,
                 OVERLAPPED *overlapped);

#endif
