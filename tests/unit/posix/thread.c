// SPDX-License-Identifier: MIT
#include "internal.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Sanitizers put much on the stack; less than this is not taken at its word. */
#define SMALLEST_STACK ((size_t)512 * 1024)

struct start {
    nt_thread_main *main;
    void *argument;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t ended = PTHREAD_COND_INITIALIZER;
static unsigned live;
static unsigned peak;
static unsigned started;
static struct nt_stack_size last_stack;
static _Atomic unsigned trimmed_stacks;

static _Atomic uint32_t terminated_id; /* of a thread that is to end where it is parked */
static _Atomic uint32_t taken_id;      /* of a thread that is gone; another has it now */
static _Thread_local uint32_t own_id;
static _Thread_local jmp_buf own_end;
static _Thread_local bool own_stack_is_trimmed;
static _Thread_local bool own_pending_io;

static void *run(void *argument)
{
    struct start start = *(struct start *)argument;

    free(argument);
    ground_dawdle();
    if (setjmp(own_end) == 0) {
        start.main(start.argument);
    }
    if (own_stack_is_trimmed) {
        ground_broken("a thread ended without nt_thread_restore_stack");
    }
    pthread_mutex_lock(&guard);
    if (--live == 0) {
        pthread_cond_broadcast(&ended);
    }
    pthread_mutex_unlock(&guard);
    return NULL;
}

/* Counts before a start, never after it: that would order the new thread's steps before its starter's for the eyes of
 * ThreadSanitizer. */
static struct nt_stack_size count_started(struct nt_stack_size stack)
{
    pthread_mutex_lock(&guard);
    struct nt_stack_size before = last_stack;
    last_stack = stack;
    started++;
    live++;
    peak = live > peak ? live : peak;
    pthread_mutex_unlock(&guard);
    return before;
}

static void take_back(struct nt_stack_size stack)
{
    pthread_mutex_lock(&guard);
    last_stack = stack;
    started--;
    live--;
    pthread_mutex_unlock(&guard);
}

nt_status nt_thread_start(nt_thread_main *main, void *argument, const struct nt_stack_size *stack)
{
    if (ground_fault(GROUND_THREAD)) {
        return NT_TOO_MANY_THREADS;
    }
    struct start *start = malloc(sizeof(*start));
    if (start == NULL) {
        return NT_NO_MEMORY;
    }
    *start = (struct start){main, argument};

    pthread_attr_t attributes;
    pthread_t thread;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (stack != NULL && stack->reserve != 0) {
        size_t size = (stack->reserve + 4095) & ~(size_t)4095;
        pthread_attr_setstacksize(&attributes, size < SMALLEST_STACK ? SMALLEST_STACK : size);
    }
    struct nt_stack_size before = count_started(stack != NULL ? *stack : (struct nt_stack_size){0, 0});
    int error = pthread_create(&thread, &attributes, run, start);
    pthread_attr_destroy(&attributes);
    if (error != 0) {
        take_back(before);
        free(start);
        return error == EAGAIN ? NT_TOO_MANY_THREADS : NT_INVALID_PARAMETER;
    }
    ground_dawdle();
    return NT_SUCCESS;
}

void ground_end_thread(void)
{
    longjmp(own_end, 1);
}

uint32_t nt_thread_id(void)
{
    if (own_id == 0) {
        own_id = (uint32_t)syscall(SYS_gettid);
    }
    return own_id;
}

/* Who is gone has let go of guard before; taking it once orders what that thread did before what follows here. */
bool nt_thread_is_gone(uint32_t thread)
{
    if (atomic_load(&taken_id) == thread || syscall(SYS_tgkill, getpid(), thread, 0) == 0) {
        return false;
    }
    pthread_mutex_lock(&guard);
    pthread_mutex_unlock(&guard);
    return true;
}

static void nothing(int signal)
{
    (void)signal;
}

void ground_terminate_parked(uint32_t thread)
{
    struct sigaction action = {.sa_handler = nothing};

    sigaction(SIGUSR1, &action, NULL);
    atomic_store(&terminated_id, thread);
    while (syscall(SYS_tgkill, getpid(), thread, SIGUSR1) == 0) {
        sched_yield();
    }
    atomic_store(&terminated_id, 0);
}

void ground_end_if_terminated(void)
{
    if (atomic_load_explicit(&terminated_id, memory_order_relaxed) == nt_thread_id()) {
        ground_abandon_wait(nt_thread_id());
        ground_end_thread();
    }
}

void ground_take_thread_id(uint32_t thread)
{
    own_id = thread;
    atomic_store(&taken_id, thread);
}

bool nt_thread_has_pending_io(void)
{
    return own_pending_io;
}

void ground_set_pending_io(bool pending)
{
    own_pending_io = pending;
}

void nt_thread_trim_stack(void)
{
    if (!own_stack_is_trimmed) {
        own_stack_is_trimmed = true;
        atomic_fetch_add(&trimmed_stacks, 1);
    }
}

void nt_thread_restore_stack(void)
{
    if (own_stack_is_trimmed) {
        own_stack_is_trimmed = false;
        atomic_fetch_sub(&trimmed_stacks, 1);
    }
}

unsigned ground_trimmed_stacks(void)
{
    return atomic_load(&trimmed_stacks);
}

static unsigned read_guarded(const unsigned *value)
{
    pthread_mutex_lock(&guard);
    unsigned seen = *value;
    pthread_mutex_unlock(&guard);
    return seen;
}

unsigned ground_live_threads(void)
{
    return read_guarded(&live);
}

unsigned ground_peak_threads(void)
{
    return read_guarded(&peak);
}

unsigned ground_started_threads(void)
{
    return read_guarded(&started);
}

struct nt_stack_size ground_last_stack(void)
{
    pthread_mutex_lock(&guard);
    struct nt_stack_size stack = last_stack;
    pthread_mutex_unlock(&guard);
    return stack;
}

bool ground_wait_threads_ended(unsigned real_seconds)
{
    struct timespec until;
    int error = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += real_seconds;
    pthread_mutex_lock(&guard);
    while (live != 0 && error == 0) {
        error = pthread_cond_timedwait(&ended, &guard, &until);
    }
    bool none_left = live == 0;
    pthread_mutex_unlock(&guard);
    return none_left;
}
