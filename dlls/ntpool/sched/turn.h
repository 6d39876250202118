// SPDX-License-Identifier: MIT
/*
 * The turn: which of the pollers takes completions off the port. One of them has it, always; so completions keep their
 * order. The others wait.
 *
 * Who has the turn either polls, or is in a callback and has it on lease: it means to be back soon, which spares two
 * wakes. Should it not come back, the keeper takes the turn away and gives it to one that waits; so no callback stalls
 * the port for longer than two looks of the keeper.
 *
 * Everything is in one word: whether its owner polls, and a number that changes with each lease, so that whoever takes
 * a lease away, or comes back from it, does so with a swap that only one of them wins.
 */
#ifndef NTPOOL_SCHED_TURN_H
#define NTPOOL_SCHED_TURN_H

#include "nt/nt.h"

/** A thread that takes turns; zeroed at first, and its own but while it waits. */
struct sched_turn_taker {
    struct nt_parker parker;
    uint64_t lease; /* 0: it has none */
    struct sched_turn_taker *next;
};

/** Waits until the turn is the caller's. The first that ever asks has it at once. */
void sched_turn_take(struct sched_turn_taker *taker);
/** Somebody waits for it. */
bool sched_turn_is_wanted(void);
/** Gives the caller's turn to one that waits for it. False: nobody does, and the caller still has it. */
bool sched_turn_pass(void);

/** The caller, whose turn it is and for which somebody waits, goes to run a callback. */
void sched_turn_lease(struct sched_turn_taker *taker);
/** It is back. False: the turn was taken away. */
bool sched_turn_resume(struct sched_turn_taker *taker);
/** It will not be back soon: somebody else gets the turn now. Nothing when it has no lease. */
void sched_turn_end_lease(struct sched_turn_taker *taker);

/**
 * For the keeper, from time to time: takes the turn away from whoever has had the same lease since the last look.
 * False: nobody has had a lease since then.
 */
bool sched_turn_look(void);
/** Somebody has the turn on lease. */
bool sched_turn_is_leased(void);

#endif
