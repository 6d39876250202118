// SPDX-License-Identifier: MIT
/*
 * What all objects of the object API share: the task that counts their callbacks, whose pool and group they belong to,
 * and what their environment asked for.
 *
 * An object's life: live, until its owner or its group closes it; closed, while callbacks are outstanding; then its
 * memory goes back, unless it has a finalization callback, which runs first, once, on a worker (ENV-033).
 */
#ifndef NTPOOL_TP_OBJECT_H
#define NTPOOL_TP_OBJECT_H

#include "sched/worker.h"
#include "tp/types.h"

/* Which counter of the log a callback goes to. */
enum tp_counter {
    TP_COUNT_WORK,
    TP_COUNT_SIMPLE,
    TP_COUNT_TIMER,
    TP_COUNT_WAIT,
    TP_COUNT_IO,
    TP_COUNT_LEGACY_WORK,
    TP_COUNT_LEGACY_WAIT,
    TP_COUNT_LEGACY_TIMER,
    TP_COUNT_BOUND_IO,
    TP_COUNT_FINALIZATION, /* not logged */
    TP_COUNTERS
};
_Static_assert((int)TP_COUNTERS <= (int)SCHED_COUNTERS, "the workers count every kind");

/* What few environments ask for. One per object, only where there is something to keep. */
struct tp_capture {
    struct slab_item item;
    _Atomic uint32_t library_references; /* taken for posts that have not begun */
    _Atomic uint32_t put_back;           /* how often a callback went back to being queued; see acquire_library */
    tp_cancel_callback *cancel;
    void *library;
    void *activation_context;
    tp_simple_callback *finalization;
};

/* How an object stands to its group. Changed under the group's lock. */
enum tp_membership {
    TP_NO_MEMBER,
    TP_MEMBER,
    TP_LEAVING /* a group close has taken it over */
};

/* First in each kind. Most objects need no more than the first cache line when they are posted, run and freed. */
struct tp_object {
    struct sched_task task; /* special: what is behind context matters */
    void *callback;
    void *context;
    struct tp_group *group;
    struct tp_object *next, *before; /* the group's members, or those that a group close has taken over */
    struct tp_capture *capture;      /* NULL: nothing to keep */
    uint8_t membership;              /* enum tp_membership */
    bool closed_by_owner;            /* while its group was closing it; under the group's lock */
    bool finalized;                  /* its finalization callback has been posted */
    bool persistent;                 /* its callbacks make their worker persistent */
    bool was_pending;                /* a group close took back callbacks of it */
};

/* What tells the kinds apart. The task's class comes first, so a task finds its kind. */
struct tp_kind {
    struct sched_task_class class;
    struct slab_cache *cache;
    bool is_posted_once; /* closed and posted from the start */
    /** No posts of the object's own making from now on: disarms timers and waits for good. May be NULL. */
    void (*quiesce)(struct tp_object *object);
    /** Drops what is queued; more than zero if something was. */
    uint32_t (*cancel)(struct tp_object *object);
    /** Waits for all there is to come, if that is more than what is queued or runs: started I/O. May be NULL. */
    void (*wait_all)(struct tp_object *object);
    /** More is to come, or is queued or runs by now: for those to whom the task seems quiet. May be NULL. */
    bool (*is_expecting)(struct tp_object *object);
    /** Instead of sched_close when the owner closes the object. May be NULL. */
    void (*close_task)(struct tp_object *object);
    /** Gives back what the kind holds beside the memory of the object. May be NULL. */
    void (*dispose)(struct tp_object *object);
};

/**
 * Makes an object of this kind. Fails with NT_INVALID_PARAMETER for a bad environment (ENV-018, 019, 023, 024) or a
 * NULL callback (WORK-004), NT_NO_MEMORY. The object is live and holds its pool. Nobody else knows it before
 * tp_object_publish.
 */
nt_status tp_object_create(const struct tp_kind *kind, void *callback, void *context, const struct tp_environ *environ,
                           void **object);
/** It joins its group. */
void tp_object_publish(struct tp_object *object);
/** Undoes tp_object_create instead. */
void tp_object_discard(struct tp_object *object);

/** Waits for what is queued or runs; with cancel, drops what has not begun and waits for what had. */
void tp_object_wait(struct tp_object *object, bool cancel);

/**
 * Raises NT_INVALID_PARAMETER in the caller: a closed, foreign or wrong-kind object was given to the function of this
 * name, which wants one of this kind (EXC-007, EXC-016).
 */
void tp_raise_bad_object(const char *function, enum slab_kind kind, const void *object);

/** One more callback, with the reference to its library that it needs. */
void tp_object_post(struct tp_object *object);
/** Publishes and posts an object of a kind that is posted once; it is no longer the caller's. */
void tp_object_launch(struct tp_object *object);
/** The same as tp_object_post from under a lock, without waking anybody. Its worker sees to the library. */
struct sched_pool *tp_object_post_quietly(struct tp_object *object);
/** Before and after such a post, where no lock is held: brings a reference to the library, or takes one back. */
void tp_object_bring_library(struct tp_object *object);
void tp_object_return_library(struct tp_object *object, uint32_t most);
/** Takes back what has not begun, with its library references; how many. */
uint32_t tp_object_cancel(struct tp_object *object);

/** What the kind has for these, or what all kinds have in common. Called without locks. */
void tp_object_quiesce(struct tp_object *object);
void tp_object_wait_all(struct tp_object *object);
bool tp_object_is_outstanding(struct tp_object *object);

/** The owner closes it: leaves its group, or tells a group close that is under way. */
void tp_object_close(struct tp_object *object);
/** The part of closing that a group close does itself. */
void tp_object_close_task(struct tp_object *object);

/** True when the object has a finalization callback that has not been posted; posts it. */
bool tp_object_finalize(struct tp_object *object);

/** The same on a thread of its own, and waits for it: for a group close, which holds the object. */
void tp_object_finalize_and_wait(struct tp_object *object);
/** What class->run does instead of its callback once the object is finalized. */
void tp_object_run_finalization(struct tp_object *object, struct sched_worker *worker);

/** The class->closed of every kind. */
void tp_object_closed(struct sched_task *task);

static inline bool tp_object_is_finalized(const struct tp_object *object)
{
    return object->task.is_special && object->finalized;
}

static inline const struct tp_kind *tp_kind_of(const struct tp_object *object)
{
    return nt_container(object->task.class, struct tp_kind, class);
}

#endif
