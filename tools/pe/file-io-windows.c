// SPDX-License-Identifier: MIT
#include "file-io.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <wchar.h>
#include <windows.h>

#define LONG_PREFIX    L"\\\\?\\"
#define MAX_PLAIN_PATH 240u // leaves room for the temporary file's ending below MAX_PATH
#define ATTEMPTS       100u

static void set_errno(DWORD error)
{
    switch (error) {
    case ERROR_FILE_NOT_FOUND:
    case ERROR_PATH_NOT_FOUND:
    case ERROR_INVALID_NAME:
    case ERROR_BAD_PATHNAME:
        errno = ENOENT;
        break;
    case ERROR_ACCESS_DENIED:
    case ERROR_WRITE_PROTECT:
        errno = EACCES;
        break;
    case ERROR_SHARING_VIOLATION:
    case ERROR_LOCK_VIOLATION:
    case ERROR_USER_MAPPED_FILE:
        errno = EBUSY;
        break;
    case ERROR_FILE_EXISTS:
    case ERROR_ALREADY_EXISTS:
        errno = EEXIST;
        break;
    case ERROR_DISK_FULL:
    case ERROR_HANDLE_DISK_FULL:
        errno = ENOSPC;
        break;
    case ERROR_NOT_ENOUGH_MEMORY:
    case ERROR_OUTOFMEMORY:
        errno = ENOMEM;
        break;
    case ERROR_FILENAME_EXCED_RANGE:
        errno = ENAMETOOLONG;
        break;
    default:
        errno = EIO;
    }
}

static wchar_t *to_wide(const char *text)
{
    int length = MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, NULL, 0);
    wchar_t *wide = length > 0 ? malloc((size_t)length * sizeof(*wide)) : NULL;

    if (!wide)
        errno = length > 0 ? ENOMEM : EILSEQ;
    else
        MultiByteToWideChar(CP_UTF8, MB_ERR_INVALID_CHARS, text, -1, wide, length);
    return wide;
}

static char *to_utf8(const wchar_t *wide)
{
    int length = WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, NULL, 0, NULL, NULL);
    char *text = length > 0 ? malloc((size_t)length) : NULL;

    if (!text)
        errno = length > 0 ? ENOMEM : EILSEQ;
    else
        WideCharToMultiByte(CP_UTF8, WC_ERR_INVALID_CHARS, wide, -1, text, length, NULL, NULL);
    return text;
}

// The path in a form that may be long.
static wchar_t *wide_path(const char *path)
{
    wchar_t *plain = to_wide(path);

    if (!plain || wcslen(plain) < MAX_PLAIN_PATH || wcsncmp(plain, L"\\\\", 2) == 0)
        return plain;
    DWORD length = GetFullPathNameW(plain, 0, NULL, NULL);
    wchar_t *full = length ? malloc((length + 4) * sizeof(*full)) : NULL;
    if (full) {
        wcscpy(full, LONG_PREFIX);
        GetFullPathNameW(plain, length, full + 4, NULL);
    } else {
        errno = ENOMEM;
    }
    free(plain);
    return full;
}

static HANDLE open_to_ask(const char *path)
{
    wchar_t *wide = wide_path(path);
    HANDLE file = INVALID_HANDLE_VALUE;

    if (wide) {
        file = CreateFileW(wide, FILE_READ_ATTRIBUTES, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE, NULL,
                           OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
        if (file == INVALID_HANDLE_VALUE)
            set_errno(GetLastError());
    }
    free(wide);
    return file;
}

enum file_kind file_kind(const char *path)
{
    BY_HANDLE_FILE_INFORMATION information;
    HANDLE file = open_to_ask(path);

    if (file == INVALID_HANDLE_VALUE)
        return errno == ENOENT ? FILE_IS_MISSING : FILE_IS_OTHER;
    bool regular = GetFileType(file) == FILE_TYPE_DISK && GetFileInformationByHandle(file, &information) &&
                   !(information.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
    CloseHandle(file);
    return regular ? FILE_IS_REGULAR : FILE_IS_OTHER;
}

static bool identify(const char *path, BY_HANDLE_FILE_INFORMATION *information)
{
    HANDLE file = open_to_ask(path);
    bool known = file != INVALID_HANDLE_VALUE && GetFileInformationByHandle(file, information);

    if (file != INVALID_HANDLE_VALUE)
        CloseHandle(file);
    return known;
}

bool file_is_same(const char *a, const char *b)
{
    BY_HANDLE_FILE_INFORMATION x;
    BY_HANDLE_FILE_INFORMATION y;

    return identify(a, &x) && identify(b, &y) && x.dwVolumeSerialNumber == y.dwVolumeSerialNumber &&
           x.nFileIndexHigh == y.nFileIndexHigh && x.nFileIndexLow == y.nFileIndexLow;
}

char *file_resolve(const char *path)
{
    HANDLE file = open_to_ask(path);
    char *resolved = NULL;

    if (file == INVALID_HANDLE_VALUE)
        return NULL;
    DWORD length = GetFinalPathNameByHandleW(file, NULL, 0, FILE_NAME_NORMALIZED);
    wchar_t *wide = length ? malloc((length + 1) * sizeof(*wide)) : NULL;
    if (!wide)
        errno = EIO;
    else if (GetFinalPathNameByHandleW(file, wide, length + 1, FILE_NAME_NORMALIZED))
        resolved = to_utf8(wide);
    else
        set_errno(GetLastError());
    free(wide);
    CloseHandle(file);
    return resolved;
}

FILE *file_open_to_read(const char *path)
{
    wchar_t *wide = wide_path(path);
    FILE *file = wide ? _wfopen(wide, L"rb") : NULL;

    free(wide);
    return file;
}

static DWORD write_and_close(HANDLE file, const uint8_t *data, size_t size)
{
    DWORD error = ERROR_SUCCESS;

    while (size > 0 && !error) {
        DWORD chunk = size > 1u << 20 ? 1u << 20 : (DWORD)size;
        DWORD written = 0;

        if (!WriteFile(file, data, chunk, &written, NULL))
            error = GetLastError();
        data += written;
        size -= written;
    }
    if (!error && !FlushFileBuffers(file))
        error = GetLastError();
    CloseHandle(file);
    return error;
}

// Makes a file that was not there, with a name beside `path` that goes into `temporary`.
static HANDLE create_beside(const wchar_t *path, wchar_t *temporary, size_t room)
{
    HANDLE file = INVALID_HANDLE_VALUE;

    for (unsigned i = 0; i < ATTEMPTS && file == INVALID_HANDLE_VALUE; i++) {
        swprintf(temporary, room, L"%ls.%lx-%x", path, GetCurrentProcessId(), i);
        file = CreateFileW(temporary, GENERIC_WRITE, 0, NULL, CREATE_NEW, FILE_ATTRIBUTE_NORMAL, NULL);
        if (file == INVALID_HANDLE_VALUE && GetLastError() != ERROR_FILE_EXISTS)
            break;
    }
    return file;
}

bool file_replace(const char *path, const uint8_t *data, size_t size, const char *like)
{
    (void)like;
    wchar_t *wide = wide_path(path);
    size_t room = wide ? wcslen(wide) + 32 : 0;
    wchar_t *temporary = wide ? malloc(room * sizeof(*temporary)) : NULL;
    DWORD error = ERROR_NOT_ENOUGH_MEMORY;

    if (temporary) {
        HANDLE file = create_beside(wide, temporary, room);

        if (file == INVALID_HANDLE_VALUE) {
            error = GetLastError();
        } else {
            error = write_and_close(file, data, size);
            // Not ReplaceFile, which can fail in a way that leaves nothing under the name.
            if (!error && !MoveFileExW(temporary, wide, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
                error = GetLastError();
            if (error)
                DeleteFileW(temporary);
        }
    }
    if (error && wide)
        set_errno(error);
    free(temporary);
    free(wide);
    return error == ERROR_SUCCESS;
}
