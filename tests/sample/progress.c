// SPDX-License-Identifier: MIT
//
// Reports how far the run is, and follows the two events that end it.
#include "hashtree.h"

#include <stdio.h>
#include <stdlib.h>

enum { REPORT_PERIOD_MS = 500 };

struct progress {
    struct run *run;
    PTP_TIMER timer;
    PTP_WAIT finished_wait;
    PTP_WAIT cancel_wait;
    HANDLE reported;
    volatile LONG over;
    BOOL quiet;
    LONGLONG start;
    LONGLONG frequency;
};

static LONGLONG counter(void)
{
    LARGE_INTEGER now;

    QueryPerformanceCounter(&now);
    return now.QuadPart;
}

// Arms the timer for this very moment.
static void report_now(struct progress *progress)
{
    FILETIME now = {0, 0};

    SetThreadpoolTimer(progress->timer, &now, progress->over ? 0 : REPORT_PERIOD_MS, 0);
}

static void CALLBACK timer_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    struct progress *progress = context;
    struct run *run = progress->run;
    BOOL over = progress->over;
    double seconds = (double)(counter() - progress->start) / (double)progress->frequency;
    double mebibytes = (double)run->bytes_done / (1024 * 1024);

    (void)timer;
    if (!progress->quiet)
        fprintf(stderr, "hashtree: %lld of %zu files, %.1f MiB, %.1f MiB/s%s\n", run->files_done, run->entry_count,
                mebibytes, seconds > 0 ? mebibytes / seconds : 0.0, over ? ", done" : "");
    if (over)
        SetEventWhenCallbackReturns(instance, progress->reported);
}

static void CALLBACK finished_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait,
                                       TP_WAIT_RESULT result)
{
    struct progress *progress = context;

    (void)instance, (void)wait, (void)result;
    SetThreadpoolTimer(progress->timer, NULL, 0, 0);
    WaitForThreadpoolTimerCallbacks(progress->timer, TRUE);
    InterlockedExchange(&progress->over, TRUE);
    report_now(progress);
}

static void CALLBACK cancel_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait,
                                     TP_WAIT_RESULT result)
{
    struct progress *progress = context;

    (void)instance, (void)wait, (void)result;
    InterlockedExchange(&progress->run->cancelled, TRUE);
}

struct progress *start_progress(struct run *run, HANDLE cancel, BOOL quiet)
{
    struct progress *progress = calloc(1, sizeof(*progress));
    LARGE_INTEGER frequency;

    if (!progress)
        return NULL;
    QueryPerformanceFrequency(&frequency);
    progress->run = run;
    progress->quiet = quiet;
    progress->frequency = frequency.QuadPart;
    progress->start = counter();
    progress->reported = CreateEventW(NULL, TRUE, FALSE, NULL);
    progress->timer = CreateThreadpoolTimer(timer_callback, progress, &run->environment);
    progress->finished_wait = CreateThreadpoolWait(finished_callback, progress, &run->environment);
    progress->cancel_wait = CreateThreadpoolWait(cancel_callback, progress, &run->environment);
    if (!progress->reported || !progress->timer || !progress->finished_wait || !progress->cancel_wait)
        return NULL;
    SetThreadpoolWait(progress->finished_wait, run->finished, NULL);
    SetThreadpoolWait(progress->cancel_wait, cancel, NULL);
    report_now(progress);
    return progress;
}

void wait_for_end(struct progress *progress)
{
    WaitForSingleObject(progress->reported, INFINITE);
}

void free_progress(struct progress *progress)
{
    CloseHandle(progress->reported);
    free(progress);
}
