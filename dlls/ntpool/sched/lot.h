// SPDX-License-Identifier: MIT
/*
 * The parking lot: threads wait on an address until somebody wakes that address. It needs no room beside the
 * address itself, so a lock is one word and an object's waiters cost the object nothing.
 *
 * A thread may be terminated while it waits: nothing of its stack is touched afterwards. But a wake that reaches it is
 * lost, so whoever depends on a wake that is meant for one alone has to look again from time to time.
 */
#ifndef NTPOOL_SCHED_LOT_H
#define NTPOOL_SCHED_LOT_H

#include "nt/nt.h"

/**
 * Waits on address while must_wait(argument) is true and until the deadline. must_wait is asked once, under the
 * bucket's lock: whoever changes the condition and then calls sched_lot_wake either is seen by must_wait or
 * wakes this thread. Returns false when the deadline passed; wakes may be spurious, so callers loop.
 */
bool sched_lot_wait(const volatile void *address, bool (*must_wait)(void *argument), void *argument, uint64_t deadline);

/** Wakes up to count threads that wait on address, the longest-waiting first. The address is only compared. */
void sched_lot_wake(const volatile void *address, unsigned count);

#define SCHED_LOT_ALL (~0u)

#endif
