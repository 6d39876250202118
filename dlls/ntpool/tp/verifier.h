// SPDX-License-Identifier: MIT
/*
 * The verifier that NTPOOL_VERIFY=1 asks for: what Windows raises only under a verifier of its own is looked for, told,
 * with the callback at fault by module and offset, and raised. Costs system calls for each callback, and nothing while
 * it is off but a look at tp_verifying when objects are created and where something is wrong already.
 *
 * Messages go where NTPOOL_LOG says, else to the standard error.
 */
#ifndef NTPOOL_TP_VERIFIER_H
#define NTPOOL_TP_VERIFIER_H

#include "tp/object.h"

/** Written once, before any object exists. */
extern bool tp_verifying;

/** Reads NTPOOL_VERIFY. From the loader's attach notification. */
void tp_verifier_initialize(void);

/** A callback of this kind begins on the calling worker. */
void tp_verify_begin(enum tp_counter kind, const void *callback, const void *context);
/**
 * It has returned, and what it registered for its return is done: raises what it left behind (THR-002 to THR-009,
 * THR-011) and, when a handler goes on, puts back what can be put back.
 */
void tp_verify_end(void);
/** In place of sched_thread_ends: then raises NT_VERIFIER_STOP if a callback ends the thread (THR-010). */
void tp_verify_thread_ends(void);

/** Object was given to the function where a live object of this kind belongs. Tells, and leaves raising to the caller.
 */
void tp_verify_bad_object(const char *function, enum slab_kind kind, const void *object);
/** Raises NT_POSSIBLE_DEADLOCK if the callback in progress on this thread is one of task's (DLK-001, DLK-004 to 007).
 */
void tp_verify_wait(const char *function, struct sched_task *task);
/** A group is closed that has members, which have to be closed first (CG-025). Raises NT_VERIFIER_STOP. */
void tp_verify_group_in_use(const void *group);
/** What the callback asked for on its return cannot be done. Tells, and leaves raising to the caller. */
void tp_verify_not_given_back(const char *what, const void *object);

/* The same where the verifier may be off. */

static inline void tp_check_begin(enum tp_counter kind, const void *callback, const void *context)
{
    if (nt_unlikely(tp_verifying))
        tp_verify_begin(kind, callback, context);
}

static inline void tp_check_end(void)
{
    if (nt_unlikely(tp_verifying))
        tp_verify_end();
}

static inline void tp_check_wait(const char *function, struct sched_task *task)
{
    if (nt_unlikely(tp_verifying))
        tp_verify_wait(function, task);
}

static inline void tp_tell_bad_object(const char *function, enum slab_kind kind, const void *object)
{
    if (nt_unlikely(tp_verifying))
        tp_verify_bad_object(function, kind, object);
}

#endif
