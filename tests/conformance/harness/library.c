// SPDX-License-Identifier: MIT
#include "library.h"

#include "suite.h"

#include "library_image.h"

#include <string.h>

static char path[MAX_PATH];

static unsigned checksum(void)
{
    unsigned sum = 2166136261u;
    for (size_t i = 0; i < sizeof library_image; i++)
        sum = (sum ^ library_image[i]) * 16777619u;
    return sum;
}

// The name tells the content, and a file appears whole: processes that run beside this one may use the same file.
static void write_library(void)
{
    char folder[MAX_PATH - 80], draft[MAX_PATH];
    require(GetTempPathA(sizeof folder, folder), "there is no temporary directory");
    snprintf(path, sizeof path, "%sconformance-library-%08x.dll", folder, checksum());
    if (GetFileAttributesA(path) != INVALID_FILE_ATTRIBUTES)
        return;
    snprintf(draft, sizeof draft, "%sconformance-library-%lu.tmp", folder, GetCurrentProcessId());
    HANDLE file = CreateFileA(draft, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, 0, NULL);
    DWORD written = 0;
    require(file != INVALID_HANDLE_VALUE && WriteFile(file, library_image, sizeof library_image, &written, NULL) &&
                written == sizeof library_image,
            "%s cannot be written: error %lu", draft, GetLastError());
    CloseHandle(file);
    if (!MoveFileExA(draft, path, 0))
        DeleteFileA(draft);
}

HMODULE library_load(void)
{
    write_library();
    HMODULE library = LoadLibraryA(path);
    require(library, "%s cannot be loaded: error %lu", path, GetLastError());
    return library;
}

bool library_is_mapped(void)
{
    return GetModuleHandleA(path) != NULL;
}

void *library_export(HMODULE library, const char *name)
{
    void *address = (void *)GetProcAddress(library, name);
    require(address, "the library does not export %s", name);
    return address;
}

void library_listen(HMODULE library, library_listener *listener)
{
    set_listener_function *set_listener;
    void *address = library_export(library, LIBRARY_SET_LISTENER);
    memcpy(&set_listener, &address, sizeof address);
    set_listener(listener);
}

struct library_job library_job(void)
{
    return (struct library_job){.entered = gate(), .gate = gate()};
}
