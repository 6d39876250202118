// SPDX-License-Identifier: MIT
#include "sched/waiter.h"
#include "tp/environ.h"
#include "tp/instance.h"
#include "tp/system.h"
#include "tp/timer.h"
#include "tp/verifier.h"
#include "tp/wait.h"

enum { MOST_RESULTS = 64 };

struct tp_wait {
    struct tp_object object;
    struct sched_wait wait;
    struct sched_lock setting; /* one thread at a time sets, guards handle, is_set and is_retired */
    nt_handle handle;          /* our own reference to what it waits for, NULL for none */
    bool is_set;
    bool is_retired; /* being closed: cannot be set any more */

    /* Results of callbacks that have not begun, oldest in the lowest bit: set bits timed out. */
    struct sched_lock results_lock; /* guards those below; taken before any pool's lock */
    unsigned result_count;
    uint32_t result_overflow; /* a program that sets a wait again and again while no callback can run: these share the
                                 newest result that is kept */
    uint64_t results;
};

/* The lock is held. */
static void push_result(struct tp_wait *wait, bool timed_out)
{
    if (wait->result_count < MOST_RESULTS)
        wait->results |= (uint64_t)timed_out << wait->result_count++;
    else
        wait->result_overflow++;
}

static uint32_t pop_result(struct tp_wait *wait)
{
    sched_lock_acquire(&wait->results_lock);
    uint32_t result = wait->results & 1 ? TP_WAIT_TIMED_OUT : TP_WAIT_SIGNALLED;
    uint64_t newest = wait->results & (UINT64_C(1) << (MOST_RESULTS - 1));
    wait->results >>= 1;
    if (wait->result_overflow) {
        wait->result_overflow--;
        wait->results |= newest;
    } else if (wait->result_count) {
        wait->result_count--;
    }
    sched_lock_release(&wait->results_lock);
    return result;
}

/* Takes callbacks back, with their results: the newest, because those that have begun take theirs from the other end.
 * One hold of the lock, so that nothing fires between. */
static uint32_t take_back(struct tp_wait *wait)
{
    sched_lock_acquire(&wait->results_lock);
    uint32_t cancelled = sched_cancel(&wait->object.task), count = cancelled;
    uint32_t beyond = count < wait->result_overflow ? count : wait->result_overflow;
    wait->result_overflow -= beyond;
    count -= beyond;
    wait->result_count = count < wait->result_count ? wait->result_count - count : 0;
    if (wait->result_count < MOST_RESULTS)
        wait->results &= (UINT64_C(1) << wait->result_count) - 1;
    sched_lock_release(&wait->results_lock);
    return cancelled;
}

static struct sched_pool *wait_fired(struct sched_wait *armed, bool timed_out)
{
    struct tp_wait *wait = nt_container(armed, struct tp_wait, wait);

    sched_lock_acquire(&wait->results_lock);
    push_result(wait, timed_out);
    struct sched_pool *pool = tp_object_post_quietly(&wait->object);
    sched_lock_release(&wait->results_lock);
    return pool;
}

/* setting is held. */
static void close_handle(struct tp_wait *wait)
{
    if (wait->handle)
        nt_handle_close(wait->handle);
    wait->handle = NULL;
}

/* A wait that is not armed has no business keeping what it waited for alive. */
static void close_spent_handle(struct tp_wait *wait)
{
    sched_lock_acquire(&wait->setting);
    if (atomic_load_explicit(&wait->wait.state, memory_order_acquire) == WAIT_IDLE)
        close_handle(wait);
    sched_lock_release(&wait->setting);
}

static void wait_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_wait *wait = nt_container(task, struct tp_wait, object.task);
    struct tp_instance instance;

    if (nt_unlikely(tp_object_is_finalized(&wait->object))) {
        tp_object_run_finalization(&wait->object, worker);
        return;
    }
    if (nt_unlikely(!tp_instance_begin(&instance, &wait->object, worker)))
        return;
    ((tp_wait_callback *)wait->object.callback)(&instance, wait->object.context, wait, pop_result(wait));
    close_spent_handle(wait);
    tp_instance_end(&instance);
}

static uint32_t wait_cancel(struct tp_object *object)
{
    struct tp_wait *wait = nt_container(object, struct tp_wait, object);
    uint32_t cancelled = take_back(wait);

    tp_object_return_library(object, cancelled);
    return cancelled;
}

static void wait_quiesce(struct tp_object *object)
{
    struct tp_wait *wait = nt_container(object, struct tp_wait, object);

    sched_lock_acquire(&wait->setting);
    wait->is_retired = true;
    sched_wait_disarm(&wait->wait);
    close_handle(wait);
    sched_lock_release(&wait->setting);
}

static struct slab_cache waits = {.kind = SLAB_WAIT, .size = SLAB_SIZE_OF(struct tp_wait)};

static const struct tp_kind wait_kind = {
    .class = {.run = wait_run, .counter = TP_COUNT_WAIT, .closed = tp_object_closed},
    .cache = &waits,
    .quiesce = wait_quiesce,
    .cancel = wait_cancel,
};

nt_status tp_wait_create(struct tp_wait **wait, tp_wait_callback *callback, void *context,
                         const struct tp_environ *environ)
{
    void *object;
    nt_status status;

    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_create_elsewhere("TpAllocWait", (void **)wait, (void *)callback, context, environ);
    status = tp_object_create(&wait_kind, (void *)callback, context, environ, &object);
    if (status < 0)
        return status;
    struct tp_wait *created = object;
    created->wait.fired = wait_fired;
    tp_object_publish(&created->object);
    *wait = created;
    return NT_SUCCESS;
}

void tp_raise_bad_handle(nt_status status, nt_handle handle, const void *wait)
{
    const uintptr_t parameters[] = {(uintptr_t)(uint32_t)status, (uintptr_t)handle, (uintptr_t)wait, 0};

    nt_raise(NT_THREADPOOL_HANDLE_EXCEPTION, 4, parameters);
}

/* setting is held; the wait is not armed. True: it has timed out already and is to be posted. */
static bool arm(struct tp_wait *wait, const void *timeout)
{
    struct tp_due due = {.at = NT_FOREVER};

    if (timeout)
        due = tp_due_from(timeout);
    if (timeout && due.passed)
        return true; /* the handle is not looked at (WAIT-015, WAIT-016) */
    sched_wait_arm(&wait->wait, wait->handle, due.at, due.system);
    return false;
}

static bool set(struct tp_wait *wait, nt_handle handle, const void *timeout, bool recall)
{
    struct tp_object *object = &wait->object;
    nt_status status = NT_SUCCESS;
    nt_handle own = NULL;
    bool timed_out = false;

    if (handle)
        status = nt_handle_open_for_wait(handle, &own);

    sched_lock_acquire(&wait->setting);
    bool was_set = wait->is_set;
    bool cancelled = sched_wait_disarm(&wait->wait);
    uint32_t recalled = recall && was_set ? take_back(wait) : 0;
    cancelled = cancelled || recalled;
    cancelled = cancelled && sched_running(&object->task) == 0;
    close_handle(wait);
    wait->is_set = own != NULL;
    if (own && !wait->is_retired) {
        wait->handle = own;
        timed_out = arm(wait, timeout);
    } else if (own) {
        nt_handle_close(own);
    }
    sched_lock_release(&wait->setting);

    if (timed_out)
        sched_pool_notify(wait_fired(&wait->wait, true));
    tp_object_return_library(object, recalled);
    if (status < 0)
        tp_raise_bad_handle(status, handle, wait);
    return cancelled;
}

void tp_wait_set(struct tp_wait *wait, nt_handle handle, const void *timeout)
{
    TP_OURS_OR_RETURN(wait, SLAB_WAIT, "TpSetWait", (void *, nt_handle, const void *), wait, handle, timeout);
    if (!nt_process_is_exiting())
        set(wait, handle, timeout, false);
}

bool tp_wait_set_ex(struct tp_wait *wait, nt_handle handle, const void *timeout, void *reserved)
{
    TP_OURS_OR_RETURN_VALUE(wait, SLAB_WAIT, "TpSetWaitEx", int32_t, false, (void *, nt_handle, const void *, void *),
                            wait, handle, timeout, reserved);
    return !nt_process_is_exiting() && set(wait, handle, timeout, true);
}

void tp_wait_wait(struct tp_wait *wait, bool cancel)
{
    TP_OURS_OR_RETURN(wait, SLAB_WAIT, "TpWaitForWait", (void *, int32_t), wait, cancel);
    if (nt_process_is_exiting())
        return;
    tp_check_wait("TpWaitForWait", &wait->object.task);
    tp_object_wait(&wait->object, cancel);
}

void tp_wait_close(struct tp_wait *wait)
{
    TP_OURS_OR_RETURN(wait, SLAB_WAIT, "TpReleaseWait", (void *), wait);
    if (!nt_process_is_exiting())
        tp_object_close(&wait->object);
}
