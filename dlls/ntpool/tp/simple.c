// SPDX-License-Identifier: MIT
#include "tp/environ.h"
#include "tp/group.h"
#include "tp/instance.h"
#include "tp/system.h"
#include "tp/work.h"

/* Closed from the start: its one callback is its whole life. */
struct tp_simple {
    struct tp_object object;
};

static void simple_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_object *object = nt_container(task, struct tp_object, task);
    struct tp_instance instance;

    if (nt_unlikely(!tp_instance_begin(&instance, object, worker)))
        return;
    ((tp_simple_callback *)object->callback)(&instance, object->context);
    struct tp_capture *capture = object->task.is_special ? object->capture : NULL;
    if (nt_unlikely(capture && capture->finalization))
        capture->finalization(&instance, object->context);
    tp_instance_end(&instance);
    if (object->task.is_special && object->group)
        tp_group_leave(object); /* SIMP-011; a group close that has taken it over waits for its end */
}

static struct slab_cache simples = {.kind = SLAB_SIMPLE, .size = SLAB_LINES_OF(struct tp_simple)};

static const struct tp_kind simple_kind = {
    .class = {.run = simple_run, .counter = TP_COUNT_SIMPLE, .closed = tp_object_closed},
    .cache = &simples,
    .is_posted_once = true,
    .cancel = tp_object_cancel,
};

nt_status tp_simple_post(tp_simple_callback *callback, void *context, const struct tp_environ *environ)
{
    void *created;
    nt_status status;

    if (nt_unlikely(nt_process_is_exiting()))
        return NT_INVALID_PARAMETER;
    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_create_elsewhere("TpSimpleTryPost", NULL, (void *)callback, context, environ);
    status = tp_object_create(&simple_kind, (void *)callback, context, environ, &created);
    if (status < 0)
        return status;
    struct tp_object *object = created;
    if (!object->task.is_special)
        sched_task_unshare(&object->task); /* no group knows it, and its poster has no pointer to it */
    tp_object_launch(object);
    return NT_SUCCESS;
}
