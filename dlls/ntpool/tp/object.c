// SPDX-License-Identifier: MIT
#include "tp/environ.h"
#include "tp/group.h"
#include "tp/object.h"
#include "tp/verifier.h"

void tp_raise_bad_object(const char *function, enum slab_kind kind, const void *object)
{
    const uintptr_t parameter = (uintptr_t)object;

    tp_tell_bad_object(function, kind, object);
    nt_raise(NT_INVALID_PARAMETER, 1, &parameter);
}

nt_status tp_object_create(const struct tp_kind *kind, void *callback, void *context, const struct tp_environ *environ,
                           void **object)
{
    struct tp_settings settings;
    struct tp_object *created;
    nt_status status;

    if (!callback)
        return NT_INVALID_PARAMETER;
    status = tp_environ_read(environ, &settings);
    if (status < 0)
        return status;
    created = slab_alloc(kind->cache);
    if (!created) {
        tp_settings_release(&settings);
        return NT_NO_MEMORY;
    }
    if (kind->is_posted_once)
        sched_task_init_posted(&created->task, &kind->class, settings.pool, settings.priority, settings.is_long);
    else
        sched_task_init(&created->task, &kind->class, settings.pool, settings.priority, settings.is_long);
    created->callback = callback;
    created->context = context;
    created->capture = settings.capture;
    created->persistent = settings.persistent;
    created->group = settings.group;
    created->task.is_special = settings.capture || settings.group || settings.persistent || tp_verifying;
    *object = created;
    return NT_SUCCESS;
}

static void free_object(struct tp_object *object)
{
    struct sched_pool *pool = object->task.pool;
    const struct tp_kind *kind = tp_kind_of(object);

    if (kind->dispose)
        kind->dispose(object);
    if (nt_unlikely(object->task.is_special)) {
        tp_object_return_library(object, UINT32_MAX); /* of posts that a group close refused */
        tp_capture_free(object->capture);
    }
    slab_free(kind->cache, object);
    sched_pool_leave(pool);
}

void tp_object_publish(struct tp_object *object)
{
    if (nt_unlikely(object->task.is_special) && object->group)
        tp_group_join(object->group, object);
}

void tp_object_discard(struct tp_object *object)
{
    free_object(object);
}

static uint32_t put_back_so_far(const struct tp_object *object)
{
    struct tp_capture *capture = object->task.is_special ? object->capture : NULL;

    return capture ? atomic_load_explicit(&capture->put_back, memory_order_acquire) : 0;
}

/* A callback that seemed to have begun may have gone back to being queued while it was waited for. It is counted after
 * it was queued and before it ends: if the count is as it was before the cancel, the cancel missed none. */
static void cancel_and_wait(struct tp_object *object)
{
    uint32_t before;

    do {
        before = put_back_so_far(object);
        tp_kind_of(object)->cancel(object);
        sched_wait_begun(&object->task);
    } while (nt_unlikely(put_back_so_far(object) != before) && !nt_process_is_exiting());
}

void tp_object_wait(struct tp_object *object, bool cancel)
{
    if (cancel)
        cancel_and_wait(object);
    else
        sched_wait_idle(&object->task);
}

/* ---- posting ------------------------------------------------------------------------------------------ */

void tp_object_bring_library(struct tp_object *object)
{
    struct tp_capture *capture = object->task.is_special ? object->capture : NULL;

    if (nt_unlikely(capture && capture->library) && nt_library_add_reference(capture->library) >= 0)
        atomic_fetch_add_explicit(&capture->library_references, 1, memory_order_release);
}

void tp_object_post(struct tp_object *object)
{
    tp_object_bring_library(object);
    sched_post(&object->task);
}

void tp_object_launch(struct tp_object *object)
{
    tp_object_bring_library(object);
    tp_object_publish(object);
    sched_launch(&object->task);
}

struct sched_pool *tp_object_post_quietly(struct tp_object *object)
{
    struct sched_pool *pool = object->task.pool;

    sched_post_quietly(&object->task);
    return pool;
}

void tp_object_return_library(struct tp_object *object, uint32_t most)
{
    struct tp_capture *capture = object->task.is_special ? object->capture : NULL;

    if (nt_likely(!capture || !capture->library))
        return;
    /* A post that comes meanwhile may lose its reference to this; its worker then takes one for itself. */
    uint32_t references = atomic_load_explicit(&capture->library_references, memory_order_relaxed);
    while (most && references) {
        if (!atomic_compare_exchange_weak_explicit(&capture->library_references, &references, references - 1,
                                                   memory_order_acquire, memory_order_relaxed))
            continue;
        nt_library_release(capture->library);
        references--;
        most--;
    }
}

uint32_t tp_object_cancel(struct tp_object *object)
{
    uint32_t cancelled = sched_cancel(&object->task);

    tp_object_return_library(object, cancelled);
    return cancelled;
}

void tp_object_quiesce(struct tp_object *object)
{
    if (tp_kind_of(object)->quiesce)
        tp_kind_of(object)->quiesce(object);
}

void tp_object_wait_all(struct tp_object *object)
{
    if (tp_kind_of(object)->wait_all)
        tp_kind_of(object)->wait_all(object);
    else
        sched_wait_idle(&object->task);
}

bool tp_object_is_outstanding(struct tp_object *object)
{
    const struct tp_kind *kind = tp_kind_of(object);

    return !sched_is_quiet(&object->task) || (kind->is_expecting && kind->is_expecting(object));
}

/* ---- closing ------------------------------------------------------------------------------------------ */

static bool mark_closed(struct tp_object *object)
{
    return slab_close(object, tp_kind_of(object)->cache->kind);
}

void tp_object_close(struct tp_object *object)
{
    if (!mark_closed(object)) {
        tp_raise_bad_object("A close", tp_kind_of(object)->cache->kind, object);
        return;
    }
    if (!tp_group_leave(object))
        return; /* the group close does the rest */
    tp_object_quiesce(object);
    if (tp_kind_of(object)->close_task)
        tp_kind_of(object)->close_task(object);
    else
        sched_close(&object->task);
}

void tp_object_close_task(struct tp_object *object)
{
    mark_closed(object);
    sched_close(&object->task);
}

void tp_object_closed(struct sched_task *task)
{
    struct tp_object *object = nt_container(task, struct tp_object, task);

    if (!tp_object_finalize(object))
        free_object(object);
}
