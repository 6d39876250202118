// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_JOB_H
#define CONFORMANCE_JOB_H

#include "suite.h"

// What most callbacks of the suite do, as the context of any of the callbacks below: count the call, note it, say that
// it is inside, wait at a gate, count the return. Members that are not set are left out.
struct job {
    volatile LONG calls;    // entered so far
    volatile LONG returned; // left so far
    volatile LONG thread;   // the thread of the last call
    HANDLE entered;         // opened by each call
    HANDLE gate;            // passed by each call
    struct order *order;    // takes `mark` on entry
    LONG mark;
    struct overlap *overlap;
    struct meeting *meeting; // met by each call
};

void do_job(struct job *job);
void CALLBACK simple_job(PTP_CALLBACK_INSTANCE instance, void *job);
void CALLBACK work_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_WORK work);
void CALLBACK timer_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_TIMER timer);
void CALLBACK wait_job(PTP_CALLBACK_INSTANCE instance, void *job, PTP_WAIT wait, TP_WAIT_RESULT result);

// A job that stays inside until its gate is opened.
struct job gated_job(void);
// A job that notes its mark.
struct job noting_job(struct order *order, LONG mark);

// Creation that ends the test when it fails.
PTP_WORK work_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment);
PTP_TIMER timer_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment);
PTP_WAIT wait_for(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment);
void submit_simple(const struct level *at, struct job *job, TP_CALLBACK_ENVIRON_V3 *environment);

// Has a worker do this gated job as a simple callback, and waits until it is inside: in a pool of one thread nothing
// else runs until the gate opens.
void occupy(const struct level *at, struct job *gated, TP_CALLBACK_ENVIRON_V3 *environment);

#endif
