// SPDX-License-Identifier: MIT
//
// I/O objects: what a completion tells, and operations that end at once, fail, are cancelled or need no callback.
#include "io_log.h"

#include <string.h>

#define STATUS_IS_CANCELLED       0xC0000120u
#define STATUS_IS_PIPE_BROKEN     0xC000014Bu
#define STATUS_IS_BUFFER_OVERFLOW 0x80000005u

static struct io_log done;

BINDING_AT_BOTH_LEVELS(a_pending_read_calls_back_with_all_it_should_know,
                       "IO-001 IO-006 IO-015 IO-016 IO-017 IO-018 ST-008 "
                       "IO-020 ENV-034",
                       "NT-021 NT-022")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16] = "";
    OVERLAPPED overlapped = {0};
    require(begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped), "a read from an empty pipe is not pending");
    check(stays(&done.count, 0), "a callback came before the data");
    feed(&pipe, "hello", 5);
    await_count(&done.count, 1);
    expect_completion(at, &done.seen[0], NO_ERROR, 0, 5);
    check(done.seen[0].overlapped == &overlapped, "the callback got another OVERLAPPED");
    check(done.seen[0].io == io, "the callback got I/O object %p instead of %p", (void *)done.seen[0].io, (void *)io);
    check(!strncmp(buffer, "hello", 5), "the buffer holds '%.5s'", buffer);
    at->wait_for_io(io, FALSE);
    CloseHandle(pipe.server);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(each_of_several_operations_calls_back_once, "IO-006 IO-008", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    OVERLAPPED overlapped[4] = {0};
    char buffer[2][8];
    begin_read(at, io, &pipe, buffer[0], 4, &overlapped[0]);
    begin_read(at, io, &pipe, buffer[1], 4, &overlapped[1]);
    begin_write(at, io, &pipe, "left", 4, &overlapped[2]);
    begin_write(at, io, &pipe, "right", 5, &overlapped[3]);
    feed(&pipe, "12345678", 8);
    at->wait_for_io(io, FALSE);
    check(done.count == 4, "4 operations gave %ld callbacks", done.count);
    for (int i = 0; i < 4; i++) {
        int times = 0;
        for (int j = 0; j < 4; j++)
            times += done.seen[j].overlapped == &overlapped[i];
        check(times == 1, "operation %d was reported %d times", i, times);
    }
    check(stays(&done.count, 4), "a callback came after the wait");
    at->close_io(io);
    CloseHandle(pipe.server);
}

BINDING_AT_BOTH_LEVELS(an_operation_that_succeeds_at_once_still_calls_back, "IO-012", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    feed(&pipe, "hello", 5);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    check(!begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped), "a read of data that is there is pending");
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "one operation gave %ld callbacks", done.count);
    expect_completion(at, &done.seen[0], NO_ERROR, 0, 5);
    check(stays(&done.count, 1), "another callback came");
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(cancel_balances_an_operation_that_fails_at_once, "IO-009 IO-010", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    feed(&pipe, "hello", 5);
    OVERLAPPED overlapped = {0};
    at->start_io(io);
    BOOL read = ReadFile(pipe.server, (void *)(ULONG_PTR)0xdeadbee0, 4, NULL, &overlapped);
    require(!read && GetLastError() == ERROR_NOACCESS, "a read into nowhere did not fail with ERROR_NOACCESS, but %lu",
            GetLastError());
    at->cancel_io(io);
    at->wait_for_io(io, FALSE);
    check(stays(&done.count, 0), "an operation that failed at once called back");
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_cancel_takes_back_one_start_only, "IO-009 IO-010", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    require(begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped), "a read from an empty pipe is not pending");
    at->start_io(io);
    at->cancel_io(io); // an operation that could not be begun
    feed(&pipe, "hello", 5);
    await_count(&done.count, 1);
    check(done.seen[0].overlapped == &overlapped, "another operation called back");
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(cancel_balances_a_success_that_skips_the_port, "IO-011", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    if (!SetFileCompletionNotificationModes(pipe.server, FILE_SKIP_COMPLETION_PORT_ON_SUCCESS))
        skip("this host cannot skip the completion port: error %lu", GetLastError());
    feed(&pipe, "hello", 5);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    check(!begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped), "a read of data that is there is pending");
    at->cancel_io(io);
    at->wait_for_io(io, FALSE);
    check(stays(&done.count, 0), "a success that skips the port called back");

    check(begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped), "a read from an empty pipe is not pending");
    feed(&pipe, "more", 4);
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "a pending operation gave %ld callbacks in this mode", done.count);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_completion_after_start_and_cancel_is_ignored, "IO-013 IO-014", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16] = "";
    OVERLAPPED overlapped = {.hEvent = gate()};
    at->start_io(io);
    at->cancel_io(io);
    require(!ReadFile(pipe.server, buffer, sizeof buffer, NULL, &overlapped) && GetLastError() == ERROR_IO_PENDING,
            "the read is not pending: error %lu", GetLastError());
    feed(&pipe, "hello", 5);
    pass_gate(overlapped.hEvent);
    check(!strncmp(buffer, "hello", 5), "the read was cancelled too");
    check(stays(&done.count, 0), "a completion that was not announced called back");
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_cancelled_read_reports_so_with_no_bytes, "IO-017 IO-018 NT-023", "NT-021 NT-022")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    require(CancelIoEx(pipe.server, &overlapped), "the read cannot be cancelled: error %lu", GetLastError());
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "a cancelled read gave %ld callbacks", done.count);
    expect_completion(at, &done.seen[0], ERROR_OPERATION_ABORTED, STATUS_IS_CANCELLED, 0);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(a_read_whose_peer_goes_away_reports_a_broken_pipe, "IO-017", "NT-021 NT-022")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    CloseHandle(pipe.client);
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "a broken pipe gave %ld callbacks", done.count);
    expect_completion(at, &done.seen[0], ERROR_BROKEN_PIPE, STATUS_IS_PIPE_BROKEN, 0);
    at->close_io(io);
}

OBSERVATION_AT_BOTH_LEVELS(a_message_longer_than_the_buffer_is_more_data_with_its_bytes, "IO-019", "NT-021 NT-022")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_MESSAGE | PIPE_READMODE_MESSAGE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[4];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    feed(&pipe, "0123456789", 10);
    check(wait_until(counted(&done.count) == 1, GENEROUS), "a message that is too long gave %ld callbacks", done.count);
    expect_completion(at, &done.seen[0], ERROR_MORE_DATA, STATUS_IS_BUFFER_OVERFLOW, 4);
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

OBSERVATION_AT_BOTH_LEVELS(the_event_of_an_operation_is_set_as_usual, "IO-021", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {.hEvent = gate()};
    begin_read(at, io, &pipe, buffer, 5, &overlapped);
    feed(&pipe, "hello", 5);
    check(gate_opens(overlapped.hEvent, GENEROUS), "the event is not set");
    check(wait_until(counted(&done.count) == 1, GENEROUS), "no callback came");

    HANDLE event = gate();
    overlapped = (OVERLAPPED){.hEvent = (HANDLE)((ULONG_PTR)event | 1)};
    begin_read(at, io, &pipe, buffer, 5, &overlapped);
    feed(&pipe, "quiet", 5);
    check(gate_opens(event, GENEROUS), "the event with its low bit set is not set");
    check(stays(&done.count, 1), "an event with its low bit set did not suppress the callback");
    at->cancel_io(io);
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

OBSERVATION_AT_BOTH_LEVELS(closing_the_file_completes_what_is_pending, "IO-032", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    CloseHandle(pipe.server);
    check(wait_until(counted(&done.count) == 1, GENEROUS), "no callback came");
    remark("the result is 0x%lx", done.seen[0].result);
    check(done.seen[0].result != 0, "a read of a closed file succeeded");
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

struct issue {
    const struct level *at;
    PTP_IO io;
    struct pipe *pipe;
    OVERLAPPED overlapped;
    char buffer[16];
};

static DWORD WINAPI read_and_leave(void *argument)
{
    struct issue *issue = argument;
    begin_read(issue->at, issue->io, issue->pipe, issue->buffer, sizeof issue->buffer, &issue->overlapped);
    return 0;
}

OBSERVATION_AT_BOTH_LEVELS(an_operation_outlives_the_thread_that_began_it, "IO-035", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, NULL);
    struct issue issue = {.at = at, .io = io, .pipe = &pipe};
    join_thread(start_thread(read_and_leave, &issue));
    Sleep(BRIEFLY);
    feed(&pipe, "hello", 5);
    check(wait_until(counted(&done.count) == 1, GENEROUS), "no callback came");
    expect_completion(at, &done.seen[0], NO_ERROR, 0, 5);
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}
