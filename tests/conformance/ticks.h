// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_TICKS_H
#define CONFORMANCE_TICKS_H

#include "harness/suite.h"

#define TICK_ROOM 256

// What the callbacks of one timer leave behind.
struct ticks {
    volatile LONG count;
    volatile LONG begun;
    double since;         // when the due time was set
    double at[TICK_ROOM]; // when each callback came, in ms after `since`
    PTP_TIMER timer;      // what the last callback was given
    DWORD thread;         // where it ran
};

// The timer callback that fills a `struct ticks`.
void CALLBACK note_tick(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer);

// A timer that notes its ticks; ends the test if it cannot be made.
PTP_TIMER ticking_timer(const struct level *at, struct ticks *ticks, PTP_CALLBACK_ENVIRON environment);
// Any timer; ends the test if it cannot be made.
PTP_TIMER timer_of(const struct level *at, PTP_TIMER_CALLBACK callback, void *context,
                   PTP_CALLBACK_ENVIRON environment);
// Sets a relative due time and starts the clock of `ticks`.
void start_ticks(const struct level *at, PTP_TIMER timer, struct ticks *ticks, LONGLONG due_ms, DWORD period);
// Returns when the callbacks that have fallen due are in the queues of their pools: a timer that fell due later has
// fired, in a pool where nothing holds it up.
void let_due_timers_expire(const struct level *at);
// Makes sure that no callback of the timer runs any more, and closes it.
void retire_timer(const struct level *at, PTP_TIMER timer);

#endif
