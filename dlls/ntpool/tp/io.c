// SPDX-License-Identifier: MIT
#include "sched/lot.h"
#include "sched/port.h"
#include "tp/completion.h"
#include "tp/environ.h"
#include "tp/instance.h"
#include "tp/io.h"
#include "tp/system.h"
#include "tp/verifier.h"

struct tp_io {
    struct tp_object object;
    bool win32;
    uint16_t generation;
    /* The rest is guarded by the object's lock; see lock_of. */
    bool owner_closed; /* to be closed once started is 0 */
    _Atomic uint32_t started;
    struct tp_completion *first, *last; /* completions whose callbacks have not begun, or just have */
};

/* The slots of I/O objects stay readable for good: late completions look at them. */
static struct slab_cache ios = {.kind = SLAB_IO, .size = SLAB_SIZE_OF(struct tp_io), .keep = true};

/* Beside the objects, because a late completion looks at a slot that may be in the middle of being handed out again.
 * Each guards the objects that hash to it; taken before any pool's lock. */
static struct sched_lock locks[64];

static struct sched_lock *lock_of(const struct tp_io *io)
{
    return &locks[((uintptr_t)io / sizeof(struct tp_io)) % (sizeof(locks) / sizeof(locks[0]))];
}

/* ---- completions; the lock is held -------------------------------------------------------------------- */

static void append(struct tp_io *io, struct tp_completion *completion)
{
    if (io->last)
        io->last->next = completion;
    else
        io->first = completion;
    io->last = completion;
}

static struct tp_completion *take_first(struct tp_io *io)
{
    struct tp_completion *completion = io->first;

    if (completion && !(io->first = completion->next))
        io->last = NULL;
    return completion;
}

/* Callbacks that have begun take theirs from the front, so the cancelled ones are the last. */
static struct tp_completion *cut_last(struct tp_io *io, uint32_t count)
{
    uint32_t total = 0;
    struct tp_completion **link = &io->first, *cut;

    for (struct tp_completion *each = io->first; each; each = each->next)
        total++;
    io->last = NULL;
    for (uint32_t keep = total > count ? total - count : 0; keep; keep--) {
        io->last = *link;
        link = &(*link)->next;
    }
    cut = *link;
    *link = NULL;
    return cut;
}

static void free_all(struct tp_completion *completion)
{
    while (completion) {
        struct tp_completion *next = completion->next;
        tp_completion_free(completion);
        completion = next;
    }
}

static void set_started(struct tp_io *io, uint32_t started)
{
    atomic_store_explicit(&io->started, started, memory_order_release);
    if (!started)
        sched_lot_wake(&io->started, SCHED_LOT_ALL);
}

static uint32_t started_of(struct tp_io *io)
{
    return atomic_load_explicit(&io->started, memory_order_acquire);
}

/* Lets go of the lock; a closed object that expects nothing more is closed for good. */
static void unlock_and_settle(struct tp_io *io)
{
    bool closes = io->owner_closed && started_of(io) == 0;

    if (closes)
        io->owner_closed = false;
    sched_lock_release(lock_of(io));
    if (closes)
        sched_close(&io->object.task);
}

/* The slot of an object is free, for who holds its lock, from io_dispose until it is handed out again: then what was
 * written into it comes before its tag. */
static bool is_there(const struct tp_io *io)
{
    return atomic_load_explicit(&io->object.task.item.tag, memory_order_acquire) != SLAB_TAG(SLAB_IO, SLAB_FREE);
}

/* On the poller. */
struct sched_pool *tp_io_deliver(const struct nt_completion *completion)
{
    struct tp_io *io = tp_key_owner(completion->key);
    struct tp_completion *copy = tp_completion_copy(completion);

    sched_lock_acquire(lock_of(io));
    uint32_t started = is_there(io) && io->generation == tp_key_generation_of(completion->key) ? started_of(io) : 0;
    if (started) {
        append(io, copy);
        struct sched_pool *pool =
            tp_object_post_quietly(&io->object); /* before started falls: a waiter must see one or the other */
        set_started(io, started - 1);
        unlock_and_settle(io);
        return pool;
    }
    sched_lock_release(lock_of(io));
    tp_completion_free(copy); /* cancelled, or its owner is gone (IO-014, IO-023) */
    return NULL;
}

static void io_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_io *io = nt_container(task, struct tp_io, object.task);
    struct tp_object *object = &io->object;
    struct tp_instance instance;

    if (nt_unlikely(tp_object_is_finalized(object))) {
        tp_object_run_finalization(object, worker);
        return;
    }
    if (nt_unlikely(!tp_instance_begin(&instance, object, worker)))
        return;
    sched_lock_acquire(lock_of(io));
    struct tp_completion *completion = take_first(io);
    sched_lock_release(lock_of(io));
    struct tp_completion result = *completion;
    tp_completion_free(completion);
    if (io->win32) {
        ((tp_win32_io_callback *)object->callback)(&instance, object->context, result.overlapped,
                                                   nt_status_to_win32(result.status), result.information, io);
    } else {
        struct tp_io_status status = {(uintptr_t)(uint32_t)result.status, result.information};
        ((tp_io_callback *)object->callback)(&instance, object->context, result.overlapped, &status, io);
    }
    tp_instance_end(&instance);
}

/* ---- the object's kind ------------------------------------------------------------------------------------ */

/* Forgets started operations as well. */
static uint32_t io_cancel(struct tp_object *object)
{
    struct tp_io *io = nt_container(object, struct tp_io, object);

    sched_lock_acquire(lock_of(io));
    uint32_t cancelled = sched_cancel(&object->task);
    struct tp_completion *cut = cut_last(io, cancelled);
    uint32_t forgotten = started_of(io);
    set_started(io, 0);
    unlock_and_settle(io);

    tp_object_return_library(object, cancelled);
    free_all(cut);
    return cancelled + forgotten;
}

/* How long who waits for an operation to end does so, in the end, before it asks again after the poller. */
#define LONGEST_PATIENCE (32 * SCHED_ROLL_CALL_DELAY)

static bool is_expecting(void *argument)
{
    return started_of(argument) != 0;
}

static void wait_for_started(struct tp_io *io)
{
    struct sched_worker *blocked;
    uint64_t patience = SCHED_ROLL_CALL_DELAY;

    if (!started_of(io))
        return;
    blocked = sched_blocking_begin();
    while (started_of(io) && !nt_process_is_exiting()) {
        sched_port_expect();
        sched_lot_wait(&io->started, is_expecting, io, nt_time_now() + patience);
        patience = patience < LONGEST_PATIENCE ? 2 * patience : patience;
    }
    if (blocked)
        sched_blocking_end(blocked);
}

/* Under the lock: of a callback that began an operation which has completed, one look at a time would see neither. */
static bool is_outstanding(struct tp_io *io)
{
    sched_lock_acquire(lock_of(io));
    bool outstanding = started_of(io) || !sched_is_idle(&io->object.task);
    sched_lock_release(lock_of(io));
    return outstanding;
}

static void io_wait_all(struct tp_object *object)
{
    struct tp_io *io = nt_container(object, struct tp_io, object);

    do {
        wait_for_started(io);
        sched_wait_idle(&object->task);
    } while (is_outstanding(io) && !nt_process_is_exiting());
}

/* Started operations keep the object, which is why closing the task waits for them (IO-030). */
static void io_close_task(struct tp_object *object)
{
    struct tp_io *io = nt_container(object, struct tp_io, object);

    sched_lock_acquire(lock_of(io));
    io->owner_closed = true;
    unlock_and_settle(io);
}

static bool io_is_expecting(struct tp_object *object)
{
    return is_outstanding(nt_container(object, struct tp_io, object));
}

static void io_dispose(struct tp_object *object)
{
    struct tp_io *io = nt_container(object, struct tp_io, object);

    free_all(io->first); /* posts that a group close refused */
    sched_lock_acquire(lock_of(io));
    atomic_store_explicit(&object->task.item.tag, SLAB_TAG(SLAB_IO, SLAB_FREE), memory_order_relaxed);
    sched_lock_release(lock_of(io));
}

static const struct tp_kind io_kind = {
    .class = {.run = io_run, .counter = TP_COUNT_IO, .closed = tp_object_closed},
    .cache = &ios,
    .close_task = io_close_task,
    .cancel = io_cancel,
    .wait_all = io_wait_all,
    .is_expecting = io_is_expecting,
    .dispose = io_dispose,
};

static nt_status create(struct tp_io **io, nt_handle file, void *callback, bool win32, void *context,
                        const struct tp_environ *environ)
{
    void *object;
    nt_status status = tp_object_create(&io_kind, callback, context, environ, &object);

    if (status < 0)
        return status;
    struct tp_io *created = object;
    created->win32 = win32;
    sched_lock_acquire(lock_of(created));
    created->generation = tp_key_generation();
    sched_lock_release(lock_of(created));
    status = sched_port_bind(file, tp_key_make(created, created->generation), tp_deliver);
    if (status < 0) {
        tp_object_discard(&created->object);
        return status;
    }
    tp_object_publish(&created->object);
    *io = created;
    return NT_SUCCESS;
}

nt_status tp_io_create(struct tp_io **io, nt_handle file, tp_io_callback *callback, void *context,
                       const struct tp_environ *environ)
{
    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_io_create_elsewhere(io, file, callback, context, environ);
    return create(io, file, (void *)callback, false, context, environ);
}

nt_status tp_io_create_win32(struct tp_io **io, nt_handle file, tp_win32_io_callback *callback, void *context,
                             const struct tp_environ *environ)
{
    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_io_create_elsewhere_win32(io, file, callback, context, environ);
    return create(io, file, (void *)callback, true, context, environ);
}

/* ---- what programs call ------------------------------------------------------------------------------------- */

void tp_io_start(struct tp_io *io)
{
    TP_OURS_OR_RETURN(io, SLAB_IO, "TpStartAsyncIoOperation", (void *), io);
    sched_lock_acquire(lock_of(io));
    atomic_fetch_add_explicit(&io->started, 1, memory_order_relaxed);
    sched_lock_release(lock_of(io));
    sched_port_expect();
}

void tp_io_cancel(struct tp_io *io)
{
    TP_OURS_OR_RETURN(io, SLAB_IO, "TpCancelAsyncIoOperation", (void *), io);
    sched_lock_acquire(lock_of(io));
    if (started_of(io))
        set_started(io, started_of(io) - 1);
    unlock_and_settle(io);
}

void tp_io_wait(struct tp_io *io, bool cancel)
{
    TP_OURS_OR_RETURN(io, SLAB_IO, "TpWaitForIoCompletion", (void *, int32_t), io, cancel);
    if (nt_process_is_exiting())
        return;
    tp_check_wait("TpWaitForIoCompletion", &io->object.task);
    if (cancel)
        tp_object_wait(&io->object, true);
    else
        io_wait_all(&io->object);
}

void tp_io_close(struct tp_io *io)
{
    TP_OURS_OR_RETURN(io, SLAB_IO, "TpReleaseIoCompletion", (void *), io);
    if (!nt_process_is_exiting())
        tp_object_close(&io->object);
}
