// SPDX-License-Identifier: MIT
//
// Ping-pong between the two ends of a named pipe, both overlapped; and the same on a bare completion port.
#include "harness/bench.h"
#include "harness/families.h"

#include <stdio.h>

#define ROUND_TRIPS 3000
#define MESSAGE     64

struct end {
    HANDLE file;
    PTP_IO io;
    OVERLAPPED reading;
    // One for each write: its completion may come after the answer to it.
    OVERLAPPED *writing;
    size_t written;
    size_t left;
    bool first;
    char in[MESSAGE], out[MESSAGE];
};

static struct end ends[2];
static HANDLE done;
static volatile bool over;

static void prepare(void)
{
    char name[64];
    snprintf(name, sizeof name, "\\\\.\\pipe\\ntpool-bench-%lu", GetCurrentProcessId());
    ends[0].file =
        CreateNamedPipeA(name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED, PIPE_TYPE_BYTE, 1, 4096, 4096, 0, NULL);
    require(ends[0].file != INVALID_HANDLE_VALUE, "no pipe: error %lu", GetLastError());
    ends[1].file = CreateFileA(name, GENERIC_READ | GENERIC_WRITE, 0, NULL, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
    require(ends[1].file != INVALID_HANDLE_VALUE, "no other end of the pipe: error %lu", GetLastError());
    for (int i = 0; i < 2; i++) {
        ends[i].left = scaled(ROUND_TRIPS, 20);
        ends[i].writing = zeroed(ends[i].left, sizeof *ends[i].writing);
        ends[i].first = i == 0;
    }
    done = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(done, "no event: error %lu", GetLastError());
}

static void check_begun(BOOL begun, const char *what)
{
    require(begun || GetLastError() == ERROR_IO_PENDING, "a %s failed: error %lu", what, GetLastError());
}

static void begin_read(struct end *end)
{
    end->reading = (OVERLAPPED){0};
    if (end->io)
        api.StartThreadpoolIo(end->io);
    check_begun(ReadFile(end->file, end->in, MESSAGE, NULL, &end->reading), "read");
}

static void begin_write(struct end *end)
{
    OVERLAPPED *writing = &end->writing[end->written++];
    if (end->io)
        api.StartThreadpoolIo(end->io);
    check_begun(WriteFile(end->file, end->out, MESSAGE, NULL, writing), "write");
}

static void step(struct end *end, void *overlapped, ULONG error, ULONG_PTR bytes)
{
    require(!error && bytes == MESSAGE, "a transfer gave error %lu and %llu bytes", error, (unsigned long long)bytes);
    if (overlapped != &end->reading)
        return;
    bool more = --end->left > 0;
    if (more)
        begin_read(end);
    if (more || !end->first)
        begin_write(end);
    else
        over = SetEvent(done);
}

static void begin(void)
{
    begin_read(&ends[0]);
    begin_read(&ends[1]);
    begin_write(&ends[0]);
}

static void CALLBACK completed(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                               ULONG_PTR bytes, PTP_IO io)
{
    (void)instance, (void)io;
    step(context, overlapped, error, bytes);
}

static void on_the_pool(void)
{
    prepare();
    size_t times = ends[0].left;
    for (int i = 0; i < 2; i++) {
        ends[i].io = api.CreateThreadpoolIo(ends[i].file, completed, &ends[i], NULL);
        require(ends[i].io, "no I/O object: error %lu", GetLastError());
    }
    region_begin();
    double start = now();
    begin();
    WaitForSingleObject(done, INFINITE);
    double end = now();
    region_end();
    report("round-trip", (end - start) / 1e3 / (double)times);
}

static void on_a_port(void)
{
    prepare();
    size_t times = ends[0].left;
    HANDLE port = CreateIoCompletionPort(ends[0].file, NULL, 0, 1);
    require(port && CreateIoCompletionPort(ends[1].file, port, 1, 1), "no completion port: error %lu", GetLastError());
    double start = now();
    begin();
    while (!over) {
        DWORD bytes;
        ULONG_PTR key;
        OVERLAPPED *overlapped;
        require(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE), "a transfer failed: error %lu",
                GetLastError());
        step(&ends[key], overlapped, 0, bytes);
    }
    report("round-trip", (now() - start) / 1e3 / (double)times);
}

static const struct workload list[] = {
    {.name = "limit-port-pipe",
     .what = "ping-pong through a named pipe on a bare completion port",
     .run = on_a_port,
     .reference = true,
     .measures = {{.name = "round-trip", .unit = "us"}}},
    {.name = "io-pipe",
     .what = "ping-pong through a named pipe, both ends with an I/O object",
     .run = on_the_pool,
     .measures = {{.name = "round-trip",
                   .unit = "us",
                   .limit = "limit-port-pipe/round-trip",
                   .least = {.ratio = 1.2},
                   .aim = {.times_limit = 1.15}}}},
};
FAMILY(io_pipe, list);
