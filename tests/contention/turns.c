// SPDX-License-Identifier: MIT
/* In place of tests/explore/choose.c: every thread that is ready takes a step in turn, as if each had a processor. */
#include "count.h"
#include "machine.h"

void choose_begin(void)
{
    machine.world = (struct world){.processors = machine.scenario->processors, .id_stride = 4};
}

struct thread *choose_thread(bool others_first)
{
    unsigned current = (unsigned)(machine.current - machine.threads);

    (void)others_first;
    for (unsigned i = 1; i <= machine.thread_count; i++) {
        struct thread *thread = &machine.threads[(current + i) % machine.thread_count];
        if (thread->state != THREAD_READY)
            continue;
        if (machine.current->state == THREAD_PARKED)
            count_one(COUNT_SLEEPS);
        return thread;
    }
    return NULL;
}

unsigned choose_number(unsigned limit)
{
    (void)limit;
    return 0;
}

bool choose_rarely(unsigned one_in)
{
    (void)one_in;
    return false;
}

bool choose_to_hold(void)
{
    return false;
}

uint32_t choose_priority(void)
{
    return 0;
}
