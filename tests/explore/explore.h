// SPDX-License-Identifier: MIT
/*
 * What a scenario of the explorer uses. A scenario is a few threads that do a little with sched/ and tp/, and says what
 * must hold at the end. It is run many times, each time with another interleaving of its atomic operations, so it is
 * short, and waits for nothing but by the means below and those of the code under test.
 *
 * Every static of the program is as new when a scenario begins.
 */
#ifndef NTPOOL_TESTS_EXPLORE_H
#define NTPOOL_TESTS_EXPLORE_H

#include "nt/nt.h"

struct scenario {
    const char *name;
    void (*run)(void);
    unsigned processors;  /* 0: another number in each schedule */
    bool time_passes;     /* it waits for deadlines; else nobody may have to wait for time before run returns */
    bool keeps_waiters;   /* threads of it wait for good: the poller of a port, workers that never retire */
    bool keeps_items;     /* items of it live for good */
    bool stores_are_seen; /* no store is held back: for what holds without store buffers only */
    struct scenario *next;
};

void explore_register(struct scenario *scenario);

/** SCENARIO(name, .processors = 1, ...) { ... } */
#define SCENARIO(function, ...)                                                                                        \
    static void function(void);                                                                                        \
    __attribute__((constructor)) static void function##_register(void)                                                 \
    {                                                                                                                  \
        static struct scenario scenario = {.name = #function, .run = function, __VA_ARGS__};                           \
        explore_register(&scenario);                                                                                   \
    }                                                                                                                  \
    static void function(void)

/** Ends everything: this schedule has shown an error. */
_Noreturn void explore_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define explore_check(condition)                                                                                       \
    do {                                                                                                               \
        if (!(condition))                                                                                              \
            explore_fail("%s:%d: not so: %s", __FILE__, __LINE__, #condition);                                         \
    } while (0)
#define explore_check_equal(is, wanted)                                                                                \
    do {                                                                                                               \
        long long is_ = (long long)(is), wanted_ = (long long)(wanted);                                                \
        if (is_ != wanted_)                                                                                            \
            explore_fail("%s:%d: %s is %lld, not %lld", __FILE__, __LINE__, #is, is_, wanted_);                        \
    } while (0)

/** Starts a thread of the scenario's own; its number. */
unsigned explore_start(void (*run)(void *), void *argument);
/** Waits until it has ended. */
void explore_join(unsigned thread);
/** Waits until nobody else could go on without time passing: whatever had to happen has happened. */
void explore_settle(void);
/** A number below limit, another in each schedule. */
unsigned explore_pick(unsigned limit);
/** Ends another thread that sleeps on parker (NULL: on any) or was just woken there. Else false, and nothing is done.
 */
bool explore_terminate(uint32_t id, const struct nt_parker *parker);
/** Ends the calling thread, which nt_thread_start started, wherever it is. */
_Noreturn void explore_end_thread(void);

#endif
