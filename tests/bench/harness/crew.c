// SPDX-License-Identifier: MIT
#include "bench.h"

static HANDLE members[CREW_AT_MOST];
static size_t crew_size;
static void (*crew_body)(size_t index, void *context);
static void *crew_context;
static volatile LONG ready, started;

static DWORD WINAPI member(void *index)
{
    InterlockedIncrement(&ready);
    while (!started)
        SwitchToThread();
    crew_body((size_t)index, crew_context);
    return 0;
}

void crew_start(size_t count, void (*body)(size_t index, void *context), void *context)
{
    require(count <= CREW_AT_MOST, "a crew of %zu threads is too large", count);
    crew_size = count;
    crew_body = body;
    crew_context = context;
    ready = started = 0;
    for (size_t i = 0; i < count; i++) {
        members[i] = CreateThread(NULL, 0, member, (void *)i, 0, NULL);
        require(members[i], "thread %zu could not be created: error %lu", i, GetLastError());
    }
    while ((size_t)ready < count)
        SwitchToThread();
}

void crew_go(void)
{
    InterlockedExchange(&started, 1);
}

void crew_join(void)
{
    for (size_t i = 0; i < crew_size; i++) {
        WaitForSingleObject(members[i], INFINITE);
        CloseHandle(members[i]);
    }
}

void latch_prepare(struct latch *latch, size_t count)
{
    latch->left = (LONG)count;
    latch->event = CreateEventW(NULL, TRUE, FALSE, NULL);
    require(latch->event, "no event: error %lu", GetLastError());
}

void latch_drop(struct latch *latch)
{
    if (InterlockedDecrement(&latch->left) == 0)
        SetEvent(latch->event);
}

void latch_await(struct latch *latch)
{
    WaitForSingleObject(latch->event, INFINITE);
    CloseHandle(latch->event);
}
