// SPDX-License-Identifier: MIT
/*
 * Evidence of who computes and who blocks. Nothing tells when a callback blocks, so the keeper compares processor
 * times. The clocks of both the processors and the threads are coarse: they move in steps of nt_cpu_time_step(), which
 * is why a look that compares less than SCHED_EVALUATION of time says nothing.
 */
#ifndef NTPOOL_SCHED_EVIDENCE_H
#define NTPOOL_SCHED_EVIDENCE_H

#include "sched/pool.h"

/** Over how long evidence is compared: a thread that computes all that time moves its clock at least once. */
#define SCHED_EVALUATION (12 * NT_MILLISECOND)
/** A thread that computes on a machine full of others has got some time after that long. */
#define SCHED_LONG_EVALUATION (60 * NT_MILLISECOND)

uint64_t sched_evaluation(void);

/**
 * Whether no other thread waits for the processor that the caller runs on: it gives way some times in a row, and looks
 * whether that took time. Tells in microseconds what the clocks tell in milliseconds, but costs up to a time slice when
 * somebody does wait. Where the system shares the processors between sessions first, threads of others do not count.
 */
bool sched_processor_is_free(void);

/** How many processors stood idle while elapsed passed, rounded; idle is the time that they did together. */
unsigned sched_idle_processors(uint64_t idle, uint64_t elapsed);

struct sched_evidence {
    unsigned blocked;   /* busy workers that used hardly any processor time */
    unsigned computing; /* busy workers that used half of it, or more */
};

/**
 * Compares the processor time of the busy workers with what was seen before: of those that were last looked at at
 * least patience ago. processors_are_idle: there were processors for them, so that who used none did not want any; else
 * that takes SCHED_LONG_EVALUATION to tell. Workers that have been in one and the same callback meanwhile and used
 * hardly any are presumed blocked from now on. Called by the keeper alone.
 */
struct sched_evidence sched_look_at_workers(struct sched_pool *pool, uint64_t now, bool processors_are_idle,
                                            uint64_t patience);

/**
 * The same where all processors stood idle: who has been in one and the same callback since the last evaluation is
 * presumed blocked. No thread's time has to be read for that.
 */
void sched_presume_lasting_blocked(struct sched_pool *pool);

/** Remembers which callbacks the busy workers are in, for the next evaluation. */
void sched_note_callbacks(struct sched_pool *pool);

#endif
