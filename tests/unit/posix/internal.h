// SPDX-License-Identifier: MIT
/* What the files of the POSIX ground share among themselves. */
#ifndef NTPOOL_TESTS_POSIX_INTERNAL_H
#define NTPOOL_TESTS_POSIX_INTERNAL_H

#include "posix_ground.h"

#include <time.h>

/** Stops the process with a message: the code under test broke the ground's contract. */
_Noreturn void ground_broken(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** Counts a call of operation and says whether it is to fail. */
bool ground_fault(enum ground_operation operation);
/** A place where another thread may get ahead, when a test asked for disturbance. */
void ground_dawdle(void);

/** Ends the calling thread if ground_terminate_parked was called for it. */
void ground_end_if_terminated(void);

/** The real monotonic instant of a deadline, never before it. */
struct timespec ground_real_deadline(uint64_t deadline);
/** How much faster than real time the ground's clocks run. */
uint64_t ground_speed(void);

/* ---- objects behind handles ------------------------------------------------------------------ */

enum ground_kind {
    GROUND_KIND_FREE,
    GROUND_KIND_EVENT,
    GROUND_KIND_SEMAPHORE,
    GROUND_KIND_MUTEX,
    GROUND_KIND_PROCESS,
    GROUND_KIND_FILE,
    GROUND_KIND_PORT,
    GROUND_KIND_TOKEN,
    GROUND_KIND_KEY
};

struct ground_waiter;

/* One handle's place in one thread's wait. */
struct ground_link {
    struct ground_waiter *waiter;
    struct ground_object *object;
    struct ground_link *next;
    struct ground_link *previous;
};

struct ground_packet {
    struct ground_packet *next;
    struct nt_completion completion;
};

struct ground_object {
    enum ground_kind kind;
    unsigned references;
    bool manual_reset;
    uint32_t count; /* signalled, or how often; for a mutex 1 while nobody owns it */
    uint32_t limit;
    uint32_t owner; /* a mutex's thread, or whom a token stands for */
    uint32_t recursion;
    unsigned waiters;
    struct ground_link *first;
    struct ground_link *last;
    struct ground_packet *oldest;
    struct ground_packet *newest;
    struct ground_object *port;
    uint64_t key;
    struct ground_object *next_free;
};

struct ground_waiter {
    struct nt_parker parker;
    struct ground_waiter *next_alertable;
    struct ground_waiter *next_asleep;
    nt_status result;
    unsigned count;
    struct nt_completion completion;
    struct ground_link links[NT_WAIT_MAXIMUM];
};

/* One lock guards all objects, handles, waits and ports. */
void ground_lock(void);
void ground_unlock(void);

/* All of these with the lock held. */
struct ground_object *ground_object_make(enum ground_kind kind);
void ground_object_release(struct ground_object *object);
nt_handle ground_handle_make(struct ground_object *object);
/* The object that handle names, NULL when there is none; and the same of one kind only. */
struct ground_object *ground_handle_look(nt_handle handle);
struct ground_object *ground_handle_of_kind(nt_handle handle, enum ground_kind kind);
bool ground_handle_may_wait(nt_handle handle);
/* Hands what object has to offer to those who wait for it, oldest first. */
void ground_object_offer(struct ground_object *object);
void ground_port_take(struct ground_object *port, struct nt_completion *completion);
void ground_port_empty(struct ground_object *port);

/** Waits for one of count objects; takes over one reference to each. */
nt_status ground_wait(struct ground_waiter *waiter, unsigned count, struct ground_object **objects, uint64_t deadline,
                      bool alertable);
/** A thread that is terminated in a wait waits for nothing any more. */
void ground_abandon_wait(uint32_t thread);
/** Runs the calling thread's user APCs; true when there were any. */
bool ground_run_apcs(void);

#endif
