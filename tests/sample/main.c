// SPDX-License-Identifier: MIT
#include "hashtree.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EXIT_UNREADABLE = 1, EXIT_USAGE = 2, EXIT_CANCELLED = 3, EXIT_SYSTEM = 4, MAX_PARALLEL = 500 };

struct options {
    const wchar_t *directory;
    unsigned parallel;
    long time_limit_ms; // -1: none
    BOOL quiet;
};

static HANDLE cancel_event;

char *to_utf8(const wchar_t *text)
{
    int size = WideCharToMultiByte(CP_UTF8, 0, text, -1, NULL, 0, NULL, NULL);
    char *converted = malloc(size > 0 ? (size_t)size : 1);

    if (!converted)
        return NULL;
    if (!WideCharToMultiByte(CP_UTF8, 0, text, -1, converted, size, NULL, NULL))
        *converted = 0;
    return converted;
}

static char *error_text(DWORD error)
{
    wchar_t message[512];
    DWORD length = FormatMessageW(FORMAT_MESSAGE_FROM_SYSTEM | FORMAT_MESSAGE_IGNORE_INSERTS, NULL, error, 0, message,
                                  (DWORD)(sizeof(message) / sizeof(*message)), NULL);

    while (length && (message[length - 1] == L'\n' || message[length - 1] == L'\r' || message[length - 1] == L'.'))
        length--;
    message[length] = 0;
    return to_utf8(message);
}

void report_failure(const wchar_t *what, const wchar_t *path, DWORD error)
{
    char *what_text = to_utf8(what), *path_text = to_utf8(path), *message = error_text(error);

    if (what_text && path_text && message)
        fprintf(stderr, "hashtree: %s %s: %s (error %lu)\n", what_text, path_text, message, error);
    free(message);
    free(path_text);
    free(what_text);
}

static int usage(const char *complaint)
{
    if (complaint)
        fprintf(stderr, "hashtree: %s\n", complaint);
    fputs("usage: hashtree [-q] [-j FILES] [-t MILLISECONDS] DIRECTORY\n"
          "Prints the SHA-256 digest of each file below DIRECTORY and one of the whole tree.\n"
          "  -j FILES         how many files to have in the works at a time (1 to 500)\n"
          "  -t MILLISECONDS  give up after that time\n"
          "  -q               no progress lines on standard error\n"
          "Exit code: 0 all hashed, 1 something could not be read, 2 wrong use, 3 given up or interrupted,\n"
          "4 out of resources.\n",
          stderr);
    return EXIT_USAGE;
}

static BOOL parse_number(const wchar_t *text, long minimum, long maximum, long *number)
{
    wchar_t *end;

    errno = 0;
    *number = wcstol(text, &end, 10);
    return *text && !*end && !errno && *number >= minimum && *number <= maximum;
}

static const char *parse_options(int argc, wchar_t **argv, struct options *options)
{
    long number;

    for (int i = 1; i < argc; i++) {
        if (!wcscmp(argv[i], L"-q")) {
            options->quiet = TRUE;
        } else if (!wcscmp(argv[i], L"-j")) {
            if (++i == argc || !parse_number(argv[i], 1, MAX_PARALLEL, &number))
                return "-j needs a number from 1 to 500";
            options->parallel = (unsigned)number;
        } else if (!wcscmp(argv[i], L"-t")) {
            if (++i == argc || !parse_number(argv[i], 0, 86400000, &options->time_limit_ms))
                return "-t needs a number of milliseconds, at most 86400000";
        } else if (argv[i][0] == L'-' && argv[i][1]) {
            return "unknown option";
        } else if (options->directory) {
            return "more than one directory given";
        } else {
            options->directory = argv[i];
        }
    }
    return options->directory && *options->directory ? NULL : "no directory given";
}

// The absolute form of a path that has no length limit, without a final backslash.
static wchar_t *long_path(const wchar_t *path)
{
    static const wchar_t long_prefix[] = L"\\\\?\\", unc_prefix[] = L"\\\\?\\UNC\\";
    DWORD size = GetFullPathNameW(path, 0, NULL, NULL);
    wchar_t *full = size ? malloc(size * sizeof(*full)) : NULL;
    wchar_t *result = size ? malloc((size + 8) * sizeof(*result)) : NULL;
    size_t length;

    if (!full || !result || !GetFullPathNameW(path, size, full, NULL)) {
        free(full);
        free(result);
        return NULL;
    }
    if (!wcsncmp(full, L"\\\\?\\", 4) || !wcsncmp(full, L"\\\\.\\", 4)) {
        wcscpy(result, full);
    } else if (!wcsncmp(full, L"\\\\", 2)) {
        wcscpy(result, unc_prefix);
        wcscat(result, full + 2);
    } else {
        wcscpy(result, long_prefix);
        wcscat(result, full);
    }
    free(full);
    for (length = wcslen(result); length && result[length - 1] == L'\\'; length--)
        result[length - 1] = 0;
    return result;
}

static BOOL is_directory(const wchar_t *given, const wchar_t *root)
{
    // With the backslash, a bare drive means its root and not its current directory.
    size_t length = wcslen(root);
    wchar_t *path = malloc((length + 2) * sizeof(*path));
    DWORD attributes, error;

    if (!path)
        return FALSE;
    wcscpy(path, root);
    if (length && path[length - 1] == L':')
        wcscat(path, L"\\");
    attributes = GetFileAttributesW(path);
    error = GetLastError();
    free(path);
    if (attributes == INVALID_FILE_ATTRIBUTES) {
        report_failure(L"cannot open the directory", given, error);
        return FALSE;
    }
    if (!(attributes & FILE_ATTRIBUTE_DIRECTORY)) {
        report_failure(L"not a directory:", given, ERROR_DIRECTORY);
        return FALSE;
    }
    return TRUE;
}

static int compare_entries(const void *left, const void *right)
{
    return wcscmp(((const struct entry *)left)->path, ((const struct entry *)right)->path);
}

static void print_result(const struct run *run)
{
    struct sha256 total;
    unsigned char digest[SHA256_SIZE];
    char hex[SHA256_HEX_SIZE];
    unsigned long long files = 0, bytes = 0;

    sha256_init(&total);
    for (size_t i = 0; i < run->entry_count; i++) {
        const struct entry *entry = &run->entries[i];
        char *path = entry->hashed ? to_utf8(entry->path) : NULL;

        if (!path)
            continue;
        sha256_hex(entry->digest, hex);
        printf("%s  %s\n", hex, path);
        sha256_update(&total, hex, strlen(hex));
        sha256_update(&total, "  ", 2);
        sha256_update(&total, path, strlen(path));
        sha256_update(&total, "\n", 1);
        files++;
        bytes += entry->size;
        free(path);
    }
    sha256_final(&total, digest);
    sha256_hex(digest, hex);
    printf("%s  total: %llu files, %llu bytes\n", hex, files, bytes);
}

static BOOL make_pool(struct run *run, unsigned parallel)
{
    run->pool = CreateThreadpool(NULL);
    run->group = CreateThreadpoolCleanupGroup();
    run->finished = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!run->pool || !run->group || !run->finished)
        return FALSE;
    SetThreadpoolThreadMaximum(run->pool, parallel);
    InitializeThreadpoolEnvironment(&run->environment);
    SetThreadpoolCallbackPool(&run->environment, run->pool);
    SetThreadpoolCallbackCleanupGroup(&run->environment, run->group, NULL);
    return TRUE;
}

static void free_run(struct run *run)
{
    CloseThreadpoolCleanupGroup(run->group);
    DestroyThreadpoolEnvironment(&run->environment);
    // The pool stays: closing it would send its threads home just while the process ends.
    CloseHandle(run->finished);
    for (size_t i = 0; i < run->entry_count; i++)
        free(run->entries[i].path);
    free(run->entries);
}

static void CALLBACK time_limit_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)context, (void)timer;
    SetEventWhenCallbackReturns(instance, cancel_event);
}

static BOOL start_time_limit(struct run *run, long milliseconds)
{
    PTP_TIMER timer = CreateThreadpoolTimer(time_limit_callback, NULL, &run->environment);
    ULARGE_INTEGER relative = {.QuadPart = (ULONGLONG)-10000LL * (ULONGLONG)milliseconds};
    FILETIME due = {relative.LowPart, relative.HighPart};

    if (timer)
        SetThreadpoolTimer(timer, &due, 0, 0);
    return timer != NULL;
}

static BOOL WINAPI control_handler(DWORD event)
{
    (void)event;
    SetEvent(cancel_event);
    return TRUE;
}

static int out_of_resources(void)
{
    fprintf(stderr, "hashtree: the system has no resources left (error %lu)\n", GetLastError());
    return EXIT_SYSTEM;
}

static int hash_tree(struct run *run, const struct options *options)
{
    struct progress *progress;
    int status = 0;

    if (!make_pool(run, options->parallel) || !list_files(run))
        return out_of_resources();
    qsort(run->entries, run->entry_count, sizeof(*run->entries), compare_entries);
    progress = start_progress(run, cancel_event, options->quiet);
    if (!progress || (options->time_limit_ms >= 0 && !start_time_limit(run, options->time_limit_ms)) ||
        !start_hashing(run, options->parallel))
        return out_of_resources();
    wait_for_end(progress);
    CloseThreadpoolCleanupGroupMembers(run->group, TRUE, NULL);
    free_hashing();
    free_progress(progress);

    if (run->cancelled && (uint64_t)run->files_done < run->entry_count) {
        fprintf(stderr, "hashtree: stopped before the end, %lld of %zu files looked at\n", run->files_done,
                run->entry_count);
        status = EXIT_CANCELLED;
    } else {
        print_result(run);
        if (run->failures) {
            fprintf(stderr, "hashtree: %ld files or directories could not be read\n", run->failures);
            status = EXIT_UNREADABLE;
        }
    }
    free_run(run);
    return status;
}

int wmain(int argc, wchar_t **argv);

int wmain(int argc, wchar_t **argv)
{
    struct options options = {.time_limit_ms = -1};
    static struct run run = {.entries_lock = SRWLOCK_INIT};
    SYSTEM_INFO system;
    const char *complaint;
    wchar_t *root;
    int status;

    GetSystemInfo(&system);
    options.parallel = 2 * system.dwNumberOfProcessors;
    complaint = parse_options(argc, argv, &options);
    if (complaint)
        return usage(complaint);
    root = long_path(options.directory);
    if (!root || !is_directory(options.directory, root)) {
        free(root);
        return EXIT_USAGE;
    }
    cancel_event = CreateEventW(NULL, TRUE, FALSE, NULL);
    if (!cancel_event)
        return out_of_resources();
    SetConsoleCtrlHandler(control_handler, TRUE);
    _setmode(_fileno(stdout), _O_BINARY);
    _setmode(_fileno(stderr), _O_BINARY);
    run.root = root;
    status = hash_tree(&run, &options);
    if (fflush(stdout)) {
        fputs("hashtree: cannot write the result to standard output\n", stderr);
        status = EXIT_SYSTEM;
    }
    free(root);
    return status;
}
