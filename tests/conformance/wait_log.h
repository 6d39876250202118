// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_WAIT_LOG_H
#define CONFORMANCE_WAIT_LOG_H

#include "harness/suite.h"

// What the callbacks of one wait object leave behind.
struct wait_log {
    volatile LONG count;
    volatile LONG signalled;
    volatile LONG timed_out;
    double since; // when the wait was set
    double at;    // when the last callback came, in ms after `since`
    PTP_WAIT wait;
    DWORD thread;
};

// The wait callback that fills a `struct wait_log`. Any result but the two documented ones fails the test.
void CALLBACK note_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result);

// A wait object that notes its callbacks; ends the test if it cannot be made.
PTP_WAIT noting_wait(const struct level *at, struct wait_log *log, PTP_CALLBACK_ENVIRON environment);
// Any wait object; ends the test if it cannot be made.
PTP_WAIT wait_of(const struct level *at, PTP_WAIT_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment);
// Sets the wait without or with a relative timeout and starts the clock of the log.
void start_wait(const struct level *at, PTP_WAIT wait, struct wait_log *log, HANDLE object, const LONGLONG *timeout);
// Makes sure that no callback runs any more, and closes the wait object.
void retire_wait(const struct level *at, PTP_WAIT wait);

#define AFTER(ms) (&(const LONGLONG){ms})

// An event that one waiter resets; a semaphore that holds `count`.
HANDLE auto_reset_event(void);
HANDLE semaphore(LONG count);
// Takes the signal if there is one.
bool takes_signal(HANDLE object);

// Signals the auto-reset event that a wait is set for, and returns when its callback is in the queue of its pool: the
// signal was taken, and a wait that was signalled after that has called back, in a pool where nothing holds it up.
void signal_and_let_it_be_queued(const struct level *at, HANDLE event);

// Looks at an event without taking its signal.
bool event_is_set(HANDLE event);

#endif
