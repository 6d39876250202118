// SPDX-License-Identifier: MIT
/*
 * The test side of the POSIX ground: what a test does to the world that the code under test stands on. It makes
 * handles, moves clocks, completes I/O, makes the n-th call of an operation fail, and asks what is still held.
 */
#ifndef NTPOOL_TESTS_POSIX_GROUND_H
#define NTPOOL_TESTS_POSIX_GROUND_H

#include "nt/nt.h"

#include <pthread.h>
#include <setjmp.h>

#define GROUND_ABANDONED        ((nt_status)0x00000080)
#define GROUND_USER_APC         ((nt_status)0x000000C0)
#define GROUND_MUTANT_NOT_OWNED ((nt_status)0xC0000046)
#define GROUND_SEMAPHORE_LIMIT  ((nt_status)0xC0000047)
#define GROUND_CANCELLED        ((nt_status)0xC0000120)

/* ---- faults --------------------------------------------------------------------------------- */

enum ground_operation {
    GROUND_RESERVE,
    GROUND_COMMIT,
    GROUND_THREAD,
    GROUND_EVENT,
    GROUND_OPEN_FOR_WAIT,
    GROUND_PORT_CREATE,
    GROUND_PORT_BIND,
    GROUND_OPERATIONS
};

#define GROUND_ALWAYS UINT64_MAX

/** Makes the first-th call of operation from now on (1: the next) fail, and the count - 1 calls after it. */
void ground_fail(enum ground_operation operation, uint64_t first, uint64_t count);
/** Takes all faults back. */
void ground_fail_nothing(void);
/** How often operation was called so far, failed calls included. */
uint64_t ground_calls(enum ground_operation operation);

/** From now on parking, unparking and thread starts yield and dawdle at random. 0 stops it. */
void ground_disturb(uint32_t seed);

/* ---- process -------------------------------------------------------------------------------- */

void ground_set_exiting(bool exiting);
/** What nt_processor_count says; 0 goes back to the truth. */
void ground_set_processor_count(unsigned count);
/** So many processors stand idle all the time, as far as nt_system_idle_time says, and giving way takes no time, or
 * some when there are none; -1 goes back to the truth. */
void ground_pretend_idle_processors(int count);
/** What nt_cpu_time_step says; 0 goes back to the truth. */
void ground_pretend_cpu_time_step(uint64_t step);
/** Every thread uses so much of a processor all the time, as far as nt_thread_cpu_time says; 0 goes back to the truth.
 */
void ground_pretend_thread_share(unsigned per_mille);
/** Processor time used by all threads of the process. */
uint64_t ground_process_cpu_time(void);
unsigned ground_pin_count(void);

/* ---- memory --------------------------------------------------------------------------------- */

/** Bytes of address space held, and bytes of it that are committed. */
size_t ground_reserved_bytes(void);
size_t ground_committed_bytes(void);

/* ---- time ----------------------------------------------------------------------------------- */

/** Moves the system clock, forward or back, by 100 ns units. */
void ground_move_system_clock(int64_t by);
/** Lets all the ground's clocks run factor times as fast. Only before the first thread starts. */
void ground_speed_clocks(unsigned factor);

/* ---- threads -------------------------------------------------------------------------------- */

/** Threads that nt_thread_start made and whose main has not returned. */
unsigned ground_live_threads(void);
unsigned ground_peak_threads(void);
unsigned ground_started_threads(void);
/** Waits until no such thread is left. False: some still live after real_seconds. */
bool ground_wait_threads_ended(unsigned real_seconds);
/** Ends the calling thread, which nt_thread_start started, wherever it is. */
_Noreturn void ground_end_thread(void);
/** Ends another, which nt_thread_start started, while it is inside nt_park or waits for a handle or at a port,
 * and waits until it is gone. */
void ground_terminate_parked(uint32_t thread);
/** The calling thread takes over the id of one that is gone. */
void ground_take_thread_id(uint32_t thread);
/** The stack that the last successful nt_thread_start asked for; zeroes for the default. */
struct nt_stack_size ground_last_stack(void);
/** How many live threads have their stack trimmed. */
unsigned ground_trimmed_stacks(void);
/** How often a thread came back from sleeping in nt_park or in a wait, woken or late. */
uint64_t ground_wake_ups(void);
/** How many threads sleep in nt_park, or are about to. */
unsigned ground_parked_threads(void);
/** What nt_thread_has_pending_io says on the calling thread. */
void ground_set_pending_io(bool pending);
/** Queues a user APC to a thread; it runs when that thread parks alertably. */
void ground_queue_apc(uint32_t thread, void (*function)(void *), void *argument);

/* ---- handles -------------------------------------------------------------------------------- */

/** Handles that are open now, whoever opened them. */
unsigned ground_open_handles(void);
/** Uses of handles that were not open or not of the kind in question. */
unsigned ground_bad_handle_uses(void);

nt_handle ground_event_create(bool manual_reset, bool signalled);
void ground_event_reset(nt_handle event);
bool ground_event_is_set(nt_handle event);
nt_handle ground_semaphore_create(uint32_t count, uint32_t limit);
uint32_t ground_semaphore_count(nt_handle semaphore);
/** A mutex, owned by the calling thread when owned is set. */
nt_handle ground_mutex_create(bool owned);
/** A handle that is signalled for good once its process has ended. */
nt_handle ground_process_create(void);
void ground_process_end(nt_handle process);
/** A handle that cannot be waited for. */
nt_handle ground_key_create(void);
/** Takes the right to wait away from a handle. */
void ground_forbid_waiting(nt_handle handle);
/** How many threads are inside a wait for what handle names. */
unsigned ground_waiters(nt_handle handle);
/** Waits for one handle for at most real_seconds; true when it was signalled (and consumed). */
bool ground_wait_one(nt_handle handle, unsigned real_seconds);

/* ---- files and ports ------------------------------------------------------------------------ */

nt_handle ground_file_create(void);
/** Whether a thread sleeps at the port that file is bound to. */
bool ground_waits_at_port(nt_handle file);
/** Ends an operation on a file that is bound to a port: the port gets one completion. */
void ground_file_complete(nt_handle file, void *context, nt_status status, uintptr_t information);
/** Completions that wait in the port that file is bound to. */
unsigned ground_file_backlog(nt_handle file);

/* ---- what callbacks leave behind ------------------------------------------------------------- */

struct ground_library {
    _Atomic int references;
};

struct ground_activation_context {
    _Atomic int references;
};

/** What nt_library_try_add_reference finds: another thread inside the loader. */
void ground_set_loader_busy(bool busy);
/** Called by each thread that finds it so, before it hears of it. NULL: nothing. */
void ground_when_loader_is_busy(void (*meanwhile)(void));
/** What nt_system_function gives for name, which must stay; NULL takes it back. At most 16 names. */
void ground_set_system_function(const char *name, void *function);

/** Makes context the active one of the calling thread; no reference is taken. NULL: none. */
void ground_activate(struct ground_activation_context *context);
struct ground_activation_context *ground_active_context(void);
/** A token that threads can impersonate. */
nt_handle ground_token_create(uint32_t identity);
/** The identity that the calling thread impersonates, 0 for none. */
uint32_t ground_identity(void);
/** What nt_loader_lock_is_held says on the calling thread. */
void ground_hold_loader_lock(bool held);

/* ---- raised statuses ------------------------------------------------------------------------ */

struct ground_catcher {
    jmp_buf back;
    struct ground_catcher *outer;
    volatile nt_status code;
    volatile unsigned count;
    uintptr_t parameters[4];
};

void ground_catcher_enter(struct ground_catcher *catcher);
void ground_catcher_leave(struct ground_catcher *catcher);

/** Runs statement, which may raise in this thread, and gives the status raised or NT_SUCCESS. */
#define ground_raised(statement)                                                                                       \
    __extension__({                                                                                                    \
        struct ground_catcher catcher_;                                                                                \
        ground_catcher_enter(&catcher_);                                                                               \
        if (setjmp(catcher_.back) == 0) {                                                                              \
            statement;                                                                                                 \
        }                                                                                                              \
        ground_catcher_leave(&catcher_);                                                                               \
        catcher_.code;                                                                                                 \
    })

/** Sees what no catcher of the raising thread took; true lets that thread go on behind nt_raise. */
typedef bool ground_raise_handler(nt_status code, unsigned count, const uintptr_t *parameters);
void ground_set_raise_handler(ground_raise_handler *handler);

#endif
