// SPDX-License-Identifier: MIT
/* Waits of one wait thread that are disarmed at once. */
#include "explore.h"
#include "posix_ground.h"
#include "sched/waiter.h"

enum { WAITS = 2 };

static struct watch {
    struct sched_wait wait;
    nt_handle event;
    unsigned fired;
} watches[WAITS];

static struct sched_pool *hear(struct sched_wait *wait, bool timed_out)
{
    explore_check(!timed_out);
    nt_container(wait, struct watch, wait)->fired++;
    return NULL;
}

/* What is signalled after a wait was disarmed is nobody's. */
static void disarm_then_signal(void *argument)
{
    struct watch *watch = argument;

    explore_check(sched_wait_disarm(&watch->wait));
    nt_event_set(watch->event);
}

SCENARIO(waits_of_one_thread_are_disarmed_at_once)
{
    unsigned threads[WAITS];

    for (unsigned i = 0; i < WAITS; i++) {
        watches[i].wait.fired = hear;
        watches[i].event = ground_event_create(false, false);
        sched_wait_arm(&watches[i].wait, watches[i].event, NT_FOREVER, false);
    }
    explore_settle(); /* their thread waits for both */
    for (unsigned i = 0; i < WAITS; i++)
        threads[i] = explore_start(disarm_then_signal, &watches[i]);
    for (unsigned i = 0; i < WAITS; i++)
        explore_join(threads[i]);
    explore_settle();
    for (unsigned i = 0; i < WAITS; i++) {
        explore_check_equal(watches[i].fired, 0);
        explore_check(ground_event_is_set(watches[i].event));
        nt_handle_close(watches[i].event);
    }
    explore_check_equal(ground_bad_handle_uses(), 0);
}
