// SPDX-License-Identifier: MIT
/*
 * Two clocks stand still while the system sleeps: on Windows the unbiased interrupt time; on Wine the performance
 * counter, which is the kernel's monotonic clock there, while Wine's unbiased interrupt time moves in steps of 16 ms.
 * On Windows the performance counter counts sleep, so it is no replacement.
 */
#include "host.h"

#define TICKS_PER_SECOND UINT64_C(10000000)

/* No wait is asked of the host for longer at once: 100 years, far from any overflow in its arithmetic. */
#define LONGEST_WAIT (UINT64_C(3155760000) * TICKS_PER_SECOND)

static uint64_t counter_frequency = TICKS_PER_SECOND;

void nt_clock_initialize(void)
{
    LARGE_INTEGER counter;
    LARGE_INTEGER frequency = {.QuadPart = 0};

    if (NtQueryPerformanceCounter(&counter, &frequency) >= 0 && frequency.QuadPart > 0)
        counter_frequency = (uint64_t)frequency.QuadPart;
}

static uint64_t scale_counter(uint64_t counter)
{
    if (nt_likely(counter_frequency == TICKS_PER_SECOND))
        return counter;
    // Whole seconds and the rest apart: neither product overflows for any frequency below 1.8 THz.
    return counter / counter_frequency * TICKS_PER_SECOND +
           counter % counter_frequency * TICKS_PER_SECOND / counter_frequency;
}

static uint64_t read_counter(void)
{
    LARGE_INTEGER counter;

    if (nt_likely(nt_host.optional.RtlQueryPerformanceCounter != NULL))
        nt_host.optional.RtlQueryPerformanceCounter(&counter);
    else
        NtQueryPerformanceCounter(&counter, NULL);
    return (uint64_t)counter.QuadPart;
}

uint64_t nt_time_now(void)
{
    ULONGLONG time;

    if (nt_host.is_wine)
        return scale_counter(read_counter());
    if (nt_host.optional.QueryUnbiasedInterruptTimePrecise != NULL)
        nt_host.optional.QueryUnbiasedInterruptTimePrecise(&time);
    else
        RtlQueryUnbiasedInterruptTime(&time);
    return time;
}

uint64_t nt_system_time(void)
{
    LARGE_INTEGER time;

    NtQuerySystemTime(&time);
    return (uint64_t)time.QuadPart;
}

const LARGE_INTEGER *nt_time_limit(uint64_t deadline, LARGE_INTEGER *limit)
{
    uint64_t now;
    uint64_t left;

    if (deadline == NT_FOREVER)
        return NULL;
    now = deadline == 0 ? 0 : nt_time_now();
    left = deadline > now ? deadline - now : 0;
    limit->QuadPart = -(LONGLONG)(left < LONGEST_WAIT ? left : LONGEST_WAIT);
    return limit;
}
