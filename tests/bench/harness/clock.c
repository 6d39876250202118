// SPDX-License-Identifier: MIT
#include "bench.h"

#include <cpuid.h>
#include <string.h>
#include <x86intrin.h>

#define CALIBRATION_NS 20e6

double counter_now(void)
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

// Reads both clocks at once: of several tries the one in which least came between.
static void read_both(double *counter, uint64_t *stamp)
{
    uint64_t least = UINT64_MAX;
    for (int i = 0; i < 20; i++) {
        uint64_t before = __rdtsc();
        double value = counter_now();
        uint64_t after = __rdtsc();
        if (after - before < least) {
            least = after - before;
            *counter = value;
            *stamp = before + (after - before) / 2;
        }
    }
}

static void calibrate(void)
{
    double start = 0, end = 0;
    uint64_t last_stamp = 0;
    read_both(&start, &first_stamp);
    while (counter_now() - start < CALIBRATION_NS)
        YieldProcessor();
    read_both(&end, &last_stamp);
    ns_per_stamp = (end - start) / (double)(last_stamp - first_stamp);
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
    return steady ? (double)(__rdtsc() - first_stamp) * ns_per_stamp : counter_now();
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
