// SPDX-License-Identifier: MIT
#include "region.h"

#include "bench.h"

#include <psapi.h>
#include <stdlib.h>

#define ALIKE           5
#define ALIKE_MS        2
#define STEADY_LIMIT_NS 2e9

static struct host_counts before;
static double cpu_before;
static struct process_look most;

static double file_time_ms(FILETIME time)
{
    return (double)((uint64_t)time.dwHighDateTime << 32 | time.dwLowDateTime) / 1e4;
}

double process_cpu_ms(void)
{
    FILETIME created, ended, kernel, user;
    require(GetProcessTimes(GetCurrentProcess(), &created, &ended, &kernel, &user), "no process times: error %lu",
            GetLastError());
    return file_time_ms(kernel) + file_time_ms(user);
}

static size_t count_threads(void)
{
    ULONG size = 1 << 16;
    for (;;) {
        SYSTEM_PROCESS_INFORMATION *all = zeroed(size, 1), *one = all;
        NTSTATUS status = NtQuerySystemInformation(SystemProcessInformation, all, size, &size);
        if (status == (NTSTATUS)0xC0000004) {
            free(all);
            size += 1 << 14;
            continue;
        }
        require(status >= 0, "no list of processes: status 0x%lx", status);
        while (one->UniqueProcessId != (HANDLE)(ULONG_PTR)GetCurrentProcessId() && one->NextEntryOffset)
            one = (void *)((char *)one + one->NextEntryOffset);
        size_t threads = one->NumberOfThreads;
        free(all);
        return threads;
    }
}

// Some versions of Wine leave the counter of private bytes at zero.
double private_bytes(void)
{
    double told = host_private_bytes();
    if (told > 0)
        return told;
    PROCESS_MEMORY_COUNTERS_EX counters = {.cb = sizeof counters};
    require(K32GetProcessMemoryInfo(GetCurrentProcess(), (PROCESS_MEMORY_COUNTERS *)&counters, sizeof counters),
            "no memory counters: error %lu", GetLastError());
    return (double)(counters.PrivateUsage ? counters.PrivateUsage : counters.PagefileUsage);
}

double steady_private_bytes(void)
{
    double bytes = private_bytes(), start = now();
    for (int alike = 0; alike < ALIKE && now() - start < STEADY_LIMIT_NS;) {
        pause_for(ALIKE_MS);
        double next = private_bytes();
        alike = next == bytes ? alike + 1 : 0;
        bytes = next;
    }
    return bytes;
}

void report_growth(const char *measure, double from, size_t count)
{
    if (from > 0)
        report(measure, (private_bytes() - from) / (double)count);
    else
        report_untold(measure, "this host does not tell the private memory of a process");
}

struct process_look process_look(void)
{
    return (struct process_look){.threads = count_threads(), .private_bytes = private_bytes()};
}

void region_look(void)
{
    struct process_look look = process_look();
    if (look.threads > most.threads)
        most.threads = look.threads;
    if (look.private_bytes > most.private_bytes)
        most.private_bytes = look.private_bytes;
}

void region_begin(void)
{
    most = (struct process_look){0};
    host_counts_begin(&before);
    cpu_before = process_cpu_ms();
}

void region_end(void)
{
    double cpu = process_cpu_ms() - cpu_before;
    struct host_counts after;
    host_counts_end(&after);
    region_look();
    report_count("threads", (double)most.threads);
    if (most.private_bytes > 0)
        report_count("private_mb", most.private_bytes / (1 << 20));
    report_count("cpu_ms", cpu);
    if (before.switches_told && after.switches_told)
        report_count("context_switches", after.switches - before.switches);
    if (before.server_told && after.server_told)
        report_count("wineserver_cpu_ms", after.server_ms - before.server_ms);
}
