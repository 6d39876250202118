// SPDX-License-Identifier: MIT
/*
 * Roll calls: workers that are gone and said nothing. TerminateThread, which is forbidden on a worker, tells nobody. A
 * worker that was terminated while it rested is woken in vain, and the search that it was woken for never ends; one
 * that was terminated in a callback keeps its place in a pool that may have no more. A poller of the completion port
 * that was terminated leaves it alone.
 *
 * So the keeper calls the roll a second after somebody was woken, found a pool full, or counts on the port: it asks the
 * system for those who have not come since, for those who are in the way and for the pollers, and buries who is gone.
 * Nothing of it is on a worker's way, and where nobody is woken no roll is called.
 */
#ifndef NTPOOL_SCHED_ROLL_CALL_H
#define NTPOOL_SCHED_ROLL_CALL_H

#include "nt/nt.h"

/** How long after it was asked for. Long enough that whoever posts now and then is hardly disturbed by it. */
#define SCHED_ROLL_CALL_DELAY NT_SECOND

/** For the keeper: looks for the gone. True: there are some of whom it cannot tell yet, so call it again. */
bool sched_roll_call(void);

/** keeper.c: asks for a roll call. */
void sched_roll_call_ask_slow(void);
extern _Atomic bool sched_roll_call_is_asked;

/**
 * Whoever woke a worker, or leaves work to those that are busy, asks for a roll call afterwards. Sequentially
 * consistent, as what it is about is made known before: the keeper takes the question back before it looks, so it sees
 * that, or we see that we have to ask again. May take the deadlines' lock.
 */
static inline void sched_roll_call_ask(void)
{
    if (nt_unlikely(!atomic_load_explicit(&sched_roll_call_is_asked, memory_order_seq_cst)))
        sched_roll_call_ask_slow();
}

#endif
