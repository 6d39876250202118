// SPDX-License-Identifier: MIT
#include "tp/environ.h"
#include "tp/instance.h"
#include "tp/system.h"
#include "tp/verifier.h"
#include "tp/work.h"

struct tp_work {
    struct tp_object object;
};

static void work_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_work *work = nt_container(task, struct tp_work, object.task);
    struct tp_instance instance;

    if (nt_unlikely(tp_object_is_finalized(&work->object))) {
        tp_object_run_finalization(&work->object, worker);
        return;
    }
    if (nt_unlikely(!tp_instance_begin(&instance, &work->object, worker)))
        return;
    ((tp_work_callback *)work->object.callback)(&instance, work->object.context, work);
    tp_instance_end(&instance);
}

static struct slab_cache works = {.kind = SLAB_WORK, .size = SLAB_LINES_OF(struct tp_work)};

static const struct tp_kind work_kind = {
    .class = {.run = work_run, .counter = TP_COUNT_WORK, .closed = tp_object_closed},
    .cache = &works,
    .cancel = tp_object_cancel,
};

nt_status tp_work_create(struct tp_work **work, tp_work_callback *callback, void *context,
                         const struct tp_environ *environ)
{
    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_create_elsewhere("TpAllocWork", (void **)work, (void *)callback, context, environ);
    void *object;
    nt_status status = tp_object_create(&work_kind, (void *)callback, context, environ, &object);
    if (status >= 0) {
        tp_object_publish(object);
        *work = object;
    }
    return status;
}

void tp_work_post(struct tp_work *work)
{
    TP_OURS_OR_RETURN(work, SLAB_WORK, "TpPostWork", (void *), work);
    if (nt_unlikely(nt_process_is_exiting())) {
        tp_raise_bad_object("TpPostWork", SLAB_WORK, work); /* WORK-014 */
        return;
    }
    tp_object_post(&work->object);
}

void tp_work_wait(struct tp_work *work, bool cancel)
{
    TP_OURS_OR_RETURN(work, SLAB_WORK, "TpWaitForWork", (void *, int32_t), work, cancel);
    if (nt_process_is_exiting())
        return; /* EXC-012 */
    tp_check_wait("TpWaitForWork", &work->object.task);
    tp_object_wait(&work->object, cancel);
}

void tp_work_close(struct tp_work *work)
{
    TP_OURS_OR_RETURN(work, SLAB_WORK, "TpReleaseWork", (void *), work);
    if (!nt_process_is_exiting())
        tp_object_close(&work->object);
}
