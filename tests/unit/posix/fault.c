// SPDX-License-Identifier: MIT
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sched.h>

static struct {
    _Atomic uint64_t calls;
    _Atomic uint64_t first;
    _Atomic uint64_t count;
} operations[GROUND_OPERATIONS];

static _Atomic uint32_t disturbance;

void ground_broken(const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    fputs("# ground: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
    abort();
}

void ground_fail(enum ground_operation operation, uint64_t first, uint64_t count)
{
    atomic_store(&operations[operation].count, 0);
    atomic_store(&operations[operation].first, atomic_load(&operations[operation].calls) + first);
    atomic_store(&operations[operation].count, count);
}

void ground_fail_nothing(void)
{
    for (unsigned i = 0; i < GROUND_OPERATIONS; i++) {
        atomic_store(&operations[i].count, 0);
    }
}

uint64_t ground_calls(enum ground_operation operation)
{
    return atomic_load(&operations[operation].calls);
}

bool ground_fault(enum ground_operation operation)
{
    uint64_t call = atomic_fetch_add(&operations[operation].calls, 1) + 1;
    uint64_t count = atomic_load(&operations[operation].count);
    uint64_t first = atomic_load(&operations[operation].first);

    return count != 0 && call >= first && call - first < count;
}

void ground_disturb(uint32_t seed)
{
    atomic_store(&disturbance, seed);
}

void ground_dawdle(void)
{
    uint32_t state = atomic_load_explicit(&disturbance, memory_order_relaxed);

    if (state == 0) {
        return;
    }
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    /* Losing a step to another thread only makes it more random; switching it off must stick. */
    uint32_t seen = atomic_load_explicit(&disturbance, memory_order_relaxed);
    if (seen != 0) {
        atomic_compare_exchange_strong_explicit(&disturbance, &seen, state, memory_order_relaxed, memory_order_relaxed);
    }
    switch (state >> 28) {
    case 0:
        nanosleep(&(struct timespec){.tv_nsec = (long)(state & 0xFFFF) * 2}, NULL);
        break;
    case 1:
    case 2:
    case 3:
        sched_yield();
        break;
    case 4:
    case 5:
        for (unsigned i = 0; i < (state & 0x3FF); i++) {
            nt_cpu_relax();
        }
        break;
    default:
        break;
    }
}
