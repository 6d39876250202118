// SPDX-License-Identifier: MIT
#include "sched/port.h"
#include "tp/completion.h"
#include "tp/io.h"
#include "tp/object.h"
#include "tp/pool.h"
#include "tp/verifier.h"

/* Nothing tells when a bound file is closed, so bindings stay: one for each different callback. */
struct binding {
    struct slab_item item;
    bool win32;
    struct binding *next;
    tp_bound_io_callback *callback;
};

struct bound_completion {
    struct sched_task task;
    tp_bound_io_callback *callback;
    bool win32;
    struct tp_completion *completion;
};

static struct slab_cache bindings = {.kind = SLAB_BINDING, .size = SLAB_SIZE_OF(struct binding), .keep = true};
static struct slab_cache bounds = {.kind = SLAB_BOUND_COMPLETION, .size = SLAB_SIZE_OF(struct bound_completion)};
static struct sched_lock lock; /* guards the list */
static struct binding *list;

static void bound_run(struct sched_task *task, struct sched_worker *worker)
{
    struct bound_completion *bound = nt_container(task, struct bound_completion, task);
    struct tp_completion result = *bound->completion;
    uint32_t error = bound->win32 ? nt_status_to_win32(result.status) : (uint32_t)result.status;

    (void)worker;
    tp_check_begin(TP_COUNT_BOUND_IO, (const void *)bound->callback, result.overlapped);
    bound->callback(error, (uint32_t)(result.status < 0 ? 0 : result.information), result.overlapped);
    tp_check_end();
}

static void bound_closed(struct sched_task *task)
{
    struct bound_completion *bound = nt_container(task, struct bound_completion, task);
    struct sched_pool *pool = task->pool;

    tp_completion_free(bound->completion);
    slab_free(&bounds, bound);
    sched_pool_leave(pool);
}

static const struct sched_task_class bound_class = {
    .run = bound_run, .counter = TP_COUNT_BOUND_IO, .closed = bound_closed};

/* On the poller. */
struct sched_pool *tp_binding_deliver(const struct nt_completion *completion)
{
    struct binding *binding = tp_key_owner(completion->key);
    struct tp_completion *copy = tp_completion_copy(completion);
    struct sched_pool *pool = tp_pool_scheduler(NULL); /* made when the file was bound */
    struct bound_completion *bound;

    while (!(bound = slab_alloc(&bounds)))
        nt_thread_yield(); /* taken off the port already: it cannot be refused */
    sched_pool_enter(pool);
    sched_task_init_posted(&bound->task, &bound_class, pool, SCHED_PRIORITY_NORMAL, false);
    bound->callback = binding->callback;
    bound->win32 = binding->win32;
    bound->completion = copy;
    sched_launch_quietly(&bound->task);
    return pool;
}

static struct binding *find_or_make(tp_bound_io_callback *callback, bool win32)
{
    struct binding *binding;

    sched_lock_acquire(&lock);
    for (binding = list; binding; binding = binding->next)
        if (binding->callback == callback && binding->win32 == win32)
            break;
    if (!binding && (binding = slab_alloc(&bindings)) != NULL) {
        binding->callback = callback;
        binding->win32 = win32;
        binding->next = list;
        list = binding;
    }
    sched_lock_release(&lock);
    return binding;
}

nt_status tp_bind_io(nt_handle file, tp_bound_io_callback *callback, bool win32)
{
    struct binding *binding;

    if (nt_process_is_exiting() || !callback)
        return NT_INVALID_PARAMETER;
    binding = tp_pool_scheduler(NULL) ? find_or_make(callback, win32) : NULL;
    if (!binding)
        return NT_NO_MEMORY;
    nt_status status = sched_port_bind(file, tp_key_make(binding, 0), tp_deliver);
    sched_port_expect(); /* nobody tells when operations on it begin */
    return status;
}
