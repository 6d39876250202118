// SPDX-License-Identifier: MIT
#include "tp/legacy.h"
#include "tp/object.h"
#include "tp/pool.h"
#include "tp/token.h"

struct work_item {
    struct sched_task task;
    tp_work_item *function;
    void *context;
    nt_handle token; /* whose security context to run in; NULL: the process's */
    bool persistent;
};

static struct slab_cache items = {.kind = SLAB_LEGACY_WORK, .size = (sizeof(struct work_item) + 15) & ~15u};

static void item_run(struct sched_task *task, struct sched_worker *worker)
{
    struct work_item *item = nt_container(task, struct work_item, task);

    if (item->persistent)
        sched_worker_make_persistent(worker);
    tp_token_enter(item->token);
    item->function(item->context);
    tp_token_leave(item->token);
}

static void item_closed(struct sched_task *task)
{
    struct work_item *item = nt_container(task, struct work_item, task);
    struct sched_pool *pool = task->pool;

    tp_token_free(item->token);
    slab_free(&items, item);
    sched_pool_leave(pool);
}

static const struct sched_task_class item_class = {
    .run = item_run, .counter = TP_COUNT_LEGACY_WORK, .closed = item_closed};

nt_status tp_queue_work_item(tp_work_item *function, void *context, uint32_t flags)
{
    struct sched_pool *pool;
    struct work_item *item;
    nt_handle token;
    nt_status status;

    if (!function || nt_process_is_exiting())
        return NT_INVALID_PARAMETER;
    status = tp_token_for_flags(flags, &token);
    if (status < 0)
        return status;
    pool = tp_pool_for_flags(flags & ~(uint32_t)(TP_EXECUTE_IN_WAIT_THREAD | TP_EXECUTE_IN_TIMER_THREAD));
    item = pool ? slab_alloc(&items) : NULL;
    if (!item) {
        tp_token_free(token);
        return NT_NO_MEMORY;
    }
    sched_pool_enter(pool);
    sched_task_init_posted(&item->task, &item_class, pool, SCHED_PRIORITY_NORMAL, flags & TP_EXECUTE_LONG_FUNCTION);
    item->function = function;
    item->context = context;
    item->token = token;
    item->persistent = flags & TP_EXECUTE_IN_PERSISTENT_THREAD;
    sched_launch(&item->task);
    return NT_SUCCESS;
}
