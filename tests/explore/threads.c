// SPDX-License-Identifier: MIT
#include "internal.h"
#include "machine.h"

#include <sys/mman.h>

/* More steps than any schedule takes that comes to an end. */
#ifndef EXPLORE_MOST_STEPS
#define EXPLORE_MOST_STEPS 400000
#endif

enum { MOST_STEPS = EXPLORE_MOST_STEPS, MOST_TIME_JUMPS = 2000 };

#define STACKS ((char *)UINT64_C(0x300000000000))

struct machine machine;

static void *host_stack_pointer;
static unsigned time_jumps;

/* ---- fibers ----------------------------------------------------------------------------------- */

/* Saves what a call preserves on the stack, leaves the stack pointer at *from and goes on at to. */
void fiber_switch(void **from, void *to);
__asm__(".text\n"
        ".type fiber_switch, @function\n"
        "fiber_switch:\n"
        "    pushq %rbp\n"
        "    pushq %rbx\n"
        "    pushq %r12\n"
        "    pushq %r13\n"
        "    pushq %r14\n"
        "    pushq %r15\n"
        "    movq %rsp, (%rdi)\n"
        "    movq %rsi, %rsp\n"
        "    popq %r15\n"
        "    popq %r14\n"
        "    popq %r13\n"
        "    popq %r12\n"
        "    popq %rbx\n"
        "    popq %rbp\n"
        "    ret\n"
        ".size fiber_switch, . - fiber_switch\n");

static char *stack_of(const struct thread *thread)
{
    return STACKS + (thread - machine.threads) * (ptrdiff_t)STACK_SIZE;
}

void machine_prepare_stacks(void)
{
    size_t size = (size_t)MOST_THREADS * STACK_SIZE;
    char *stacks = mmap(STACKS, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

    if (stacks != STACKS)
        explore_fail("there is no room for stacks");
    for (unsigned i = 0; i < MOST_THREADS; i++)
        mprotect(stacks + (size_t)i * STACK_SIZE, 4096, PROT_NONE);
}

bool machine_is_dead_stack(uintptr_t address)
{
    uintptr_t offset = address - (uintptr_t)STACKS;

    if (offset >= (uintptr_t)MOST_THREADS * STACK_SIZE)
        return false;
    struct thread *thread = &machine.threads[offset / STACK_SIZE];
    return thread != machine.current && (thread->state == THREAD_NONE || thread->state == THREAD_ENDED ||
                                         address < (uintptr_t)thread->stack_pointer);
}

static void switch_to(struct thread *thread)
{
    struct thread *from = machine.current;

    if (thread == from)
        return;
    machine.current = thread;
    fiber_switch(&from->stack_pointer, thread->stack_pointer);
}

static _Noreturn void end_thread(void)
{
    struct thread *self = machine.current;

    buffers_flush(self);
    trace("ends", NULL, NULL);
    for (unsigned i = 0; i < machine.thread_count; i++) {
        struct thread *other = &machine.threads[i];
        if (other->state == THREAD_JOINING && &machine.threads[other->joins] == self)
            machine_wake(other);
    }
    machine_sleep(THREAD_ENDED);
    explore_fail("a thread goes on after its end");
}

static void thread_begins(void)
{
    machine.current->main(machine.current->argument);
    end_thread();
}

void explore_end_thread(void)
{
    end_thread();
}

bool machine_is_gone(uint32_t id)
{
    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].id == id && machine.threads[i].state != THREAD_ENDED)
            return false;
    return true;
}

unsigned machine_start_thread(nt_thread_main *main, void *argument)
{
    unsigned number = 0;

    while (number < machine.thread_count && machine.threads[number].state != THREAD_ENDED)
        number++;
    if (number == MOST_THREADS)
        explore_fail("more than %d threads", MOST_THREADS);
    /* The scenario's own are asked for by number. */
    if (number < machine.thread_count && machine.thread_count < MOST_THREADS)
        number = machine.thread_count;
    if (number == machine.thread_count)
        machine.thread_count++;
    static uint32_t last_id;
    struct thread *thread = &machine.threads[number];
    void **top = (void **)(stack_of(thread) + STACK_SIZE) - 8; /* a function is entered with 8 bytes above 16 */
    *thread = (struct thread){.state = THREAD_READY, .main = main, .argument = argument};
    thread->id = last_id += machine.world.id_stride;
    thread->priority = choose_priority();
    top[0] = (void *)thread_begins;
    top[1] = NULL;
    thread->stack_pointer = top - 6;
    return number;
}

/* ---- steps ------------------------------------------------------------------------------------ */

static void count_step(void)
{
    if (++machine.steps > MOST_STEPS)
        explore_fail("no end after %d steps", MOST_STEPS);
    if (machine.buffered)
        buffers_leak();
}

void machine_step(const char *what, const volatile void *address, const void *place)
{
    if (!machine.running)
        return;
    count_step();
    switch_to(choose_thread(false));
    if (__builtin_expect(session->traces, 0))
        trace(what, address, place);
}

void machine_yield(const char *what, const void *place)
{
    if (!machine.running)
        return;
    count_step();
    switch_to(choose_thread(true));
    if (__builtin_expect(session->traces, 0))
        trace(what, NULL, place);
}

void machine_wake(struct thread *thread)
{
    thread->state = THREAD_READY;
}

bool machine_has_deadline(void)
{
    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state == THREAD_PARKED && machine.threads[i].deadline != NT_FOREVER)
            return true;
    return false;
}

bool machine_let_time_pass(void)
{
    uint64_t nearest = NT_FOREVER;

    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state == THREAD_PARKED && machine.threads[i].deadline < nearest)
            nearest = machine.threads[i].deadline;
    if (nearest == NT_FOREVER)
        return false;
    if (machine.now < nearest)
        machine.now = nearest;
    trace("time passes", NULL, NULL);
    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state == THREAD_PARKED && machine.threads[i].deadline <= machine.now)
            machine_wake(&machine.threads[i]);
    return true;
}

static bool wake_who_settles(void)
{
    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state == THREAD_SETTLING) {
            machine_wake(&machine.threads[i]);
            return true;
        }
    return false;
}

static bool main_has_ended(void)
{
    return machine.threads[0].state == THREAD_ENDED;
}

static void everybody_sleeps(void)
{
    static const char *const names[] = {"does not exist", "is ready", "is parked", "joins", "settles", "has ended"};

    for (unsigned i = 0; i < machine.thread_count; i++)
        if (machine.threads[i].state != THREAD_ENDED)
            trace(names[machine.threads[i].state], NULL, NULL);
}

/* Nobody is ready. Who is through with everything switches to the outside and does not come back. */
static void idle(void)
{
    buffers_flush_all();
    if (wake_who_settles())
        return;
    if (!main_has_ended() && !machine.scenario->time_passes) {
        everybody_sleeps();
        explore_fail("everybody sleeps, and the scenario is not over: a wake-up was lost");
    }
    if (++time_jumps > MOST_TIME_JUMPS)
        explore_fail("no end after %d deadlines", MOST_TIME_JUMPS);
    if (machine_let_time_pass())
        return;
    if (!main_has_ended())
        explore_fail("everybody sleeps for good, and the scenario is not over");
    void *ignored;
    machine.running = false;
    fiber_switch(&ignored, host_stack_pointer);
}

void machine_sleep(enum thread_state state)
{
    struct thread *next;

    machine.current->state = state;
    trace(state == THREAD_PARKED ? "sleeps" : "waits", NULL, NULL);
    while (!(next = choose_thread(true)))
        idle();
    switch_to(next);
}

/* ---- the whole -------------------------------------------------------------------------------- */

static void run_scenario(void *argument)
{
    ((const struct scenario *)argument)->run();
}

static void check_end(void)
{
    for (unsigned i = 0; i < machine.thread_count && !machine.scenario->keeps_waiters; i++)
        if (machine.threads[i].state != THREAD_ENDED)
            explore_fail("thread %u has not ended", i);
    if (slabs_live() != 0 && !machine.scenario->keeps_items)
        explore_fail("%ld items were not freed", slabs_live());
}

void machine_run(const struct scenario *scenario)
{
    machine.scenario = scenario;
    machine.now = UINT64_C(1000) * NT_SECOND;
    choose_begin();
    machine_start_thread(run_scenario, (void *)(uintptr_t)scenario);
    machine.current = &machine.threads[0];
    machine.running = true;
    fiber_switch(&host_stack_pointer, machine.current->stack_pointer);
    check_end();
}

/* ---- for scenarios ---------------------------------------------------------------------------- */

unsigned explore_start(void (*run)(void *), void *argument)
{
    buffers_flush(machine.current);
    unsigned number = machine_start_thread(run, argument);
    machine_step("starts a thread", (void *)run, __builtin_return_address(0));
    return number;
}

void explore_join(unsigned thread)
{
    machine_step("joins", NULL, __builtin_return_address(0));
    if (machine.threads[thread].state == THREAD_ENDED)
        return;
    machine.current->joins = thread;
    machine_sleep(THREAD_JOINING);
}

void explore_settle(void)
{
    buffers_flush(machine.current);
    machine_sleep(THREAD_SETTLING);
}

bool explore_terminate(uint32_t id, const struct nt_parker *parker)
{
    machine_step("terminates", parker, __builtin_return_address(0));
    for (unsigned i = 0; i < machine.thread_count; i++) {
        struct thread *thread = &machine.threads[i];
        if (thread->id != id || (parker ? thread->parker != parker : !thread->parker))
            continue;
        buffers_flush(thread);
        thread->state = THREAD_ENDED;
        ground_abandon_wait(id);
        return true;
    }
    return false;
}

unsigned explore_pick(unsigned limit)
{
    return choose_number(limit);
}
