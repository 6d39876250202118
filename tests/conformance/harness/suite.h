// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_SUITE_H
#define CONFORMANCE_SUITE_H

// What a test needs: how to declare itself, how to say what it found, and tools to prove order and overlap.

#include "entry_points.h"
#include "level.h"

#include <stdio.h>

// ---- Declaring a test -----------------------------------------------------------------------------------------

enum test_kind {
    BINDING_TEST,    // a documented or verified fact: must hold on every pool
    OBSERVATION_TEST // an inferred fact: reported; fails only with --strict
};

struct test {
    const char *name;
    const char *facts;
    const char *nt_facts;
    enum test_kind kind;
    void (*run)(void);
    void (*run_at)(const struct level *);
    const struct level *level;
    const char *file;
    int line;
    struct test *next;
};

void register_test(struct test *test);

#define TEST_ENTRY(symbol, title, ids, more_ids, how, plain, levelled, at)                                             \
    static struct test test_##symbol = {title, ids, more_ids, how, plain, levelled, at, __FILE__, __LINE__, NULL};     \
    __attribute__((constructor)) static void register_##symbol(void)                                                   \
    {                                                                                                                  \
        register_test(&test_##symbol);                                                                                 \
    }

// BINDING(name_that_says_what_it_proves, "WORK-007 WORK-015") { ... }
#define BINDING(name, facts)                                                                                           \
    static void name(void);                                                                                            \
    TEST_ENTRY(name, #name, facts, "", BINDING_TEST, name, NULL, NULL)                                                 \
    static void name(void)
#define OBSERVATION(name, facts)                                                                                       \
    static void name(void);                                                                                            \
    TEST_ENTRY(name, #name, facts, "", OBSERVATION_TEST, name, NULL, NULL)                                             \
    static void name(void)

// The same for what exists at the NT level only.
#define BINDING_AT_NT_LEVEL(name, facts)                                                                               \
    static void name(void);                                                                                            \
    TEST_ENTRY(name, #name, facts, "", BINDING_TEST, name, NULL, &nt_level)                                            \
    static void name(void)
#define OBSERVATION_AT_NT_LEVEL(name, facts)                                                                           \
    static void name(void);                                                                                            \
    TEST_ENTRY(name, #name, facts, "", OBSERVATION_TEST, name, NULL, &nt_level)                                        \
    static void name(void)

// The same, run twice: as `name` over the Win32 names and as `nt_name` over the Tp names. The body sees `at`.
#define LEVELLED(name, facts, nt_facts, kind)                                                                          \
    static void name(const struct level *at);                                                                          \
    TEST_ENTRY(name, #name, facts, "", kind, NULL, name, &win32_level)                                                 \
    TEST_ENTRY(nt_##name, "nt_" #name, facts, nt_facts, kind, NULL, name, &nt_level)                                   \
    static void name(const struct level *at)
#define BINDING_AT_BOTH_LEVELS(name, facts, nt_facts)     LEVELLED(name, facts, nt_facts, BINDING_TEST)
#define OBSERVATION_AT_BOTH_LEVELS(name, facts, nt_facts) LEVELLED(name, facts, nt_facts, OBSERVATION_TEST)

// ---- Saying what was found ------------------------------------------------------------------------------------

#define PRINTF_LIKE(text, first) __attribute__((format(gnu_printf, text, first)))

// Records a failure when the condition does not hold, and goes on. The text says what was expected and seen.
#define check(condition, ...) ((condition) ? (void)0 : fail_at(__FILE__, __LINE__, __VA_ARGS__))
// The same, but ends the test at once: what follows would make no sense. May be called on any thread.
#define require(condition, ...) ((condition) ? (void)0 : stop_at(__FILE__, __LINE__, __VA_ARGS__))

void fail_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
_Noreturn void stop_at(const char *file, int line, const char *format, ...) PRINTF_LIKE(3, 4);
_Noreturn void give_up(const char *text);
// What this pool does where no source promises one thing. It is compared with the expected observation, so it says the
// same in each run: no times, no addresses, nothing that depends on luck.
void observe(const char *format, ...) PRINTF_LIKE(1, 2);
// A line of the report that is compared with nothing: times, counts.
void remark(const char *format, ...) PRINTF_LIKE(1, 2);
// Ends the test as skipped: the host lacks what it needs.
_Noreturn void skip(const char *format, ...) PRINTF_LIKE(1, 2);

// ---- Time limits ----------------------------------------------------------------------------------------------

#define GENEROUS 20000 // ms: an upper bound that only a lost callback exceeds
#define BRIEFLY  200   // ms: how long to look for something that must not come
#define TICK     16    // ms: slack of a lower bound, one clock tick

// Polls a condition until it holds or the limit has passed; gives whether it held.
#define wait_until(condition, limit)                                                                                   \
    __extension__({                                                                                                    \
        ULONGLONG wait_until_end = GetTickCount64() + (limit);                                                         \
        bool wait_until_held;                                                                                          \
        while (!(wait_until_held = (condition)) && GetTickCount64() < wait_until_end)                                  \
            Sleep(1);                                                                                                  \
        wait_until_held;                                                                                               \
    })

// For a test that does the same thing `most` times, each time in a process of its own: whether it should begin this
// round, the first being 1. A machine on which that takes too long is spared the later rounds, so that the watchdog
// does not mistake being slow for hanging.
bool next_round(int round, int most);
// From now on next_round says yes so often, whatever the test says and the machine takes; 0: as before.
void sync_use_rounds(int rounds);

// Milliseconds from an arbitrary start, with fractions.
double milliseconds(void);
// A due time that lies this many milliseconds ahead; 0 means at once.
FILETIME *due_in(FILETIME *time, LONGLONG ms);
// The system time this many milliseconds ahead, as an absolute due time.
FILETIME *due_at(FILETIME *time, LONGLONG ms_from_now);

// ---- Gates, meetings, order and overlap -----------------------------------------------------------------------

// A manual-reset event, closed. The test process owns it until it ends.
HANDLE gate(void);
void open_gate(HANDLE gate);
void shut_gate(HANDLE gate);
// Waits until the gate is open. Ends the test if it never opens.
void pass_gate(HANDLE gate);
bool gate_opens(HANDLE gate, DWORD limit);

// A barrier: true once `wanted` callers are inside at the same time.
struct meeting {
    LONG wanted;
    volatile LONG arrived;
    HANDLE complete;
};
struct meeting meeting_of(LONG wanted);
bool meet(struct meeting *meeting, DWORD limit);

#define ORDER_ROOM 65536
struct order {
    volatile LONG count;
    volatile LONG entry[ORDER_ROOM];
};
// Appends to the log; gives the position.
LONG order_note(struct order *order, LONG what);

struct overlap {
    volatile LONG inside;
    volatile LONG peak;
};
void overlap_enter(struct overlap *overlap);
void overlap_leave(struct overlap *overlap);

static inline LONG counted(volatile LONG *counter)
{
    return InterlockedCompareExchange(counter, 0, 0);
}
#define count_up(counter) InterlockedIncrement(counter)
// Waits until the counter has reached the value; ends the test if it never does.
#define await_count(counter, value) await_count_at(__FILE__, __LINE__, #counter, counter, value)
void await_count_at(const char *file, int line, const char *name, volatile LONG *counter, LONG value);
// True if the counter keeps its value for a short while: nothing more comes.
bool stays(volatile LONG *counter, LONG value);
// True once the counter has kept some value for a while: what was on its way has come, and nothing follows.
bool falls_silent(volatile LONG *counter);

// ---- Threads, exceptions, other processes ---------------------------------------------------------------------

HANDLE start_thread(LPTHREAD_START_ROUTINE routine, void *argument);
// Waits until the thread has ended; ends the test if it never does.
void join_thread(HANDLE thread);
// Waits until a thread that counts `begun` up just before a call is inside that call and blocked there, or has ended.
// Ends the test if neither comes. What a thread says before a call does not prove that it is in it: on a busy machine
// it may lose its processor between the two.
void await_blocked(HANDLE thread, volatile LONG *begun);
// How many threads the process has.
int thread_count(void);

struct raised {
    bool happened;
    DWORD code;
    DWORD parameters;
    ULONG_PTR parameter[EXCEPTION_MAXIMUM_PARAMETERS];
};
// Calls a function that may raise and catches what is raised on this thread. One attempt at a time in the process.
struct raised attempt(void (*call)(void *), void *argument);
// Fails the test unless the call raises this very code.
void expect_raise_at(const char *file, int line, DWORD code, void (*call)(void *), void *argument);
#define expect_raise(code, call, argument) expect_raise_at(__FILE__, __LINE__, code, call, argument)

// A scenario is a program of its own, run by a test in another process of this executable.
struct scenario {
    const char *name;
    int (*run)(void);
    struct scenario *next;
};
void register_scenario(struct scenario *scenario);
#define SCENARIO(name)                                                                                                 \
    static int name(void);                                                                                             \
    static struct scenario scenario_##name = {#name, name, NULL};                                                      \
    __attribute__((constructor)) static void register_scenario_##name(void)                                            \
    {                                                                                                                  \
        register_scenario(&scenario_##name);                                                                           \
    }                                                                                                                  \
    static int name(void)

struct outcome {
    bool hung; // it was still running at the limit and was terminated
    DWORD exit_code;
    double took;       // ms
    char output[8192]; // the lines that it told; what failed in it has failed in the test that runs it
};
struct outcome run_scenario(const char *name, DWORD limit);
// Writes a line from a scenario (or any thread of it) to the test that runs it. Unbuffered, legal at process exit.
void say(const char *format, ...) PRINTF_LIKE(1, 2);

#endif
