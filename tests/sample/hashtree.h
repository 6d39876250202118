// SPDX-License-Identifier: MIT
//
// hashtree: prints the SHA-256 digest of each file below a directory, and one of the whole tree. An ordinary Windows
// program that does all its work on the thread pool: it lists directories in simple callbacks, reads files with
// overlapped reads (TP_IO), hashes in TP_WORK callbacks, reports from a TP_TIMER and follows events with TP_WAITs.
#ifndef HASHTREE_H
#define HASHTREE_H

#include "sha256.h"

#include <wchar.h>
#include <windows.h>

// One file below the directory, and what became of it.
struct entry {
    wchar_t *path; // below the directory, with '/' between the names
    uint64_t size;
    unsigned char digest[SHA256_SIZE];
    BOOL hashed;
};

// What all parts of one run share.
struct run {
    const wchar_t *root; // absolute, in the \\?\ form, without a final backslash
    struct entry *entries;
    size_t entry_count;
    size_t entry_room;
    SRWLOCK entries_lock; // guards the three above while directories are being listed

    TP_CALLBACK_ENVIRON environment;
    PTP_POOL pool;
    PTP_CLEANUP_GROUP group;

    volatile LONG cancelled;    // no further file is to be started
    volatile LONG failures;     // files and directories that could not be read
    volatile LONG64 files_done; // files hashed or failed
    volatile LONG64 bytes_done;
    HANDLE finished; // set when the last file is done
};

// Lists all files below run->root. FALSE means that memory ran out.
BOOL list_files(struct run *run);

// Starts hashing run->entries with that many files in the works at a time; run->finished is set at the end. FALSE means
// that the system refused an object, and nothing has been started.
BOOL start_hashing(struct run *run, unsigned parallel);

// Frees what start_hashing made, once the cleanup group has closed its members.
void free_hashing(void);

struct progress;

// Starts the progress report and watches `cancel`, an event that asks the run to stop. NULL means that the system
// refused.
struct progress *start_progress(struct run *run, HANDLE cancel, BOOL quiet);

// Waits until the run has finished and the last progress line is out.
void wait_for_end(struct progress *progress);

// Frees it, once the cleanup group has closed its members.
void free_progress(struct progress *progress);

// Says on standard error that `path` could not be served, and why.
void report_failure(const wchar_t *what, const wchar_t *path, DWORD error);

// Converts to UTF-8; the result belongs to the caller. NULL means that memory ran out.
char *to_utf8(const wchar_t *text);

#endif
