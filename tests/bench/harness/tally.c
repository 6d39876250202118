// SPDX-License-Identifier: MIT
#include "bench.h"

#define CACHE_LINE      64
#define THREADS_AT_MOST 4096

struct line {
    _Alignas(CACHE_LINE) volatile uint64_t count;
};

static struct line lines[THREADS_AT_MOST];
static volatile LONG used;
static DWORD slot = TLS_OUT_OF_INDEXES;

void tally_prepare(void)
{
    slot = TlsAlloc();
    require(slot != TLS_OUT_OF_INDEXES, "no TLS slot: error %lu", GetLastError());
}

static __attribute__((noinline)) struct line *new_line(void)
{
    LONG index = InterlockedIncrement(&used) - 1;
    require(index < THREADS_AT_MOST, "more than %d threads ran callbacks", THREADS_AT_MOST);
    TlsSetValue(slot, &lines[index]);
    return &lines[index];
}

void tally(void)
{
    struct line *line = TlsGetValue(slot);
    if (!line)
        line = new_line();
    line->count++;
}

static void CALLBACK tally_callback(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
    tally();
}

PTP_WORK tallying_work(void)
{
    PTP_WORK work = api.CreateThreadpoolWork(tally_callback, NULL, NULL);
    require(work, "no work object: error %lu", GetLastError());
    return work;
}

size_t tally_threads(void)
{
    return (size_t)used;
}

uint64_t tally_total(void)
{
    uint64_t total = 0;
    for (LONG i = 0; i < used && i < THREADS_AT_MOST; i++)
        total += lines[i].count;
    return total;
}

void tally_verify(uint64_t expected)
{
    uint64_t total = tally_total();
    require(total == expected, "%llu callbacks ran instead of %llu", (unsigned long long)total,
            (unsigned long long)expected);
}

void tally_await(uint64_t expected)
{
    while (tally_total() < expected)
        pause_for(1);
    tally_verify(expected);
}
