// SPDX-License-Identifier: MIT
/*
 * A small frame for native tests. TEST(name) { ... } defines one; each runs in a child process of its own with a time
 * limit, and is one TAP line. A test that checks nothing fails.
 */
#ifndef NTPOOL_TESTS_UNIT_H
#define NTPOOL_TESTS_UNIT_H

#include "posix_ground.h"

#include <stdio.h>

struct unit_test {
    const char *name;
    void (*run)(void);
    unsigned seconds;
    struct unit_test *next;
};

void unit_register(struct unit_test *test);

#define TEST_WITHIN(function, limit)                                                                                   \
    static void function(void);                                                                                        \
    __attribute__((constructor)) static void function##_register(void)                                                 \
    {                                                                                                                  \
        static struct unit_test test = {#function, function, limit, NULL};                                             \
        unit_register(&test);                                                                                          \
    }                                                                                                                  \
    static void function(void)

#define TEST(function) TEST_WITHIN(function, 120)

/** Counts one check; says where and what when it did not hold. Gives back holds. */
bool unit_check(bool holds, const char *file, int line, const char *text);
bool unit_check_equal(intmax_t is, intmax_t wanted, const char *file, int line, const char *text);
/** Ends the test at once, as failed. */
_Noreturn void unit_stop(void);
/** A line beside the results. */
void unit_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#define check(condition) unit_check((condition), __FILE__, __LINE__, #condition)
#define check_equal(is, wanted)                                                                                        \
    unit_check_equal((intmax_t)(is), (intmax_t)(wanted), __FILE__, __LINE__, #is " is " #wanted)
/** A check that the rest of the test cannot do without. */
#define require(condition)                                                                                             \
    do {                                                                                                               \
        if (!check(condition)) {                                                                                       \
            unit_stop();                                                                                               \
        }                                                                                                              \
    } while (0)

/** How long a wait for something that must come goes on before the test says that it did not come. */
#define UNIT_PATIENCE 60

/** Real time since some start, in the ground's units, whatever the ground's clocks do. */
uint64_t unit_real_time(void);
/** Sleeps; only between two looks at a condition, or to let time itself pass. */
void unit_pause(uint64_t duration);

/** Looks at condition until it holds or patience is at an end; whether it holds. */
#define wait_until(condition)                                                                                          \
    __extension__({                                                                                                    \
        uint64_t until_ = unit_real_time() + UNIT_PATIENCE * NT_SECOND;                                                \
        bool holds_;                                                                                                   \
        while (!(holds_ = (condition)) && unit_real_time() < until_) {                                                 \
            unit_pause(NT_MILLISECOND / 5);                                                                            \
        }                                                                                                              \
        holds_;                                                                                                        \
    })
#define check_soon(condition) unit_check(wait_until(condition), __FILE__, __LINE__, "soon " #condition)
#define require_soon(condition)                                                                                        \
    do {                                                                                                               \
        if (!unit_check(wait_until(condition), __FILE__, __LINE__, "soon " #condition)) {                              \
            unit_stop();                                                                                               \
        }                                                                                                              \
    } while (0)

/** A gate that threads wait at until it is opened. */
struct unit_gate {
    pthread_mutex_t guard;
    pthread_cond_t changed;
    unsigned waiting;
    bool open;
};

#define UNIT_GATE                                                                                                      \
    {                                                                                                                  \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, 0, false                                                  \
    }

/** Waits at the gate; false when nobody opened it in time. */
bool unit_gate_pass(struct unit_gate *gate);
void unit_gate_open(struct unit_gate *gate);
void unit_gate_shut(struct unit_gate *gate);
unsigned unit_gate_waiting(struct unit_gate *gate);

/** A meeting of wanted threads, again and again. */
struct unit_meeting {
    pthread_mutex_t guard;
    pthread_cond_t changed;
    unsigned wanted;
    unsigned arrived;
    unsigned round;
};

#define UNIT_MEETING(count)                                                                                            \
    {                                                                                                                  \
        PTHREAD_MUTEX_INITIALIZER, PTHREAD_COND_INITIALIZER, count, 0, 0                                               \
    }

/** Waits until all have arrived; false when some did not come in time. */
bool unit_meet(struct unit_meeting *meeting);

/** A thread of the test's own, to be joined. */
struct unit_thread {
    pthread_t thread;
    void (*run)(void *);
    void *argument;
};

void unit_thread_start(struct unit_thread *thread, void (*run)(void *), void *argument);
void unit_thread_join(struct unit_thread *thread);

/** A reproducible stream of numbers. */
uint32_t unit_random(uint32_t *state);

#endif
