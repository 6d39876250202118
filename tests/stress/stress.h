// SPDX-License-Identifier: MIT
#ifndef STRESS_STRESS_H
#define STRESS_STRESS_H

// Actors, each a thread with its own random numbers, use the pool in every way. Beside each object stands a model that
// says how often its callback must have run, or may have; every episode of an actor ends with the comparison.

#include "harness/suite.h"

#include <stdint.h>

struct actor {
    uint64_t random;
    const struct level *at; // Win32 or NT names, anew for each episode
    PTP_POOL pool;          // a pool of the actor's own; NULL in between
    LONG episodes;
};

uint32_t random_below(struct actor *actor, uint32_t bound);
bool chance(struct actor *actor, uint32_t percent);

// What is known of an object's callbacks. Only its actor changes posted; callbacks count themselves.
struct model {
    volatile LONG posted; // how often it has to run, as far as it was not cancelled
    volatile LONG ran;
    volatile LONG inside;
    volatile LONG over; // nothing may run from now on
    LONG order;         // what the callback of a series found is the next
};

// For callbacks: counts, and fails if nothing was to run any more.
void model_enter(struct model *model);
void model_leave(struct model *model);
// Everything posted has run, once.
void model_complete(struct model *model, const char *what);
// The same, but it may take a while.
void model_awaited(struct model *model, const char *what);
// Callbacks were cancelled and waited for: no more than posted ran, none runs, and what did not run will not.
void model_cancelled(struct model *model, const char *what);

// The environment for an object of this episode: default or own pool, any priority, perhaps marked long.
TP_CALLBACK_ENVIRON_V3 any_environment(struct actor *actor);

// An episode makes objects, uses them, retires them, and leaves nothing outstanding.
typedef void episode(struct actor *actor);
extern episode work_episode, simple_episode, timer_episode, wait_episode, io_episode, group_episode, order_episode,
    item_episode, registered_wait_episode, timer_queue_episode, chain_episode, bound_episode;

struct episode_kind {
    const char *name;
    episode *run;
};
extern const struct episode_kind episode_kinds[];
extern const int episode_kind_count;

// What the process holds.
struct holdings {
    DWORD handles;
    int threads;
    size_t bytes; // private, committed
};
struct holdings holdings_now(void);
// Waits until the process holds no more than before, but for so many bytes, and fails if it does not come to that.
void holdings_return(const struct holdings *before, size_t slack, const char *what);

// So many objects of each kind at a time, twice, and everything is back afterwards.
void check_crowd(int count);

// Fills the address space, which has to be limited, so that no thread can be made, and posts.
void check_no_threads(void);

// Each kind of object for itself: what the process holds after many cycles is what it held after a thousand.
void check_bounded(int cycles, const char *kind);

#endif
