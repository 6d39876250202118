// SPDX-License-Identifier: MIT
/* What the verifier's files keep about a thread that runs callbacks. */
#ifndef NTPOOL_NT_WINDOWS_WATCH_H
#define NTPOOL_NT_WINDOWS_WATCH_H

#include "host.h"

/* As many different locks are remembered for one callback. */
enum { WATCH_LOCKS = 32 };

/* What of a thread's state a callback has to leave as it found it. */
struct thread_state {
    uintptr_t of[NT_LEFTOVERS];
    uint32_t known; /* which are; a bit each */
};

/* Used by its own thread alone, but for thread. */
struct watch {
    _Atomic uint32_t thread; /* 0: free */
    bool in_callback;
    struct nt_watched callback;
    struct thread_state before;
    /* Locks that the callback took, given back or not. */
    unsigned section_count, mutex_count;
    void *sections[WATCH_LOCKS];
    HANDLE mutexes[WATCH_LOCKS];
};

/** The calling thread's, or NULL. */
struct watch *watch_current(void);

void thread_state_initialize(void);
/** Reads what can be told. While the loader is busy in another thread, that is not what COM and the window system know.
 */
void thread_state_read(struct thread_state *state);

/** Has the module that code lies in tell which locks it takes. */
void lock_watch_module(const void *code);
/** Fills in the locks that the thread still owns. */
void lock_watch_end(struct watch *watch, struct nt_leftovers *left);

/** The start of the image that code lies in; NULL when it lies in none. */
void *image_of(const void *code);

#endif
