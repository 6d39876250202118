// SPDX-License-Identifier: MIT
//
// Lists the tree: one simple callback for each directory.
#include "hashtree.h"

#include <stdlib.h>
#include <string.h>

struct walk {
    struct run *run;
    volatile LONG directories_left;
    volatile LONG out_of_memory;
    HANDLE listed;
};

struct directory {
    struct walk *walk;
    wchar_t path[]; // below the root; empty for the root itself
};

static void visit(struct walk *walk, const wchar_t *path);

static wchar_t *join(const wchar_t *head, wchar_t separator, const wchar_t *tail)
{
    size_t head_length = wcslen(head), tail_length = wcslen(tail);
    wchar_t *joined = malloc((head_length + tail_length + 2) * sizeof(*joined));
    wchar_t *end = joined;

    if (!joined)
        return NULL;
    memcpy(end, head, head_length * sizeof(*head));
    end += head_length;
    if (head_length && tail_length)
        *end++ = separator;
    memcpy(end, tail, (tail_length + 1) * sizeof(*tail));
    return joined;
}

// Takes over `path`.
static BOOL add_entry(struct run *run, wchar_t *path, uint64_t size)
{
    BOOL added = FALSE;

    AcquireSRWLockExclusive(&run->entries_lock);
    if (run->entry_count == run->entry_room) {
        size_t room = run->entry_room ? 2 * run->entry_room : 256;
        struct entry *entries = realloc(run->entries, room * sizeof(*entries));

        if (entries) {
            run->entries = entries;
            run->entry_room = room;
        }
    }
    if (run->entry_count < run->entry_room) {
        run->entries[run->entry_count++] = (struct entry){.path = path, .size = size};
        added = TRUE;
    }
    ReleaseSRWLockExclusive(&run->entries_lock);
    if (!added)
        free(path);
    return added;
}

static BOOL add_found(struct walk *walk, const wchar_t *directory, const WIN32_FIND_DATAW *found)
{
    wchar_t *path;

    if (!wcscmp(found->cFileName, L".") || !wcscmp(found->cFileName, L".."))
        return TRUE;
    path = join(directory, L'/', found->cFileName);
    if (!path)
        return FALSE;
    if (!(found->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY))
        return add_entry(walk->run, path, (uint64_t)found->nFileSizeHigh << 32 | found->nFileSizeLow);
    // A link to a directory is not followed: it may lead back up.
    if (!(found->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT))
        visit(walk, path);
    free(path);
    return TRUE;
}

static BOOL list_directory(struct walk *walk, const wchar_t *directory, const wchar_t *pattern)
{
    WIN32_FIND_DATAW found;
    HANDLE find = FindFirstFileExW(pattern, FindExInfoBasic, &found, FindExSearchNameMatch, NULL, 0);
    BOOL enough_memory = TRUE;
    DWORD error;

    if (find == INVALID_HANDLE_VALUE) {
        error = GetLastError();
    } else {
        do
            enough_memory = add_found(walk, directory, &found);
        while (enough_memory && FindNextFileW(find, &found));
        error = enough_memory ? GetLastError() : ERROR_NO_MORE_FILES;
        FindClose(find);
    }
    // The root of a drive may be without even "." and "..".
    if (error != ERROR_NO_MORE_FILES && error != ERROR_FILE_NOT_FOUND) {
        InterlockedIncrement(&walk->run->failures);
        report_failure(L"cannot list the directory", *directory ? directory : walk->run->root, error);
    }
    return enough_memory;
}

static void CALLBACK directory_callback(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct directory *directory = context;
    struct walk *walk = directory->walk;
    wchar_t *full = join(walk->run->root, L'\\', directory->path);
    wchar_t *pattern = full ? join(full, L'\\', L"*") : NULL;

    for (wchar_t *c = pattern; c && *c; c++)
        if (*c == L'/')
            *c = L'\\';
    if (!pattern || !list_directory(walk, directory->path, pattern))
        InterlockedExchange(&walk->out_of_memory, TRUE);
    free(pattern);
    free(full);
    free(directory);
    if (!InterlockedDecrement(&walk->directories_left)) {
        if (instance)
            SetEventWhenCallbackReturns(instance, walk->listed);
        else
            SetEvent(walk->listed);
    }
}

static void visit(struct walk *walk, const wchar_t *path)
{
    size_t size = (wcslen(path) + 1) * sizeof(*path);
    struct directory *directory = malloc(sizeof(*directory) + size);

    if (!directory) {
        InterlockedExchange(&walk->out_of_memory, TRUE);
        return;
    }
    directory->walk = walk;
    memcpy(directory->path, path, size);
    InterlockedIncrement(&walk->directories_left);
    if (!TrySubmitThreadpoolCallback(directory_callback, directory, &walk->run->environment))
        directory_callback(NULL, directory);
}

BOOL list_files(struct run *run)
{
    struct walk walk = {.run = run, .listed = CreateEventW(NULL, TRUE, FALSE, NULL)};

    if (!walk.listed)
        return FALSE;
    InterlockedIncrement(&walk.directories_left); // this thread's own share
    visit(&walk, L"");
    if (InterlockedDecrement(&walk.directories_left))
        WaitForSingleObject(walk.listed, INFINITE);
    CloseHandle(walk.listed);
    return !walk.out_of_memory;
}
