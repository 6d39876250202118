// SPDX-License-Identifier: MIT
#include "bench.h"

#include <cpuid.h>
#include <string.h>
#include <x86intrin.h>

#define CALIBRATION_NS 20e6

static double counter_ns(void)
{
    static double per_count;
    LARGE_INTEGER value;
    if (per_count == 0) {
        QueryPerformanceFrequency(&value);
        per_count = 1e9 / (double)value.QuadPart;
    }
    QueryPerformanceCounter(&value);
    return (double)value.QuadPart * per_count;
}

static bool stamps_are_steady(void)
{
    unsigned a, b, c, d;
    return __get_cpuid(0x80000007, &a, &b, &c, &d) && (d & 1u << 8);
}

static double ns_per_stamp;
static uint64_t first_stamp;

static void calibrate(void)
{
    double start = counter_ns(), end;
    first_stamp = __rdtsc();
    do
        end = counter_ns();
    while (end - start < CALIBRATION_NS);
    ns_per_stamp = (end - start) / (double)(__rdtsc() - first_stamp);
}

// The first caller is the main thread, before there are others.
double now(void)
{
    static int steady = -1;
    if (steady < 0) {
        steady = stamps_are_steady();
        if (steady)
            calibrate();
    }
    return steady ? (double)(__rdtsc() - first_stamp) * ns_per_stamp : counter_ns();
}

// Where the system's timer tick is coarse, a finer one is asked for.
void pause_for(DWORD milliseconds)
{
    static bool asked;
    if (!asked) {
        NTSTATUS(NTAPI * set)(ULONG, BOOLEAN, ULONG *);
        void *address = system_function("ntdll.dll", "NtSetTimerResolution");
        memcpy(&set, &address, sizeof set);
        ULONG actual;
        if (set)
            set(10000, TRUE, &actual);
        asked = true;
    }
    Sleep(milliseconds);
}

void compute(uint64_t steps)
{
    uint64_t value = steps | 1;
    for (uint64_t i = 0; i < steps; i++)
        __asm__ volatile("imulq %1, %0\n\taddq $1, %0" : "+r"(value) : "r"(value));
}

// The best of several short trials: others that use the processor only make one longer.
double steps_per_millisecond(void)
{
    const uint64_t steps = 1000000;
    double best = 0;
    for (int i = 0; i < 20; i++) {
        double start = now();
        compute(steps);
        double rate = (double)steps / ((now() - start) / 1e6);
        if (rate > best)
            best = rate;
    }
    return best;
}
