// SPDX-License-Identifier: MIT
#include "library.h"
#include "complain.h"

#include "exports.h"
#include "file-io.h"

#include <stdlib.h>

enum { LONGEST_PATH = 32768, LARGEST_FILE = 1 << 26 };

static bool beside_launcher(wchar_t *path)
{
    static const wchar_t name[] = L"ntpool.dll";
    DWORD length = GetModuleFileNameW(NULL, path, LONGEST_PATH);

    while (length > 0 && path[length - 1] != L'\\')
        length--;
    if (length == 0 || length + sizeof(name) / sizeof(*name) > LONGEST_PATH)
        return false;
    wcscpy(path + length, name);
    return true;
}

/* Import directories hold bytes, and which characters those of other values are differs. */
static bool is_plain(const wchar_t *path)
{
    size_t length = wcslen(path);

    for (size_t i = 0; i < length; i++)
        if (path[i] < L' ' || path[i] > L'~')
            return false;
    return length < GRAFT_PATH_SIZE;
}

static enum pe_result check_exports(const uint8_t *data, size_t size, bool *is_ntpool)
{
    struct pe_exports exports;
    struct pe_image image;
    enum pe_result result = pe_parse(&image, data, size);

    *is_ntpool = false;
    if (result == PE_OK)
        result = pe_read_exports(&image, &exports);
    if (result != PE_OK)
        return result;
    *is_ntpool = image.machine == PE_MACHINE_AMD64 && image.characteristics & PE_FILE_DLL &&
                 pe_find_export(&exports, "ntpool_version") != NULL;
    pe_free_exports(&exports);
    return PE_OK;
}

static int check_library(const wchar_t *path)
{
    char name[3 * MAX_PATH + 1];
    uint8_t *data;
    size_t size;
    bool is_ntpool;

    if (GetFileAttributesW(path) == INVALID_FILE_ATTRIBUTES)
        return complain(RUN_NO_DLL, L"%ls: there is no such file. --dll says where ntpool.dll is", path);
    if (WideCharToMultiByte(CP_UTF8, 0, path, -1, name, sizeof(name), NULL, NULL) == 0 ||
        !(data = file_read(name, LARGEST_FILE, &size)))
        return complain(RUN_NO_DLL, L"%ls: cannot be read: %ls", path, error_text(GetLastError()));
    enum pe_result result = check_exports(data, size, &is_ntpool);
    free(data);
    if (result != PE_OK)
        return complain(RUN_NO_DLL, L"%ls: this is not an ntpool.dll: %hs", path, pe_describe(result));
    if (!is_ntpool)
        return complain(RUN_NO_DLL, L"%ls: this is not an ntpool.dll for x86_64", path);
    return 0;
}

int find_library(const wchar_t *given, char path[GRAFT_PATH_SIZE])
{
    static wchar_t full[LONGEST_PATH], brief[LONGEST_PATH];
    DWORD length;
    int code;

    if (given ? !(length = GetFullPathNameW(given, LONGEST_PATH, full, NULL)) || length >= LONGEST_PATH
              : !beside_launcher(full))
        return complain(RUN_NO_DLL, L"the path of ntpool.dll is too long; --dll says where another one is");
    code = check_library(full);
    if (code)
        return code;
    wcscpy(brief, full);
    if (!is_plain(full)) {
        length = GetShortPathNameW(full, brief, LONGEST_PATH);
        if (!length || length >= LONGEST_PATH || !is_plain(brief))
            return complain(RUN_NO_DLL,
                            L"%ls: the loader can take ntpool.dll only from a path of less than %d characters without "
                            L"accents and the like. Copy it to one and name that with --dll",
                            full, GRAFT_PATH_SIZE);
    }
    for (size_t i = 0; i <= wcslen(brief); i++)
        path[i] = (char)brief[i];
    return 0;
}
