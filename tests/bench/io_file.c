// SPDX-License-Identifier: MIT
//
// Overlapped reads of a file, each begun by the completion of the one before; and the same on a bare completion port.
#include "harness/bench.h"
#include "harness/families.h"

#define READS     10000
#define BLOCK     4096
#define BLOCKS    256
#define MARK_BYTE 0x5a

struct reader {
    HANDLE file;
    PTP_IO io;
    OVERLAPPED overlapped;
    unsigned char *buffer;
    size_t left;
    HANDLE done;
};

static HANDLE make_file(void *buffer)
{
    char folder[MAX_PATH], path[MAX_PATH];
    require(GetTempPathA(sizeof folder, folder) && GetTempFileNameA(folder, "tpb", 0, path),
            "no temporary file: error %lu", GetLastError());
    HANDLE file = CreateFileA(path, GENERIC_READ | GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    require(file != INVALID_HANDLE_VALUE, "%s cannot be written: error %lu", path, GetLastError());
    DWORD written;
    for (int i = 0; i < BLOCKS; i++)
        require(WriteFile(file, buffer, BLOCK, &written, NULL) && written == BLOCK, "%s cannot be written: error %lu",
                path, GetLastError());
    CloseHandle(file);
    file = CreateFileA(path, GENERIC_READ | DELETE, FILE_SHARE_READ, NULL, OPEN_EXISTING,
                       FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    require(file != INVALID_HANDLE_VALUE, "%s cannot be read: error %lu", path, GetLastError());
    return file;
}

static void prepare(struct reader *reader)
{
    *reader = (struct reader){.buffer = zeroed(BLOCK, 1), .left = scaled(READS, 20)};
    reader->buffer[0] = MARK_BYTE;
    reader->file = make_file(reader->buffer);
    reader->done = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(reader->done, "no event: error %lu", GetLastError());
}

static void begin_read(struct reader *reader)
{
    reader->buffer[0] = 0;
    reader->overlapped = (OVERLAPPED){.Offset = (DWORD)(random_number() % BLOCKS) * BLOCK};
    if (reader->io)
        api.StartThreadpoolIo(reader->io);
    if (!ReadFile(reader->file, reader->buffer, BLOCK, NULL, &reader->overlapped))
        require(GetLastError() == ERROR_IO_PENDING, "a read failed: error %lu", GetLastError());
}

// Gives false after the last.
static bool end_read(struct reader *reader, ULONG error, ULONG_PTR bytes)
{
    require(!error && bytes == BLOCK && reader->buffer[0] == MARK_BYTE, "a read gave error %lu and %llu bytes", error,
            (unsigned long long)bytes);
    return --reader->left > 0;
}

static void CALLBACK completed(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                               ULONG_PTR bytes, PTP_IO io)
{
    (void)instance, (void)overlapped, (void)io;
    struct reader *reader = context;
    if (end_read(reader, error, bytes))
        begin_read(reader);
    else
        SetEvent(reader->done);
}

static void on_the_pool(void)
{
    static struct reader reader;
    prepare(&reader);
    size_t times = reader.left;
    reader.io = api.CreateThreadpoolIo(reader.file, completed, &reader, NULL);
    require(reader.io, "no I/O object: error %lu", GetLastError());
    region_begin();
    double start = now();
    begin_read(&reader);
    WaitForSingleObject(reader.done, INFINITE);
    double end = now();
    region_end();
    report("per-op", (end - start) / 1e3 / (double)times);
    CloseHandle(reader.file);
}

static void on_a_port(void)
{
    static struct reader reader;
    prepare(&reader);
    size_t times = reader.left;
    HANDLE port = CreateIoCompletionPort(reader.file, NULL, 0, 1);
    require(port, "no completion port: error %lu", GetLastError());
    double start = now();
    DWORD bytes;
    do {
        ULONG_PTR key;
        OVERLAPPED *overlapped;
        begin_read(&reader);
        require(GetQueuedCompletionStatus(port, &bytes, &key, &overlapped, INFINITE), "a read failed: error %lu",
                GetLastError());
    } while (end_read(&reader, 0, bytes));
    report("per-op", (now() - start) / 1e3 / (double)times);
    CloseHandle(reader.file);
}

static const struct workload list[] = {
    {.name = "limit-port-file",
     .what = "overlapped reads of 4 KiB on a bare completion port",
     .run = on_a_port,
     .reference = true,
     .measures = {{.name = "per-op", .unit = "us"}}},
    {.name = "io-file",
     .what = "overlapped reads of 4 KiB, each begun by the callback before",
     .run = on_the_pool,
     .measures = {{.name = "per-op",
                   .unit = "us",
                   .limit = "limit-port-file/per-op",
                   .least = {.ratio = 1.2},
                   .aim = {.times_limit = 1.15}}}},
};
FAMILY(io_file, list);
