// SPDX-License-Identifier: MIT
/* Time, gates, meetings and threads for tests. */
#include "unit.h"

#include <errno.h>
#include <time.h>

uint64_t unit_real_time(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NT_SECOND + (uint64_t)now.tv_nsec / 100;
}

void unit_pause(uint64_t duration)
{
    struct timespec left = {
        .tv_sec = (time_t)(duration / NT_SECOND),
        .tv_nsec = (long)(duration % NT_SECOND) * 100,
    };

    while (nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

static struct timespec end_of_patience(void)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += UNIT_PATIENCE;
    return until;
}

bool unit_gate_pass(struct unit_gate *gate)
{
    struct timespec until = end_of_patience();
    int error = 0;

    pthread_mutex_lock(&gate->guard);
    gate->waiting++;
    while (!gate->open && error == 0) {
        error = pthread_cond_timedwait(&gate->changed, &gate->guard, &until);
    }
    gate->waiting--;
    bool open = gate->open;
    pthread_mutex_unlock(&gate->guard);
    return open;
}

static void set_gate(struct unit_gate *gate, bool open)
{
    pthread_mutex_lock(&gate->guard);
    gate->open = open;
    pthread_cond_broadcast(&gate->changed);
    pthread_mutex_unlock(&gate->guard);
}

void unit_gate_open(struct unit_gate *gate)
{
    set_gate(gate, true);
}

void unit_gate_shut(struct unit_gate *gate)
{
    set_gate(gate, false);
}

unsigned unit_gate_waiting(struct unit_gate *gate)
{
    pthread_mutex_lock(&gate->guard);
    unsigned waiting = gate->waiting;
    pthread_mutex_unlock(&gate->guard);
    return waiting;
}

bool unit_meet(struct unit_meeting *meeting)
{
    struct timespec until = end_of_patience();
    int error = 0;

    pthread_mutex_lock(&meeting->guard);
    unsigned round = meeting->round;
    if (++meeting->arrived == meeting->wanted) {
        meeting->arrived = 0;
        meeting->round++;
        pthread_cond_broadcast(&meeting->changed);
    }
    while (meeting->round == round && error == 0) {
        error = pthread_cond_timedwait(&meeting->changed, &meeting->guard, &until);
    }
    bool met = meeting->round != round;
    pthread_mutex_unlock(&meeting->guard);
    return met;
}

static void *run(void *argument)
{
    struct unit_thread *thread = argument;

    thread->run(thread->argument);
    return NULL;
}

void unit_thread_start(struct unit_thread *thread, void (*body)(void *), void *argument)
{
    thread->run = body;
    thread->argument = argument;
    require(pthread_create(&thread->thread, NULL, run, thread) == 0);
}

void unit_thread_join(struct unit_thread *thread)
{
    pthread_join(thread->thread, NULL);
}

uint32_t unit_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}
