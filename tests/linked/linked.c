// SPDX-License-Identifier: MIT
//
// A program that is linked with the import library: its thread-pool calls go to ntpool.dll, all others where they went.
#define WIN32_NO_STATUS
#include <windows.h>
#undef WIN32_NO_STATUS

#include <ntstatus.h>
#include <stdio.h>
#include <string.h>

#include <ntpool.h>

enum { POSTS = 1000 };

LONG NTAPI RtlSetThreadPoolStartFunc(void *start, void *end);

static int tests;
static int failed;
static volatile LONG ran;

static void tell(int good, const char *what)
{
    tests++;
    failed += !good;
    printf("%sok %d - %s\n", good ? "" : "not ", tests, what);
}

static HMODULE module_of(const void *function)
{
    HMODULE module = NULL;

    GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT, function,
                       &module);
    return module;
}

static void CALLBACK count(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    InterlockedIncrement(&ran);
}

static void CALLBACK signal_event(void *event, BOOLEAN timed_out)
{
    (void)timed_out;
    SetEvent(event);
}

int main(void)
{
    HMODULE ntpool = GetModuleHandleW(L"ntpool.dll");
    PTP_WORK work = CreateThreadpoolWork(count, NULL, NULL);
    HANDLE done = CreateEventW(NULL, TRUE, FALSE, NULL);
    HANDLE timer = NULL;
    char version[32];

    tell(ntpool != NULL, "ntpool.dll is loaded");
    snprintf(version, sizeof(version), "%d.%d.%d", NTPOOL_VERSION_MAJOR, NTPOOL_VERSION_MINOR, NTPOOL_VERSION_PATCH);
    printf("# ntpool_version: %s, header: %s\n", ntpool_version(), version);
    tell(strcmp(ntpool_version(), version) == 0, "the DLL has the header's version");
    tell(module_of((void *)SubmitThreadpoolWork) == ntpool, "SubmitThreadpoolWork is ntpool's");
    tell(module_of((void *)CreateTimerQueueTimer) == ntpool, "CreateTimerQueueTimer is ntpool's");
    tell(module_of((void *)GetTickCount) == GetModuleHandleW(L"kernel32.dll"), "GetTickCount is kernel32's");

    tell(work != NULL, "a work object is created");
    if (work) {
        for (int i = 0; i < POSTS; i++)
            SubmitThreadpoolWork(work);
        WaitForThreadpoolWorkCallbacks(work, FALSE);
        CloseThreadpoolWork(work);
    }
    tell(ran == POSTS, "its callbacks ran");
    tell(CreateTimerQueueTimer(&timer, NULL, signal_event, done, 0, 0, 0), "a timer of a timer queue is created");
    tell(WaitForSingleObject(done, 60000) == WAIT_OBJECT_0, "its callback ran");
    tell(DeleteTimerQueueTimer(NULL, timer, INVALID_HANDLE_VALUE), "it is deleted");
    // Only ntpool is asked: on Windows it would change how the whole process starts its pool's threads.
    tell(RtlSetThreadPoolStartFunc(NULL, NULL) == (LONG)STATUS_NOT_SUPPORTED,
         "it takes no start functions for workers");
    printf("1..%d\n", tests);
    return failed != 0;
}
