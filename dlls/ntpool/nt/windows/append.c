// SPDX-License-Identifier: MIT
/*
 * Files that text is appended to, each opened at its first use and kept. A slot is filled by the thread that claimed
 * it; a thread that comes meanwhile, or finds no slot, opens the file for itself: nobody waits for anybody.
 */
#include "host.h"

#define SLOTS        4
#define LONGEST_NAME 512
#define ATTEMPTS     200

enum {
    FREE,
    FILLING,
    READY,
};

struct slot {
    _Atomic int state;
    HANDLE file;
    char path[LONGEST_NAME];
};

static struct slot slots[SLOTS];

static const LARGE_INTEGER lock_offset = {.QuadPart = INT64_C(0x4000000000000000)};
static const LARGE_INTEGER lock_length = {.QuadPart = 1};

static bool text_equals(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}

/* Writes all at once. The offset says where; NULL where the handle stands. */
static void write_text(HANDLE file, const char *text, size_t length, const LARGE_INTEGER *offset)
{
    IO_STATUS_BLOCK io;

    io.Status = NT_PENDING;
    // The standard error may have been opened for overlapped writes; the text must not go before the write has ended.
    if (NtWriteFile(file, NULL, NULL, NULL, &io, text, (ULONG)length, offset, NULL) == NT_PENDING)
        while (((volatile IO_STATUS_BLOCK *)&io)->Status == NT_PENDING)
            if (NtWaitForSingleObject(file, FALSE, NULL) < 0)
                return;
}

/*
 * Wine looks up the file's end and writes there in two steps: two processes would overwrite each other's lines. A lock
 * on a byte far beyond the end keeps them apart. It is asked for a bounded number of times, then done without: its
 * owner may be a stopped process or, at this process's end, a thread that is gone.
 */
static bool lock_end(HANDLE file)
{
    const LARGE_INTEGER pause = {.QuadPart = -(LONGLONG)NT_MILLISECOND};
    int attempt;

    if (!nt_host.is_wine)
        return false;
    for (attempt = 0; attempt < ATTEMPTS; attempt++) {
        NTSTATUS status = NtLockFile(file, NULL, NULL, NULL, NULL, &lock_offset, &lock_length, NULL, TRUE, TRUE);

        if (status >= 0)
            return true;
        if (status != NTDLL_STATUS_FILE_LOCK_CONFLICT)
            return false;
        if (attempt < ATTEMPTS / 2)
            NtYieldExecution();
        else
            NtDelayExecution(FALSE, &pause);
    }
    return false;
}

static void write_at_end(HANDLE file, const char *text, size_t length)
{
    static const LARGE_INTEGER end = {.QuadPart = NTDLL_WRITE_TO_END_OF_FILE};
    bool is_locked = lock_end(file);

    write_text(file, text, length, &end);
    if (is_locked)
        NtUnlockFile(file, NULL, &lock_offset, &lock_length, NULL);
}

static struct slot *find_slot(const char *path)
{
    int i;

    for (i = 0; i < SLOTS; i++)
        if (atomic_load_explicit(&slots[i].state, memory_order_acquire) == READY && text_equals(slots[i].path, path))
            return &slots[i];
    return NULL;
}

static struct slot *claim_slot(const char *path)
{
    size_t length = 0;
    int i;

    while (path[length] != '\0')
        length++;
    if (length >= LONGEST_NAME)
        return NULL;
    for (i = 0; i < SLOTS; i++) {
        int expected = FREE;

        if (atomic_compare_exchange_strong_explicit(&slots[i].state, &expected, FILLING, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            __builtin_memcpy(slots[i].path, path, length + 1);
            return &slots[i];
        }
    }
    return NULL;
}

static void append_to_file(const char *path, const char *text, size_t length)
{
    struct slot *slot = find_slot(path);
    HANDLE file;

    if (slot != NULL) {
        write_at_end(slot->file, text, length);
        return;
    }
    file = nt_open_for_append(path);
    if (file == NULL)
        return;
    slot = claim_slot(path);
    if (slot != NULL) {
        slot->file = file;
        atomic_store_explicit(&slot->state, READY, memory_order_release);
    }
    write_at_end(file, text, length);
    if (slot == NULL)
        NtClose(file);
}

void nt_append(const char *path, const char *text, size_t length)
{
    if (!text_equals(path, "stderr"))
        append_to_file(path, text, length);
    else if (ntdll_peb()->parameters->standard_error != NULL)
        write_text(ntdll_peb()->parameters->standard_error, text, length, NULL);
}
