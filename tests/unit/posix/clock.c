// SPDX-License-Identifier: MIT
#include "internal.h"

/* The system clock counts from 1601, POSIX from 1970. */
#define EPOCH_DIFFERENCE (UINT64_C(11644473600) * NT_SECOND)
/* A real deadline this far off is as good as never, and fits any timespec. */
#define FAR_SECONDS UINT64_C(100000000)

static _Atomic int64_t system_offset;
static _Atomic uint64_t speed_base;
static _Atomic uint64_t speed = 1;

static uint64_t read_clock(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * NT_SECOND + (uint64_t)now.tv_nsec / 100;
}

uint64_t nt_time_now(void)
{
    uint64_t base = atomic_load_explicit(&speed_base, memory_order_relaxed);
    uint64_t factor = atomic_load_explicit(&speed, memory_order_relaxed);

    return base + (read_clock(CLOCK_MONOTONIC) - base) * factor;
}

uint64_t nt_system_time(void)
{
    uint64_t gained = nt_time_now() - read_clock(CLOCK_MONOTONIC);

    return read_clock(CLOCK_REALTIME) + EPOCH_DIFFERENCE + gained + (uint64_t)atomic_load(&system_offset);
}

uint64_t ground_process_cpu_time(void)
{
    return read_clock(CLOCK_PROCESS_CPUTIME_ID) * atomic_load_explicit(&speed, memory_order_relaxed);
}

void ground_move_system_clock(int64_t by)
{
    atomic_fetch_add(&system_offset, by);
}

void ground_speed_clocks(unsigned factor)
{
    if (ground_live_threads() != 0) {
        ground_broken("the clocks' speed changes while threads run");
    }
    atomic_store(&speed_base, read_clock(CLOCK_MONOTONIC));
    atomic_store(&speed, factor);
}

uint64_t ground_speed(void)
{
    return atomic_load_explicit(&speed, memory_order_relaxed);
}

struct timespec ground_real_deadline(uint64_t deadline)
{
    uint64_t base = atomic_load_explicit(&speed_base, memory_order_relaxed);
    uint64_t factor = atomic_load_explicit(&speed, memory_order_relaxed);
    uint64_t real = deadline < base ? 0 : base + ((deadline - base) / factor + ((deadline - base) % factor != 0));
    uint64_t farthest = read_clock(CLOCK_MONOTONIC) + FAR_SECONDS * NT_SECOND;

    if (real > farthest) {
        real = farthest;
    }
    return (struct timespec){
        .tv_sec = (time_t)(real / NT_SECOND),
        .tv_nsec = (long)(real % NT_SECOND) * 100,
    };
}
