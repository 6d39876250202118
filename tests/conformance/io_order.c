// SPDX-License-Identifier: MIT
//
// I/O objects: the order of completions, parallel callbacks, many of them, pools and groups.
#include "blocked_pool.h"
#include "io_log.h"

static struct io_log done;

#define READS 64

struct reads {
    struct pipe pipe;
    OVERLAPPED overlapped[READS];
    char buffer[READS];
};

static struct reads reads;

// Begins one-byte reads that the peer then completes one after another.
static void begin_reads(const struct level *at, PTP_IO io)
{
    for (int i = 0; i < READS; i++)
        require(begin_read(at, io, &reads.pipe, &reads.buffer[i], 1, &reads.overlapped[i]),
                "a read from an empty pipe is not pending");
}

static void check_order(void)
{
    check(done.count == READS, "%d reads gave %ld callbacks", READS, done.count);
    for (int i = 0; i < READS; i++) {
        LONG which = (LONG)((OVERLAPPED *)done.seen[i].overlapped - reads.overlapped);
        require(which == i, "callback %d reports read %ld", i, which);
    }
}

OBSERVATION_AT_BOTH_LEVELS(completions_queued_in_a_one_thread_pool_run_in_order, "IO-034", "NT-021")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    reads.pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, reads.pipe.server, &done, &blocked.environment);
    begin_reads(at, io);
    for (int i = 0; i < READS; i++)
        feed(&reads.pipe, "x", 1);
    Sleep(BRIEFLY);
    check(!done.begun, "a callback ran on a thread that was blocked");
    unblock_pool(&blocked);
    at->wait_for_io(io, FALSE);
    check_order();
    at->close_io(io);
}

OBSERVATION_AT_BOTH_LEVELS(completions_of_an_idle_one_thread_pool_run_in_order, "IO-034", "NT-021")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    reads.pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, reads.pipe.server, &done, &environment);
    begin_reads(at, io);
    for (int i = 0; i < READS; i++)
        feed(&reads.pipe, "x", 1);
    at->wait_for_io(io, FALSE);
    check_order();
    at->close_io(io);
    at->close_pool(pool);
}

OBSERVATION_AT_BOTH_LEVELS(callbacks_of_one_io_object_may_run_in_parallel, "IO-033", "NT-021")
{
    struct meeting meeting = meeting_of(2);
    done.meeting = &meeting;
    reads.pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, reads.pipe.server, &done, NULL);
    begin_read(at, io, &reads.pipe, &reads.buffer[0], 1, &reads.overlapped[0]);
    begin_read(at, io, &reads.pipe, &reads.buffer[1], 1, &reads.overlapped[1]);
    feed(&reads.pipe, "xy", 2);
    check(gate_opens(meeting.complete, GENEROUS), "two callbacks of one I/O object never overlapped");
    at->wait_for_io(io, FALSE);
    at->close_io(io);
}

BINDING_AT_BOTH_LEVELS(io_callbacks_keep_to_their_pool, "IO-040 POOL-011", "NT-021")
{
    struct blocked_pool blocked;
    block_pool(&blocked, at);
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE), free_pipe = pipe_of(PIPE_TYPE_BYTE);
    static struct io_log free_log;
    PTP_IO io = logging_io(at, pipe.server, &done, &blocked.environment);
    PTP_IO free_io = logging_io(at, free_pipe.server, &free_log, NULL);
    char buffer[2][8];
    OVERLAPPED overlapped[2] = {0};
    begin_read(at, io, &pipe, buffer[0], 8, &overlapped[0]);
    begin_read(at, free_io, &free_pipe, buffer[1], 8, &overlapped[1]);
    feed(&pipe, "hello", 5);
    feed(&free_pipe, "hello", 5);
    await_count(&free_log.count, 1);
    check(stays(&done.begun, 0), "a callback ran although the only thread of its pool is blocked");
    unblock_pool(&blocked);
    at->wait_for_io(io, FALSE);
    check(done.count == 1, "one operation gave %ld callbacks", done.count);
    at->close_io(io);
    at->close_io(free_io);
}

BINDING_AT_BOTH_LEVELS(a_blocked_io_callback_does_not_stall_other_io, "IO-033 POOL-007", "NT-021")
{
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE), other = pipe_of(PIPE_TYPE_BYTE);
    static struct io_log other_log;
    done.entered = gate();
    done.release = gate();
    PTP_POOL pool = pool_of(at, 1), other_pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool), other_environment = environment_of(other_pool);
    PTP_IO io = logging_io(at, pipe.server, &done, &environment);
    PTP_IO other_io = logging_io(at, other.server, &other_log, &other_environment);
    char buffer[2][8];
    OVERLAPPED overlapped[2] = {0};
    begin_read(at, io, &pipe, buffer[0], 8, &overlapped[0]);
    feed(&pipe, "hello", 5);
    pass_gate(done.entered);
    for (LONG i = 0; i < 20; i++) {
        begin_read(at, other_io, &other, buffer[1], 8, &overlapped[1]);
        feed(&other, "hello", 5);
        await_count(&other_log.count, i + 1);
    }
    open_gate(done.release);
    at->wait_for_io(io, FALSE);
    at->close_io(io);
    at->close_io(other_io);
}

static volatile LONG cancelled;
static void CALLBACK note_cancel(void *object_context, void *cleanup_context)
{
    check(object_context == &done, "the cancel callback got the context %p of the object", object_context);
    check(cleanup_context == &cancelled, "the cancel callback got the context %p of the close", cleanup_context);
    count_up(&cancelled);
}

OBSERVATION_AT_BOTH_LEVELS(closing_a_group_closes_its_io_objects, "IO-037 CG-002", "NT-021 NT-008")
{
    PTP_CLEANUP_GROUP group = at->create_group();
    require(group, "no group could be created: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, note_cancel);
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, &environment);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    feed(&pipe, "hello", 5);
    at->wait_for_io(io, FALSE);
    at->close_members(group, TRUE, (void *)&cancelled);
    check(cancelled == 1, "the cancel callback ran %ld times", cancelled);
    at->close_group(group);
}

struct closing {
    const struct level *at;
    PTP_CLEANUP_GROUP group;
    volatile LONG over;
};

static DWORD WINAPI close_members(void *argument)
{
    struct closing *closing = argument;
    closing->at->close_members(closing->group, FALSE, NULL);
    count_up(&closing->over);
    return 0;
}

OBSERVATION_AT_BOTH_LEVELS(a_group_close_waits_for_operations_that_were_started, "IO-037", "NT-021 NT-008")
{
    struct closing closing = {.at = at, .group = at->create_group()};
    require(closing.group, "no group could be created: error 0x%lx", why());
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, closing.group, NULL);
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, pipe.server, &done, &environment);
    char buffer[16];
    OVERLAPPED overlapped = {0};
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    HANDLE thread = start_thread(close_members, &closing);
    check(stays(&closing.over, 0), "the close of the group did not wait for a pending read");
    feed(&pipe, "hello", 5);
    join_thread(thread);
    check(done.count == 1, "%ld callbacks had run when the close returned", done.count);
    at->close_group(closing.group);
}

#define MANY 1000

BINDING_AT_BOTH_LEVELS(a_thousand_operations_call_back_once_each, "IO-006 IO-008", "NT-021")
{
    static OVERLAPPED overlapped[MANY];
    static char buffer[MANY];
    static unsigned char times[MANY];
    reads.pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = logging_io(at, reads.pipe.server, &done, NULL);
    for (int i = 0; i < MANY; i++)
        begin_read(at, io, &reads.pipe, &buffer[i], 1, &overlapped[i]);
    static char data[MANY];
    feed(&reads.pipe, data, MANY);
    at->wait_for_io(io, FALSE);
    check(done.count == MANY, "%d operations gave %ld callbacks", MANY, done.count);
    for (int i = 0; i < done.count; i++)
        times[(OVERLAPPED *)done.seen[i].overlapped - overlapped]++;
    for (int i = 0; i < MANY; i++)
        check(times[i] == 1, "operation %d was reported %d times", i, times[i]);
    at->close_io(io);
}
