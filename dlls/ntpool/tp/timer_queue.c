// SPDX-License-Identifier: MIT
#include "sched/lot.h"
#include "sched/worker.h"
#include "tp/legacy_timer.h"
#include "tp/system.h"
#include "tp/verifier.h"

static struct slab_cache queues = {.kind = SLAB_TIMER_QUEUE, .size = SLAB_SIZE_OF(struct tp_timer_queue)};

static struct sched_lock making; /* guards the creation of the process's own queue */
static struct tp_timer_queue *default_queue;

nt_status tp_timer_queue_create(struct tp_timer_queue **queue)
{
    struct tp_timer_queue *created = slab_alloc(&queues);

    if (!created)
        return NT_NO_MEMORY;
    atomic_store_explicit(&created->users, 1, memory_order_relaxed);
    *queue = created;
    return NT_SUCCESS;
}

nt_status tp_timer_queue_enter(struct tp_timer_queue **queue)
{
    nt_status status = NT_SUCCESS;

    if (!*queue) {
        sched_lock_acquire(&making);
        if (!default_queue)
            status = tp_timer_queue_create(&default_queue);
        *queue = default_queue;
        sched_lock_release(&making);
        if (status < 0)
            return status;
    }
    if (!slab_is_live(*queue, SLAB_TIMER_QUEUE))
        return NT_INVALID_HANDLE;
    atomic_fetch_add_explicit(&(*queue)->users, 1, memory_order_relaxed);
    return NT_SUCCESS;
}

void tp_timer_queue_leave(struct tp_timer_queue *queue)
{
    uint32_t before = atomic_fetch_sub_explicit(&queue->users, 1, memory_order_acq_rel);

    if (before == 2)
        sched_lot_wake(&queue->users, SCHED_LOT_ALL); /* the address only: the queue may be gone */
    if (before != 1)
        return;
    nt_handle event = queue->event;
    slab_free(&queues, queue);
    if (event)
        nt_event_set(event);
}

static bool has_other_users(void *argument)
{
    struct tp_timer_queue *queue = argument;

    return atomic_load_explicit(&queue->users, memory_order_acquire) > 1;
}

static void wait_for_timers(struct tp_timer_queue *queue)
{
    struct sched_worker *blocked = sched_blocking_begin();

    while (has_other_users(queue) && !nt_process_is_exiting())
        sched_lot_wait(&queue->users, has_other_users, queue, NT_FOREVER);
    if (blocked)
        sched_blocking_end(blocked);
}

nt_status tp_timer_queue_delete(struct tp_timer_queue *queue, nt_handle event)
{
    struct tp_queue_timer *timer;
    void *system_function;
    bool outstanding = false;

    if (tp_is_systems(queue, "RtlDeleteTimerQueueEx", &system_function))
        return ((nt_status(NT_CALL *)(void *, nt_handle))(uintptr_t)system_function)(queue, event);
    if (!slab_close(queue, SLAB_TIMER_QUEUE)) {
        tp_tell_bad_object("RtlDeleteTimerQueueEx", SLAB_TIMER_QUEUE, queue);
        return NT_INVALID_HANDLE;
    }
    if (nt_process_is_exiting())
        return NT_SUCCESS;
    while ((timer = tp_queue_timer_take_any(queue)) != NULL) {
        if (event == TP_WAIT_FOR_DONE)
            tp_check_wait("RtlDeleteTimerQueueEx", tp_queue_timer_task(timer));
        outstanding |= tp_queue_timer_finish(timer, NULL, false);
    }
    if (event == TP_WAIT_FOR_DONE) {
        wait_for_timers(queue);
        outstanding = false;
    } else {
        queue->event = event;
    }
    tp_timer_queue_leave(queue);
    return outstanding ? NT_PENDING : NT_SUCCESS;
}
