// SPDX-License-Identifier: MIT
/*
 * The turn: which of the pollers takes completions off the port. One of them has it, and no second; so completions keep
 * their order. The others wait. It is free before the first asks for it, and when its owner was terminated and nobody
 * waits.
 *
 * Who has the turn either polls, or is in a callback and has it on lease: it means to be back soon, which spares two
 * wakes. Should it not come back, the keeper takes the turn away and gives it to one that waits; so no callback stalls
 * the port for longer than two looks of the keeper.
 *
 * One word says whether its owner polls, and has a number that changes with each lease, so that whoever takes a lease
 * away, or comes back from it, does so with a swap that only one of them wins.
 */
#ifndef NTPOOL_SCHED_TURN_H
#define NTPOOL_SCHED_TURN_H

#include "nt/nt.h"

enum sched_turn_place {
    TURN_AWAY,    /* has it not, and does not wait for it */
    TURN_AWAITED, /* waits for it */
    TURN_HAD      /* has it, if a lease that it has was not taken away */
};

/** A thread that takes turns; zeroed at first, and its own but while it waits. */
struct sched_turn_taker {
    struct nt_parker parker;
    _Atomic uint32_t place; /* a sched_turn_place; others change it under the turn's lock */
    uint64_t lease;         /* 0: it has none */
    struct sched_turn_taker *next;
};

/** Waits until the turn is the caller's. The first that ever asks has it at once. */
void sched_turn_take(struct sched_turn_taker *taker);
/** Somebody waits for it. */
bool sched_turn_is_wanted(void);
/** It is this one that waits for it. */
bool sched_turn_is_awaited_by(struct sched_turn_taker *taker);
/** Gives the caller's turn to one that waits for it. False: nobody does, and the caller still has it. */
bool sched_turn_pass(struct sched_turn_taker *taker);
/**
 * The taker's thread takes no more turns, or is gone: what it had, somebody else has now. True: it had the turn, nobody
 * waits for it, and it is free for the next who asks.
 */
bool sched_turn_leave(struct sched_turn_taker *taker);

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
