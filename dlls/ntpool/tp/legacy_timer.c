// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "tp/legacy_timer.h"
#include "tp/object.h"
#include "tp/pool.h"
#include "tp/system.h"
#include "tp/token.h"
#include "tp/verifier.h"

struct tp_queue_timer {
    struct sched_task task;
    struct tp_timer_queue *queue;
    struct tp_queue_timer *next, *before; /* the queue's timers, guarded by its lock, */
    bool is_unlinked;                     /* and so is this: the queue's deletion has taken it off the list */
    tp_wait_or_timer_callback *callback;
    void *context;
    nt_handle token;
    nt_handle event; /* to be set when the last callback is over; the program's */
    uint32_t flags;
    /* Guarded by the deadlines' lock. */
    struct sched_timer deadline;
    uint64_t due;
    uint32_t period;
    bool is_spent; /* a one-shot that has expired */
    bool is_deleted;
};

static struct slab_cache timers = {.kind = SLAB_QUEUE_TIMER, .size = SLAB_SIZE_OF(struct tp_queue_timer)};

static struct sched_pool *timer_expired(struct sched_timer *deadline, uint64_t now, uint64_t *next)
{
    struct tp_queue_timer *timer = nt_container(deadline, struct tp_queue_timer, deadline);
    struct sched_pool *pool = timer->task.pool;

    if (timer->period) {
        timer->due += timer->period * NT_MILLISECOND;
        if (timer->due < now)
            timer->due = now;
        *next = timer->due;
    } else {
        timer->is_spent = true;
    }
    sched_post_quietly(&timer->task);
    return pool;
}

/* The deadlines' lock is held. True: it is due at once and was posted. */
static bool arm(struct tp_queue_timer *timer, uint32_t due, uint32_t period)
{
    uint64_t now = nt_time_now(), next = 0;

    timer->period = timer->flags & TP_EXECUTE_ONLY_ONCE ? 0 : period;
    timer->due = now + due * NT_MILLISECOND;
    if (due) {
        sched_timer_arm(&timer->deadline, timer->due, false);
        return false;
    }
    sched_timer_disarm(&timer->deadline);
    timer_expired(&timer->deadline, now, &next);
    if (next)
        sched_timer_arm(&timer->deadline, next, false);
    return true;
}

static void timer_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_queue_timer *timer = nt_container(task, struct tp_queue_timer, task);

    if (timer->flags & TP_EXECUTE_IN_PERSISTENT_THREAD)
        sched_worker_make_persistent(worker);
    tp_token_enter(timer->token);
    tp_check_begin(TP_COUNT_LEGACY_TIMER, (const void *)timer->callback, timer->context);
    timer->callback(timer->context, true);
    tp_check_end();
    tp_token_leave(timer->token);
}

/* Held from here on: it may be deleted with its queue. False: the queue has been deleted meanwhile. Whoever deletes it
 * closes its tag first and then takes this lock, so one of us sees the other. */
static bool link_to_queue(struct tp_queue_timer *timer)
{
    struct tp_timer_queue *queue = timer->queue;

    sched_hold(&timer->task);
    sched_lock_acquire(&queue->lock);
    bool is_live = slab_is_live(queue, SLAB_TIMER_QUEUE);
    if (is_live) {
        timer->next = queue->timers;
        if (timer->next)
            timer->next->before = timer;
        queue->timers = timer;
    }
    sched_lock_release(&queue->lock);
    return is_live;
}

/* The queue's lock is held. */
static void unlink_from_queue(struct tp_queue_timer *timer)
{
    if (timer->before)
        timer->before->next = timer->next;
    else
        timer->queue->timers = timer->next;
    if (timer->next)
        timer->next->before = timer->before;
    timer->is_unlinked = true;
}

/* Gives back what make took, and the use of the queue. */
static void discard(struct tp_queue_timer *timer)
{
    struct tp_timer_queue *queue = timer->queue;
    struct sched_pool *pool = timer->task.pool;

    tp_token_free(timer->token);
    slab_free(&timers, timer);
    sched_timer_unreserve();
    sched_pool_leave(pool);
    tp_timer_queue_leave(queue);
}

static void timer_closed(struct sched_task *task)
{
    struct tp_queue_timer *timer = nt_container(task, struct tp_queue_timer, task);
    struct tp_timer_queue *queue = timer->queue;
    nt_handle event = timer->event;

    sched_lock_acquire(&queue->lock);
    if (!timer->is_unlinked)
        unlink_from_queue(timer);
    sched_lock_release(&queue->lock);
    discard(timer);
    if (event)
        nt_event_set(event);
}

static const struct sched_task_class timer_class = {
    .run = timer_run, .counter = TP_COUNT_LEGACY_TIMER, .closed = timer_closed};

static nt_status make(struct tp_timer_queue *queue, uint32_t flags, struct tp_queue_timer **timer)
{
    struct tp_queue_timer *created;
    struct sched_pool *pool;
    nt_handle token;
    nt_status status = tp_token_for_flags(flags, &token);

    if (status < 0)
        return status;
    /* WT_EXECUTEINIOTHREAD is accepted and ignored (TQ-011). */
    pool = tp_pool_for_flags(flags & ~(uint32_t)(TP_EXECUTE_IN_WAIT_THREAD | TP_EXECUTE_IN_IO_THREAD));
    status = pool ? sched_timer_reserve() : NT_NO_MEMORY;
    if (status < 0) {
        tp_token_free(token);
        return status;
    }
    created = slab_alloc(&timers);
    if (!created) {
        sched_timer_unreserve();
        tp_token_free(token);
        return NT_NO_MEMORY;
    }
    sched_pool_enter(pool);
    sched_task_init(&created->task, &timer_class, pool, SCHED_PRIORITY_NORMAL, flags & TP_EXECUTE_LONG_FUNCTION);
    created->queue = queue;
    created->token = token;
    created->flags = flags;
    created->deadline.expired = timer_expired;
    *timer = created;
    return NT_SUCCESS;
}

nt_status tp_queue_timer_create(struct tp_timer_queue *queue, struct tp_queue_timer **timer,
                                tp_wait_or_timer_callback *callback, void *context, uint32_t due, uint32_t period,
                                uint32_t flags)
{
    struct tp_queue_timer *created;
    void *system_function;
    nt_status status;
    bool posted;

    if (tp_is_systems(queue, "RtlCreateTimer", &system_function))
        return ((nt_status(NT_CALL *)(void *, void *, void *, void *, uint32_t, uint32_t, uint32_t))(
            uintptr_t)system_function)(queue, timer, (void *)callback, context, due, period, flags);
    if (!callback || !timer || nt_process_is_exiting())
        return NT_INVALID_PARAMETER;
    status = tp_timer_queue_enter(&queue);
    if (status < 0)
        return status;
    status = make(queue, flags, &created);
    if (status < 0) {
        tp_timer_queue_leave(queue);
        return status;
    }
    created->callback = callback;
    created->context = context;

    if (!link_to_queue(created)) {
        discard(created);
        return NT_INVALID_HANDLE;
    }

    /* Its first callback may delete it from here on. */
    *timer = created;
    struct sched_pool *pool = created->task.pool;
    sched_timers_lock();
    posted = !created->is_deleted && arm(created, due, period);
    sched_timers_unlock();
    if (posted)
        sched_pool_notify(pool);
    sched_release(&created->task);
    return NT_SUCCESS;
}

nt_status tp_queue_timer_update(struct tp_queue_timer *timer, uint32_t due, uint32_t period)
{
    void *system_function;
    bool posted = false;

    if (tp_is_systems(timer, "RtlUpdateTimer", &system_function))
        return ((nt_status(NT_CALL *)(void *, void *, uint32_t, uint32_t))(uintptr_t)system_function)(NULL, timer, due,
                                                                                                      period);
    if (!slab_is_live(timer, SLAB_QUEUE_TIMER)) {
        tp_tell_bad_object("RtlUpdateTimer", SLAB_QUEUE_TIMER, timer);
        return NT_INVALID_HANDLE;
    }
    if (nt_process_is_exiting())
        return NT_SUCCESS;
    struct sched_pool *pool = timer->task.pool;
    sched_timers_lock();
    if (!timer->is_deleted && !timer->is_spent)
        posted = arm(timer, due, period);
    sched_timers_unlock();
    if (posted)
        sched_pool_notify(pool);
    return NT_SUCCESS;
}

struct sched_task *tp_queue_timer_task(struct tp_queue_timer *timer)
{
    return &timer->task;
}

bool tp_queue_timer_take(struct tp_queue_timer *timer)
{
    return slab_close(timer, SLAB_QUEUE_TIMER);
}

static bool is_in_own_callback(struct tp_queue_timer *timer)
{
    struct sched_worker *worker = sched_worker_current();

    return worker && worker->in_hand == &timer->task;
}

bool tp_queue_timer_finish(struct tp_queue_timer *timer, nt_handle event, bool wait)
{
    sched_timers_lock();
    timer->is_deleted = true;
    sched_timer_disarm(&timer->deadline);
    sched_timers_unlock();

    /* Who deletes it elsewhere may find that it has expired and is yet to run (TQ-027); in its own callback it is the
     * last (TQ-025), however late that is. */
    if (is_in_own_callback(timer))
        sched_cancel(&timer->task);
    if (wait) {
        tp_check_wait("RtlDeleteTimer", &timer->task);
        sched_wait_idle(&timer->task);
    }
    uint64_t counts = atomic_load_explicit(&timer->task.counts, memory_order_acquire);
    bool outstanding = task_pending(counts) || task_running(counts);
    timer->event = event;
    sched_close(&timer->task);
    return outstanding;
}

nt_status tp_queue_timer_delete(struct tp_queue_timer *timer, nt_handle event)
{
    void *system_function;
    bool wait = event == TP_WAIT_FOR_DONE;

    if (!timer)
        return NT_INVALID_PARAMETER_1;
    if (tp_is_systems(timer, "RtlDeleteTimer", &system_function))
        return ((nt_status(NT_CALL *)(void *, void *, nt_handle))(uintptr_t)system_function)(NULL, timer, event);
    if (!tp_queue_timer_take(timer)) {
        tp_tell_bad_object("RtlDeleteTimer", SLAB_QUEUE_TIMER, timer);
        return NT_INVALID_HANDLE;
    }
    if (nt_process_is_exiting())
        return NT_SUCCESS;
    return tp_queue_timer_finish(timer, wait ? NULL : event, wait) ? NT_PENDING : NT_SUCCESS;
}

/* Those taken by others are few: they are being closed, or have a callback in progress. */
struct tp_queue_timer *tp_queue_timer_take_any(struct tp_timer_queue *queue)
{
    sched_lock_acquire(&queue->lock);
    struct tp_queue_timer *timer = queue->timers;
    while (timer && !tp_queue_timer_take(timer))
        timer = timer->next;
    if (timer)
        unlink_from_queue(timer); /* or each next one would be looked for behind it */
    sched_lock_release(&queue->lock);
    return timer;
}
