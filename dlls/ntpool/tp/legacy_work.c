// SPDX-License-Identifier: MIT
#include "tp/legacy.h"
#include "tp/object.h"
#include "tp/pool.h"
#include "tp/token.h"
#include "tp/verifier.h"

/* One cache line. */
struct work_item {
    struct sched_task task;
    tp_work_item *function;
    void *context;
};

struct special_item {
    struct work_item item;
    nt_handle token; /* whose security context to run in; NULL: the process's */
    bool persistent;
};

static struct slab_cache items = {.kind = SLAB_LEGACY_WORK, .size = SLAB_LINES_OF(struct work_item)};
static struct slab_cache special_items = {.kind = SLAB_LEGACY_WORK, .size = SLAB_SIZE_OF(struct special_item)};

static void run_item(struct work_item *item)
{
    item->function(item->context);
}

static void item_run(struct sched_task *task, struct sched_worker *worker)
{
    struct work_item *item = nt_container(task, struct work_item, task);

    if (nt_likely(!task->is_special)) {
        run_item(item);
        return;
    }
    struct special_item *special = nt_container(item, struct special_item, item);
    if (special->persistent)
        sched_worker_make_persistent(worker);
    tp_token_enter(special->token);
    tp_check_begin(TP_COUNT_LEGACY_WORK, (const void *)item->function, item->context);
    run_item(item);
    tp_check_end();
    tp_token_leave(special->token);
}

static void item_closed(struct sched_task *task)
{
    struct work_item *item = nt_container(task, struct work_item, task);
    struct sched_pool *pool = task->pool;

    if (task->is_special)
        tp_token_free(nt_container(item, struct special_item, item)->token);
    slab_free(task->is_special ? &special_items : &items, item);
    sched_pool_leave(pool);
}

static const struct sched_task_class item_class = {
    .run = item_run, .counter = TP_COUNT_LEGACY_WORK, .closed = item_closed};

static struct work_item *item_create(nt_handle token, bool persistent)
{
    struct special_item *special;

    if (nt_likely(!token && !persistent && !tp_verifying))
        return slab_alloc(&items);
    special = slab_alloc(&special_items);
    if (!special)
        return NULL;
    special->item.task.is_special = true;
    special->token = token;
    special->persistent = persistent;
    return &special->item;
}

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
    /* None of the special threads is for work items; WT_EXECUTEINIOTHREAD is accepted and ignored (QUWI-005). */
    pool = tp_pool_for_flags(
        flags & ~(uint32_t)(TP_EXECUTE_IN_WAIT_THREAD | TP_EXECUTE_IN_TIMER_THREAD | TP_EXECUTE_IN_IO_THREAD));
    item = pool ? item_create(token, flags & TP_EXECUTE_IN_PERSISTENT_THREAD) : NULL;
    if (!item) {
        tp_token_free(token);
        return NT_NO_MEMORY;
    }
    sched_pool_enter(pool);
    sched_task_init_posted(&item->task, &item_class, pool, SCHED_PRIORITY_NORMAL, flags & TP_EXECUTE_LONG_FUNCTION);
    sched_task_unshare(&item->task);
    item->function = function;
    item->context = context;
    sched_launch(&item->task);
    return NT_SUCCESS;
}
