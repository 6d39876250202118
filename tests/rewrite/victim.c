// SPDX-License-Identifier: MIT
//
// A program to be rewritten. It gets thread-pool functions in every way that a file can ask for them (kernel32, an API
// set, ntdll, a delay-loaded kernelbase, a DLL of its own) and says what they did. It does not say whose they are: that
// is in ntpool's log.
#include <windows.h>

#include <stdio.h>

#include "../sideload/delay_slots.h"
#include "plugin.h"

enum { POSTS = 100, TIME_LIMIT = 60000 };

typedef void NTAPI native_callback(void *context);

NTSYSAPI NTSTATUS NTAPI RtlQueueWorkItem(native_callback *callback, void *context, ULONG flags);
NTSYSAPI void NTAPI TpPostWork(PTP_WORK work);

// Ends the delay-load descriptors, which dlltool puts into .text$2.
__attribute__((section(".text$3"), aligned(16), used)) const char end_of_delay_descriptors[32] = {0};

extern void *__imp_CreateThreadpoolWait;

static volatile LONG works;
static volatile LONG waits;
static volatile LONG timers;

static void CALLBACK on_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    InterlockedIncrement(&works);
}

static void CALLBACK on_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    InterlockedIncrement(&timers);
    SetEvent(context);
}

static void CALLBACK on_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    InterlockedIncrement(&waits);
    SetEvent(context);
}

static void NTAPI on_native(void *context)
{
    SetEvent(context);
}

static const char *happened(HANDLE event)
{
    return WaitForSingleObject(event, TIME_LIMIT) == WAIT_OBJECT_0 ? "yes" : "no";
}

static void use_works(void)
{
    PTP_WORK work = CreateThreadpoolWork(on_work, NULL, NULL);

    // Both layers of the system take the same objects.
    for (int i = 0; work && i < POSTS; i++) {
        if (i % 2)
            SubmitThreadpoolWork(work);
        else
            TpPostWork(work);
    }
    if (work) {
        WaitForThreadpoolWorkCallbacks(work, FALSE);
        CloseThreadpoolWork(work);
    }
    printf("work callbacks: %ld\n", works);
}

static void use_timer(HANDLE event)
{
    PTP_TIMER timer = CreateThreadpoolTimer(on_timer, event, NULL);
    LARGE_INTEGER due = {.QuadPart = -10000};
    FILETIME when = {due.LowPart, (DWORD)due.HighPart};

    SetThreadpoolTimer(timer, &when, 0, 0);
    printf("timer: %s", happened(event));
    WaitForThreadpoolTimerCallbacks(timer, FALSE);
    CloseThreadpoolTimer(timer);
    printf(", %ld\n", timers);
}

static void use_wait(HANDLE event, HANDLE signalled)
{
    PTP_WAIT wait = CreateThreadpoolWait(on_wait, event, NULL);

    SetThreadpoolWait(wait, signalled, NULL);
    printf("wait: %s", happened(event));
    WaitForThreadpoolWaitCallbacks(wait, FALSE);
    CloseThreadpoolWait(wait);
    printf(", %ld\n", waits);
}

int main(int argc, char **argv)
{
    HANDLE event[3];
    HANDLE signalled = CreateEventW(NULL, TRUE, TRUE, NULL);

    make_delay_slots_writable(&__imp_CreateThreadpoolWait);
    for (int i = 0; i < 3; i++)
        event[i] = CreateEventW(NULL, TRUE, FALSE, NULL);
    use_works();
    use_timer(event[0]);
    use_wait(event[1], signalled);
    RtlQueueWorkItem(on_native, event[2], 0);
    printf("native work item: %s\n", happened(event[2]));
    printf("plug-in: %d\n", plugin_run(argc > 1 ? argv[1] : ""));
    return 42;
}
