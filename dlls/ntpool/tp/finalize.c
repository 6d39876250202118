// SPDX-License-Identifier: MIT
/*
 * Finalization callbacks of objects that are posted more than once: one call for each object, when it is through
 * (ENV-033). An object that its owner closes posts its own, to its own pool. A group close has to wait for it, perhaps
 * while that pool waits for the group close; so there it runs on a thread that nothing else can block.
 */
#include "tp/instance.h"
#include "tp/object.h"
#include "tp/pool.h"

struct finalization {
    struct sched_task task;
    struct tp_object *object;
};

static struct slab_cache finalizations = {.kind = SLAB_FINALIZATION, .size = SLAB_SIZE_OF(struct finalization)};

void tp_object_run_finalization(struct tp_object *object, struct sched_worker *worker)
{
    struct tp_instance instance;

    if (!tp_instance_begin(&instance, object, worker))
        return;
    object->capture->finalization(&instance, object->context);
    tp_instance_end(&instance);
}

static bool is_due(const struct tp_object *object)
{
    return object->task.is_special && object->capture && object->capture->finalization && !object->finalized &&
           object->task.class->counter != TP_COUNT_SIMPLE;
}

static void post_to_own_pool(struct tp_object *object)
{
    sched_refuse(&object->task, false);
    tp_object_post(object);
}

bool tp_object_finalize(struct tp_object *object)
{
    if (!is_due(object))
        return false;
    object->finalized = true;
    post_to_own_pool(object);
    return true;
}

static void finalization_run(struct sched_task *task, struct sched_worker *worker)
{
    tp_object_run_finalization(nt_container(task, struct finalization, task)->object, worker);
}

static void finalization_closed(struct sched_task *task)
{
    struct sched_pool *pool = task->pool;

    slab_free(&finalizations, task);
    sched_pool_leave(pool);
}

static const struct sched_task_class finalization_class = {
    .run = finalization_run, .counter = TP_COUNT_FINALIZATION, .closed = finalization_closed};

void tp_object_finalize_and_wait(struct tp_object *object)
{
    struct sched_pool *pool;
    struct finalization *finalization;

    if (!is_due(object))
        return;
    object->finalized = true;
    pool = tp_special_pool(TP_FINALIZATION_THREAD);
    finalization = pool ? slab_alloc(&finalizations) : NULL;
    if (!finalization) {
        post_to_own_pool(object);
        sched_wait_idle(&object->task);
        return;
    }
    sched_pool_enter(pool);
    sched_task_init_posted(&finalization->task, &finalization_class, pool, SCHED_PRIORITY_NORMAL, false);
    finalization->object = object;
    sched_hold(&finalization->task);
    tp_object_bring_library(object);
    sched_launch(&finalization->task);
    sched_wait_idle(&finalization->task);
    sched_release(&finalization->task);
}
