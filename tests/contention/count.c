// SPDX-License-Identifier: MIT
#include "count.h"

#include "machine.h"

#include <string.h>

enum { LINE_BITS = 6, TABLE_BITS = 21, THREAD_WORDS = (MOST_THREADS + 63) / 64 };

/* A line that nobody holds is in memory; fetching it from there delays nobody else. */
struct line {
    uintptr_t number; /* 0: this entry is free */
    uint64_t holders[THREAD_WORDS];
};

static struct line lines[1u << TABLE_BITS];
static uint64_t counters[COUNTERS];
static bool is_counting;

void count_begin(void)
{
    memset(counters, 0, sizeof(counters));
    is_counting = true;
}

void count_end(void)
{
    is_counting = false;
}

uint64_t count_of(enum counter counter)
{
    return counters[counter];
}

void count_one(enum counter counter)
{
    counters[counter] += is_counting;
}

static struct line *line_of(uintptr_t number)
{
    uint32_t index = (uint32_t)((number * UINT64_C(0x9E3779B97F4A7C15)) >> (64 - TABLE_BITS));

    for (uint32_t tries = 0; tries < 1u << TABLE_BITS; tries++) {
        struct line *line = &lines[(index + tries) & ((1u << TABLE_BITS) - 1)];
        if (line->number == number)
            return line;
        if (line->number == 0) {
            line->number = number;
            return line;
        }
    }
    explore_fail("more lines are touched than there is room for");
}

static bool touch(struct line *line, unsigned thread, bool is_write)
{
    uint64_t own = UINT64_C(1) << (thread % 64);
    bool holds = (line->holders[thread / 64] & own) != 0, others = false;

    for (unsigned i = 0; i < THREAD_WORDS; i++)
        others = others || (line->holders[i] & (i == thread / 64 ? ~own : ~UINT64_C(0))) != 0;
    bool transfers = is_write ? others : others && !holds;
    if (is_write)
        memset(line->holders, 0, sizeof(line->holders));
    line->holders[thread / 64] |= own;
    return transfers;
}

bool count_access(const volatile void *address, size_t size, bool is_write)
{
    uintptr_t first = (uintptr_t)address >> LINE_BITS, last = ((uintptr_t)address + size - 1) >> LINE_BITS;
    bool transferred = false;

    if (!machine.running)
        return false;
    for (uintptr_t number = first; number <= last; number++)
        if (touch(line_of(number), (unsigned)(machine.current - machine.threads), is_write)) {
            count_one(COUNT_TRANSFERS);
            transferred = true;
        }
    return transferred;
}
