// SPDX-License-Identifier: MIT
/* What timer queues and their timers know of each other. */
#ifndef NTPOOL_TP_LEGACY_TIMER_H
#define NTPOOL_TP_LEGACY_TIMER_H

#include "sched/slab.h"
#include "tp/legacy.h"

struct tp_timer_queue {
    struct slab_item item;
    _Atomic uint32_t users; /* the program's handle, each timer that is not gone, and who is at work on it */
    struct sched_lock lock; /* guards the list and the timers' links; taken with no other lock held */
    struct tp_queue_timer *timers;
    nt_handle event; /* to be set when the last timer is gone; written before the handle's use ends */
};

/** One more user of *queue; NULL becomes the process's own queue. NT_INVALID_HANDLE, NT_NO_MEMORY. */
nt_status tp_timer_queue_enter(struct tp_timer_queue **queue);
void tp_timer_queue_leave(struct tp_timer_queue *queue);

/** Closes the timer to everybody else; false when somebody was first. The taker must finish it. */
bool tp_queue_timer_take(struct tp_queue_timer *timer);
/** Disarms and closes a taken timer. True: callbacks are outstanding. wait: until there are none. */
bool tp_queue_timer_finish(struct tp_queue_timer *timer, nt_handle event, bool wait);
/** What counts the callbacks of a timer. */
struct sched_task *tp_queue_timer_task(struct tp_queue_timer *timer);
/** The first timer of the queue that was not taken, now taken; NULL when there is none. */
struct tp_queue_timer *tp_queue_timer_take_any(struct tp_timer_queue *queue);

#endif
