// SPDX-License-Identifier: MIT
//
// Hashes the files. A reader has one file in the works: an overlapped read brings a piece, its TP_IO callback posts the
// reader's work object, whose callback hashes the piece and starts the next read, or goes on to the next file.
#include "hashtree.h"

#include <stdlib.h>

enum { PIECE_SIZE = 256 * 1024 };

struct reader {
    struct run *run;
    PTP_WORK work;
    struct entry *entry; // NULL between two files
    HANDLE file;
    PTP_IO io;
    OVERLAPPED overlapped;
    uint64_t offset;
    DWORD error; // the outcome of the last read
    DWORD piece;
    struct sha256 hash;
    unsigned char *buffer;
};

static struct reader *readers;
static unsigned reader_count;
static volatile LONG readers_left;
static volatile LONG64 next_entry;

static void CALLBACK read_callback(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                                   ULONG_PTR size, PTP_IO io)
{
    struct reader *reader = context;

    (void)instance, (void)overlapped, (void)io;
    reader->error = error;
    reader->piece = (DWORD)size;
    SubmitThreadpoolWork(reader->work);
}

static wchar_t *full_path(const struct run *run, const wchar_t *path)
{
    size_t root = wcslen(run->root);
    wchar_t *full = malloc((root + wcslen(path) + 2) * sizeof(*full));

    if (!full)
        return NULL;
    wcscpy(full, run->root);
    full[root] = L'\\';
    wcscpy(full + root + 1, path);
    for (wchar_t *c = full + root; *c; c++)
        if (*c == L'/')
            *c = L'\\';
    return full;
}

// Opens the reader's file and learns its size.
static DWORD open_file(struct reader *reader)
{
    wchar_t *path = full_path(reader->run, reader->entry->path);
    LARGE_INTEGER size;
    DWORD error;

    if (!path)
        return ERROR_NOT_ENOUGH_MEMORY;
    reader->file = CreateFileW(path, GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                               OPEN_EXISTING, FILE_FLAG_OVERLAPPED | FILE_FLAG_SEQUENTIAL_SCAN, NULL);
    error = GetLastError();
    free(path);
    if (reader->file == INVALID_HANDLE_VALUE)
        return error;
    if (!GetFileSizeEx(reader->file, &size))
        return GetLastError();
    reader->entry->size = (uint64_t)size.QuadPart;
    reader->offset = 0;
    sha256_init(&reader->hash);
    if (!size.QuadPart)
        return ERROR_SUCCESS;
    reader->io = CreateThreadpoolIo(reader->file, read_callback, reader, &reader->run->environment);
    return reader->io ? ERROR_SUCCESS : GetLastError();
}

// Closes the reader's file. The TP_IO is left to the cleanup group: its callback may be about to return still.
static void close_file(struct reader *reader, DWORD error)
{
    struct run *run = reader->run;

    if (reader->file != INVALID_HANDLE_VALUE)
        CloseHandle(reader->file);
    if (!error) {
        sha256_final(&reader->hash, reader->entry->digest);
        reader->entry->hashed = TRUE;
    } else if (error != ERROR_CANCELLED) {
        InterlockedIncrement(&run->failures);
        report_failure(L"cannot read the file", reader->entry->path, error);
    }
    reader->file = INVALID_HANDLE_VALUE;
    reader->entry = NULL;
    if (error != ERROR_CANCELLED)
        InterlockedIncrement64(&run->files_done);
}

static DWORD start_read(struct reader *reader)
{
    uint64_t left = reader->entry->size - reader->offset;
    DWORD error;

    reader->overlapped = (OVERLAPPED){.Offset = (DWORD)reader->offset, .OffsetHigh = (DWORD)(reader->offset >> 32)};
    StartThreadpoolIo(reader->io);
    if (ReadFile(reader->file, reader->buffer, left < PIECE_SIZE ? (DWORD)left : PIECE_SIZE, NULL, &reader->overlapped))
        return ERROR_SUCCESS; // reported through the callback all the same
    error = GetLastError();
    if (error == ERROR_IO_PENDING)
        return ERROR_SUCCESS;
    CancelThreadpoolIo(reader->io);
    return error;
}

// Looks at what the last read brought.
static DWORD take_piece(struct reader *reader)
{
    if (reader->error)
        return reader->error;
    if (!reader->piece)
        return ERROR_HANDLE_EOF; // shorter than it was when it was opened
    sha256_update(&reader->hash, reader->buffer, reader->piece);
    reader->offset += reader->piece;
    InterlockedExchangeAdd64(&reader->run->bytes_done, reader->piece);
    return ERROR_SUCCESS;
}

// Makes the reader's file the next one that nobody has taken. FALSE: there is none.
static BOOL take_entry(struct reader *reader)
{
    LONG64 index;

    if (reader->run->cancelled)
        return FALSE;
    index = InterlockedIncrement64(&next_entry) - 1;
    if ((uint64_t)index >= reader->run->entry_count)
        return FALSE;
    reader->entry = &reader->run->entries[index];
    return TRUE;
}

static void CALLBACK work_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    struct reader *reader = context;
    DWORD error = reader->entry ? take_piece(reader) : ERROR_SUCCESS;

    (void)work;
    for (;;) {
        if (!reader->entry) {
            if (!take_entry(reader))
                break;
            error = open_file(reader);
        }
        if (!error && reader->offset < reader->entry->size) {
            if (reader->run->cancelled)
                error = ERROR_CANCELLED;
            else
                error = start_read(reader);
            if (!error)
                return; // the read goes on from here
        }
        close_file(reader, error);
    }
    if (!InterlockedDecrement(&readers_left))
        SetEventWhenCallbackReturns(instance, reader->run->finished);
}

static BOOL make_reader(struct run *run, struct reader *reader)
{
    reader->run = run;
    reader->file = INVALID_HANDLE_VALUE;
    reader->buffer = malloc(PIECE_SIZE);
    reader->work = reader->buffer ? CreateThreadpoolWork(work_callback, reader, &run->environment) : NULL;
    return reader->work != NULL;
}

BOOL start_hashing(struct run *run, unsigned parallel)
{
    reader_count = parallel < run->entry_count ? parallel : (unsigned)run->entry_count;
    if (!reader_count) {
        SetEvent(run->finished);
        return TRUE;
    }
    readers = calloc(reader_count, sizeof(*readers));
    if (!readers)
        return FALSE;
    for (unsigned i = 0; i < reader_count; i++)
        if (!make_reader(run, &readers[i]))
            return FALSE;
    readers_left = (LONG)reader_count;
    for (unsigned i = 0; i < reader_count; i++)
        SubmitThreadpoolWork(readers[i].work);
    return TRUE;
}

void free_hashing(void)
{
    for (unsigned i = 0; readers && i < reader_count; i++)
        free(readers[i].buffer);
    free(readers);
    readers = NULL;
}
