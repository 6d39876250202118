// SPDX-License-Identifier: MIT
/*
 * What to do when a compare-and-swap has failed because others want the same word: to let them, for twice as long each
 * time. Of N who just try again each makes the others fail, and a swap costs N times its cache line's way; with
 * pauses the line is left alone while nobody has use for it. Who fails once, as is usual with two, pauses once.
 */
#ifndef NTPOOL_SCHED_BACKOFF_H
#define NTPOOL_SCHED_BACKOFF_H

#include "nt/nt.h"

enum { SCHED_BACKOFF_MOST = 32 };

/** After a failed swap; pauses is 1 before the first. */
static inline void sched_back_off(unsigned *pauses)
{
    for (unsigned i = 0; i < *pauses; i++)
        nt_cpu_relax();
    if (*pauses < SCHED_BACKOFF_MOST)
        *pauses *= 2;
}

#endif
