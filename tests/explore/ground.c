// SPDX-License-Identifier: MIT
/*
 * The ground of the explorer, as far as it is not that of tests/unit/posix: threads, parking, time and processors
 * belong to the machine. Every call is a step, and a barrier.
 */
#include "machine.h"
#include "internal.h"

#include <stdarg.h>
#include <stdio.h>

#define HERE __builtin_return_address(0)

static struct {
    uint64_t calls, first, count;
} operations[GROUND_OPERATIONS];

static void call(const char *what, const volatile void *object, const void *place)
{
    if (!machine.running)
        return;
    machine_step(what, object, place);
    buffers_flush(machine.current);
}

/* ---- what the files of the POSIX ground want ---------------------------------------------------- */

void ground_broken(const char *format, ...)
{
    char text[256];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    explore_fail("the ground's rules are broken: %s", text);
}

void ground_dawdle(void)
{
    call("calls the ground", NULL, HERE);
}

bool ground_fault(enum ground_operation operation)
{
    uint64_t number = ++operations[operation].calls;

    return operations[operation].count && number >= operations[operation].first &&
           number - operations[operation].first < operations[operation].count;
}

void ground_fail(enum ground_operation operation, uint64_t first, uint64_t count)
{
    operations[operation].first = operations[operation].calls + first;
    operations[operation].count = count;
}

void ground_fail_nothing(void)
{
    for (int i = 0; i < GROUND_OPERATIONS; i++)
        operations[i].count = 0;
}

/* ---- time and processors ------------------------------------------------------------------------ */

uint64_t nt_time_now(void)
{
    return ++machine.now;
}

uint64_t nt_system_time(void)
{
    return nt_time_now() + UINT64_C(130000000000000000);
}

uint64_t ground_speed(void)
{
    return 1;
}

unsigned nt_processor_count(void)
{
    return machine.world.processors;
}

/* Everybody computes, and no processor is idle. */
bool nt_thread_cpu_time(uint32_t thread, uint64_t *time)
{
    (void)thread;
    *time = machine.now;
    return true;
}

uint64_t nt_system_idle_time(void)
{
    return 0;
}

uint64_t nt_cpu_time_step(void)
{
    return 10 * NT_MILLISECOND;
}

/* ---- threads ------------------------------------------------------------------------------------ */

nt_status nt_thread_start(nt_thread_main *main, void *argument, const struct nt_stack_size *stack)
{
    (void)stack;
    call("nt_thread_start", (void *)main, HERE);
    if (ground_fault(GROUND_THREAD))
        return NT_TOO_MANY_THREADS;
    machine_start_thread(main, argument);
    call("has started a thread", (void *)main, HERE);
    return NT_SUCCESS;
}

uint32_t nt_thread_id(void)
{
    return machine.running ? machine.current->id : 1;
}

bool nt_thread_is_gone(uint32_t thread)
{
    call("nt_thread_is_gone", NULL, HERE);
    return machine_is_gone(thread);
}

void nt_thread_yield(void)
{
    machine_yield("nt_thread_yield", HERE);
}

bool nt_thread_has_pending_io(void)
{
    return false;
}

void nt_thread_trim_stack(void)
{
}

void nt_thread_restore_stack(void)
{
}

/* ---- parking ------------------------------------------------------------------------------------ */

void nt_parker_init(struct nt_parker *parker)
{
    memory_accessed(parker, sizeof(*parker), false, HERE);
    parker->token = 0;
    parker->thread = nt_thread_id();
}

bool nt_park(struct nt_parker *parker, uint64_t deadline)
{
    struct thread *self = machine.current;

    call("nt_park", parker, HERE);
    memory_accessed(parker, sizeof(*parker), false, HERE);
    if (parker->thread != self->id)
        explore_fail("thread %u parks on the parker of thread %u", self->id, parker->thread);
    while (!parker->token) {
        if (deadline <= machine.now)
            return false;
        self->parker = parker;
        self->deadline = deadline;
        machine_sleep(THREAD_PARKED);
        self->parker = NULL;
    }
    parker->token = 0;
    return true;
}

/* The files of the POSIX ground call this one, under their lock. */
void ground_unpark(struct nt_parker *parker);
void ground_unpark(struct nt_parker *parker)
{
    parker->token = 1;
    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state == THREAD_PARKED && machine.threads[i].parker == parker)
            machine_wake(&machine.threads[i]);
}

void nt_unpark(struct nt_parker *parker)
{
    call("nt_unpark", parker, HERE);
    memory_accessed(parker, sizeof(*parker), false, HERE);
    ground_unpark(parker);
}

void nt_park_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    (void)wake_event;
    nt_park(parker, NT_FOREVER);
}

void nt_unpark_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    nt_unpark(parker);
    nt_event_set(wake_event);
}
