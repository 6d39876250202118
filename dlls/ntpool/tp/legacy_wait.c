// SPDX-License-Identifier: MIT
#include "sched/waiter.h"
#include "tp/legacy.h"
#include "tp/object.h"
#include "tp/pool.h"
#include "tp/system.h"
#include "tp/token.h"
#include "tp/verifier.h"
#include "tp/wait.h"

/*
 * A registered wait is armed, or its callback is outstanding, or (once only) it is spent. A repeating wait is armed
 * again by its own callback's worker when the callback has returned: an object that stays signalled then makes
 * callbacks one after the other, not all at once.
 */
struct tp_legacy_wait {
    struct sched_task task;
    struct sched_wait wait;
    tp_wait_or_timer_callback *callback;
    void *context;
    nt_handle handle; /* our own reference */
    nt_handle token;
    nt_handle event; /* to be set when the last callback is over; the program's */
    uint32_t milliseconds;
    uint32_t flags;
    bool timed_out;         /* the result of the callback that is outstanding */
    struct sched_lock lock; /* guards the next; held while arming and disarming */
    bool deregistered;
    _Atomic uint32_t thread; /* that runs the callback now, else 0 */
};

static struct slab_cache waits = {.kind = SLAB_LEGACY_WAIT, .size = SLAB_SIZE_OF(struct tp_legacy_wait)};

static struct sched_pool *wait_fired(struct sched_wait *armed, bool timed_out)
{
    struct tp_legacy_wait *wait = nt_container(armed, struct tp_legacy_wait, wait);
    struct sched_pool *pool = wait->task.pool;

    wait->timed_out = timed_out;
    sched_post_quietly(&wait->task);
    return pool;
}

/* The lock is held. True: it is over already, and the caller posts. */
static bool arm(struct tp_legacy_wait *wait)
{
    if (wait->milliseconds == 0) {
        /* Tests the state at once (WAITLEG-008). */
        wait->timed_out = nt_wait_any(1, &wait->handle, 0) != 0;
        return true;
    }
    uint64_t due = NT_FOREVER;
    if (wait->milliseconds != TP_INFINITE)
        due = nt_time_now() + wait->milliseconds * NT_MILLISECOND;
    sched_wait_arm(&wait->wait, wait->handle, due, false);
    return false;
}

static void wait_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_legacy_wait *wait = nt_container(task, struct tp_legacy_wait, task);

    if (wait->flags & TP_EXECUTE_IN_PERSISTENT_THREAD)
        sched_worker_make_persistent(worker);
    atomic_store_explicit(&wait->thread, nt_thread_id(), memory_order_relaxed);
    tp_token_enter(wait->token);
    tp_check_begin(TP_COUNT_LEGACY_WAIT, (const void *)wait->callback, wait->context);
    wait->callback(wait->context, wait->timed_out);
    tp_check_end();
    tp_token_leave(wait->token);
    atomic_store_explicit(&wait->thread, 0, memory_order_relaxed);
    if (wait->flags & TP_EXECUTE_ONLY_ONCE)
        return;

    sched_lock_acquire(&wait->lock);
    if (!wait->deregistered && arm(wait))
        sched_post_quietly(task); /* this worker looks at its lanes next */
    sched_lock_release(&wait->lock);
}

static void wait_closed(struct sched_task *task)
{
    struct tp_legacy_wait *wait = nt_container(task, struct tp_legacy_wait, task);
    struct sched_pool *pool = task->pool;
    nt_handle event = wait->event;

    nt_handle_close(wait->handle);
    tp_token_free(wait->token);
    slab_free(&waits, wait);
    sched_pool_leave(pool);
    if (event)
        nt_event_set(event); /* WAITLEG-033: when all is over */
}

static const struct sched_task_class wait_class = {
    .run = wait_run, .counter = TP_COUNT_LEGACY_WAIT, .closed = wait_closed};

nt_status tp_legacy_wait_register(struct tp_legacy_wait **wait, nt_handle handle, tp_wait_or_timer_callback *callback,
                                  void *context, uint32_t milliseconds, uint32_t flags)
{
    struct tp_legacy_wait *created;
    struct sched_pool *pool;
    nt_handle own, token;
    nt_status status;

    if (!callback || !wait || nt_process_is_exiting())
        return NT_INVALID_PARAMETER;
    status = nt_handle_open_for_wait(handle, &own);
    if (status == NT_INVALID_PARAMETER_3)
        tp_raise_bad_handle(status, handle, NULL);
    if (status < 0)
        return status;
    status = tp_token_for_flags(flags, &token);
    if (status < 0) {
        nt_handle_close(own);
        return status;
    }
    pool = tp_pool_for_flags(flags & ~(uint32_t)TP_EXECUTE_IN_TIMER_THREAD);
    created = pool ? slab_alloc(&waits) : NULL;
    if (!created) {
        nt_handle_close(own);
        tp_token_free(token);
        return NT_NO_MEMORY;
    }
    sched_pool_enter(pool);
    sched_task_init(&created->task, &wait_class, pool, SCHED_PRIORITY_NORMAL, flags & TP_EXECUTE_LONG_FUNCTION);
    created->wait.fired = wait_fired;
    created->callback = callback;
    created->context = context;
    created->handle = own;
    created->token = token;
    created->milliseconds = milliseconds;
    created->flags = flags;
    *wait = created;

    /* From here on the callback may run, and deregister the wait. */
    sched_lock_acquire(&created->lock);
    if (arm(created))
        sched_post_quietly(&created->task);
    sched_lock_release(&created->lock);
    sched_pool_notify(pool);
    return NT_SUCCESS;
}

nt_status tp_legacy_wait_deregister(struct tp_legacy_wait *wait, nt_handle event)
{
    void *system_function;

    if (tp_is_systems(wait, "RtlDeregisterWaitEx", &system_function))
        return ((nt_status(NT_CALL *)(void *, nt_handle))(uintptr_t)system_function)(wait, event);
    if (!slab_close(wait, SLAB_LEGACY_WAIT)) {
        tp_tell_bad_object("RtlDeregisterWaitEx", SLAB_LEGACY_WAIT, wait);
        return NT_INVALID_HANDLE;
    }
    if (nt_process_is_exiting())
        return NT_SUCCESS;

    bool from_own = atomic_load_explicit(&wait->thread, memory_order_relaxed) == nt_thread_id();
    sched_lock_acquire(&wait->lock);
    wait->deregistered = true;
    sched_wait_disarm(&wait->wait);
    sched_lock_release(&wait->lock);

    if (event == TP_WAIT_FOR_DONE) {
        tp_check_wait("RtlDeregisterWaitEx", &wait->task);
        sched_cancel(&wait->task); /* WAITLEG-037 */
        sched_wait_idle(&wait->task);
        sched_close(&wait->task);
        return NT_SUCCESS;
    }
    uint64_t counts = atomic_load_explicit(&wait->task.counts, memory_order_acquire);
    bool outstanding = task_pending(counts) || task_running(counts);
    /* A once-only callback in the wait thread that unregisters itself is not outstanding to Windows (WAITLEG-029). */
    if (from_own && (wait->flags & (TP_EXECUTE_ONLY_ONCE | TP_EXECUTE_IN_WAIT_THREAD)) ==
                        (TP_EXECUTE_ONLY_ONCE | TP_EXECUTE_IN_WAIT_THREAD))
        outstanding = false;
    wait->event = event;
    sched_close(&wait->task);
    return outstanding ? NT_PENDING : NT_SUCCESS;
}
