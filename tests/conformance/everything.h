// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_EVERYTHING_H
#define CONFORMANCE_EVERYTHING_H

#include "io_log.h"

// A process that has something of everything outstanding in its pools: workers that are parked, compute, wait at a gate
// and sleep; work that is queued; timers that are armed and timers that tick; waits that are armed; a read that is
// pending. One each, for the process ends with them.
struct everything {
    PTP_POOL pool; // of all but what is queued
    PTP_CLEANUP_GROUP group;
    PTP_WORK computing;
    PTP_WORK blocked;
    PTP_WORK sleeping;
    PTP_WORK queued; // behind the blocked one, in a pool of one thread
    PTP_WORK member; // of the group
    PTP_TIMER ticking;
    PTP_TIMER armed;
    PTP_WAIT wait;
    PTP_IO io;
    struct pipe pipe;
    HANDLE gate;              // what the blocked callback waits for
    volatile LONG computed;   // goes on as long as the computing callback does
    volatile LONG passed;     // counts what runs only after the gate
    volatile LONG out_of_bed; // counts what runs only after the sleep
};

// Starts it all and returns when the callbacks are inside.
void start_everything(const struct level *at, struct everything *everything);
// Has threads that submit, set and close objects of these pools until the process ends.
void start_storm(const struct level *at);

#endif
