// SPDX-License-Identifier: MIT
//
// A program that looks up functions which not every system has. Standard output is what it found, standard error who
// served it. It also looks whether the export tables are what they should be.
#include "witness.h"

#include <stdio.h>
#include <string.h>

typedef BOOL WINAPI set_timer(PTP_TIMER, FILETIME *, DWORD, DWORD);
typedef BOOL WINAPI set_wait(PTP_WAIT, HANDLE, FILETIME *, void *);

static void use_newer(const char *dll)
{
    HMODULE module = LoadLibraryA(dll);
    set_timer *set_timer_ex = (set_timer *)(void *)GetProcAddress(module, "SetThreadpoolTimerEx");
    set_wait *set_wait_ex = (set_wait *)(void *)GetProcAddress(module, "SetThreadpoolWaitEx");
    HANDLE event = CreateEventW(NULL, FALSE, TRUE, NULL);
    char path[MAX_PATH] = "\\nobody";
    FILETIME now = {0, 0};
    struct use use;
    PTP_TIMER timer;
    PTP_WAIT wait;
    BOOL good;

    if (!set_timer_ex || !set_wait_ex) {
        printf("%s: missing\n", dll);
        return;
    }
    use_begin(&use, 2);
    timer = CreateThreadpoolTimer(use_timer, &use, NULL);
    wait = CreateThreadpoolWait(use_wait, &use, NULL);
    set_timer_ex(timer, &now, 0, 0);
    set_wait_ex(wait, event, NULL, NULL);
    good = use_await(&use);
    printf("%s: %s\n", dll, good ? "good" : "BAD");
    GetModuleFileNameA(use.server, path, sizeof(path));
    fprintf(stderr, "%s by %s\n", dll, use.is_mixed ? "several" : strrchr(path, '\\') + 1);
    CloseThreadpoolTimer(timer);
    CloseThreadpoolWait(wait);
    CloseHandle(event);
}

/* Names that cannot be looked up although they are there, and names that are out of order. */
static void tell_exports(const char *dll)
{
    char *base = (char *)GetModuleHandleA(dll);
    const IMAGE_NT_HEADERS *headers = (IMAGE_NT_HEADERS *)(base + ((const IMAGE_DOS_HEADER *)base)->e_lfanew);
    const IMAGE_EXPORT_DIRECTORY *exports =
        (IMAGE_EXPORT_DIRECTORY *)(base + headers->OptionalHeader.DataDirectory[0].VirtualAddress);
    const DWORD *names = (DWORD *)(base + exports->AddressOfNames);
    int lost = 0, unsorted = 0;

    for (DWORD i = 0; i < exports->NumberOfNames; i++) {
        lost += !GetProcAddress((HMODULE)base, base + names[i]);
        unsorted += i && strcmp(base + names[i - 1], base + names[i]) >= 0;
    }
    printf("%s: %d lost, %d unsorted\n", dll, lost, unsorted);
    fprintf(stderr, "%s: %lu names\n", dll, exports->NumberOfNames);
}

int main(void)
{
    use_newer("kernel32.dll");
    use_newer("kernelbase.dll");
    use_newer("api-ms-win-core-threadpool-l1-2-0.dll");
    tell_exports("kernel32.dll");
    tell_exports("kernelbase.dll");
    return 0;
}
