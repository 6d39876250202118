// SPDX-License-Identifier: MIT
/* Who uses the processors. */
#include "internal.h"

#include <sched.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static _Atomic unsigned processor_count;
static _Atomic int pretended_idle = -1;
static _Atomic unsigned pretended_share;
static _Atomic uint64_t pretended_step;

unsigned nt_processor_count(void)
{
    unsigned count = atomic_load(&processor_count);
    cpu_set_t set;

    if (count == 0 && sched_getaffinity(0, sizeof(set), &set) == 0) {
        count = (unsigned)CPU_COUNT(&set);
    }
    return count == 0 ? 1 : count;
}

void ground_set_processor_count(unsigned count)
{
    atomic_store(&processor_count, count);
}

/* The kernel's encoding of the clock of a thread, as pthread_getcpuclockid makes it. */
static clockid_t thread_clock(uint32_t thread)
{
    return (clockid_t)(~thread << 3 | 6u);
}

bool nt_thread_cpu_time(uint32_t thread, uint64_t *time)
{
    struct timespec used;
    unsigned share = atomic_load(&pretended_share);

    if (share != 0) {
        *time = nt_time_now() / 1000 * share;
        return true;
    }
    if (clock_gettime(thread_clock(thread), &used) != 0) {
        return false;
    }
    *time = ((uint64_t)used.tv_sec * NT_SECOND + (uint64_t)used.tv_nsec / 100) * ground_speed();
    return true;
}

static uint64_t read_idle_time(void)
{
    FILE *file = fopen("/proc/stat", "re");
    char line[512];
    cpu_set_t set;
    unsigned processor;
    unsigned long long idle, sum = 0;

    if (file == NULL || sched_getaffinity(0, sizeof(set), &set) != 0) {
        ground_broken("the processors' times cannot be read");
    }
    while (fgets(line, sizeof(line), file) != NULL) {
        if (sscanf(line, "cpu%u %*u %*u %*u %llu", &processor, &idle) == 2 && CPU_ISSET(processor, &set)) {
            sum += idle;
        }
    }
    fclose(file);
    return sum * (NT_SECOND / (uint64_t)sysconf(_SC_CLK_TCK));
}

uint64_t nt_system_idle_time(void)
{
    int idle = atomic_load(&pretended_idle);

    return idle < 0 ? read_idle_time() * ground_speed() : nt_time_now() * (uint64_t)idle;
}

void ground_pretend_thread_share(unsigned per_mille)
{
    atomic_store(&pretended_share, per_mille);
}

void ground_pretend_idle_processors(int count)
{
    atomic_store(&pretended_idle, count);
}

void ground_pretend_cpu_time_step(uint64_t step)
{
    atomic_store(&pretended_step, step);
}

void nt_thread_yield(void)
{
    int idle = atomic_load(&pretended_idle);

    if (idle > 0) {
        return;
    }
    if (idle == 0) {
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
    sched_yield();
}

uint64_t nt_cpu_time_step(void)
{
    uint64_t step = atomic_load(&pretended_step);

    return step ? step : NT_SECOND / (uint64_t)sysconf(_SC_CLK_TCK) * ground_speed();
}
