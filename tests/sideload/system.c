// SPDX-License-Identifier: MIT
//
// A program that has a DLL of the system use the pool for it: SHQueueUserWorkItem of shlwapi queues a work item. Built
// with EARLY it imports that DLL, so that it is there before anybody can redirect anything; else it loads it later.
// Standard error says who served it.
#include "witness.h"

#include <stdio.h>
#include <string.h>

#ifdef EARLY
__declspec(dllimport) WCHAR *WINAPI PathFindFileNameW(const WCHAR *path);
#endif

typedef BOOL WINAPI queue_item(LPTHREAD_START_ROUTINE, void *, LONG, DWORD_PTR, DWORD_PTR *, const char *, DWORD);

static DWORD WINAPI item_callback(void *use)
{
    use_note(use);
    return 0;
}

int main(void)
{
    static const WCHAR dll[] = L"shlwapi.dll";
    char path[MAX_PATH] = "\\nobody";
    struct use use;
    BOOL good;

#ifdef EARLY
    if (PathFindFileNameW(dll) != dll || !GetModuleHandleW(dll))
        return 2;
#else
    if (GetModuleHandleW(dll))
        return 2;
#endif
    queue_item *queue = (queue_item *)(void *)GetProcAddress(LoadLibraryW(dll), (const char *)260);
    use_begin(&use, 1);
    good = queue && queue(item_callback, &use, 0, 0, NULL, NULL, 0) && use_await(&use);
    printf("an item of the system's: %s\n", good ? "good" : "BAD");
    GetModuleFileNameA(use.server, path, sizeof(path));
    fprintf(stderr, "an item of the system's by %s\n", strrchr(path, '\\') + 1);
    return good ? 0 : 1;
}
