// SPDX-License-Identifier: MIT
#include "tp/environ.h"
#include "tp/group.h"
#include "tp/pool.h"

static struct slab_cache captures = {.kind = SLAB_CAPTURE, .size = SLAB_SIZE_OF(struct tp_capture)};

static bool is_valid(const struct tp_environ *environ)
{
    if (environ->version == 1)
        return true; /* nothing behind flags may be read (ENV-021) */
    return environ->version == 3 && environ->priority < SCHED_PRIORITIES && environ->size == sizeof(*environ);
}

static bool is_foreign(const void *object)
{
    return object && slab_kind_of(object) == SLAB_FOREIGN;
}

enum tp_home tp_environ_home(const struct tp_environ *environ)
{
    if (!environ || (!is_foreign(environ->pool) && !is_foreign(environ->group)))
        return TP_OURS;
    if ((environ->pool && !is_foreign(environ->pool)) || (environ->group && !is_foreign(environ->group)))
        return TP_MIXED;
    return TP_SYSTEMS;
}

/* NULL is an answer here: *failed tells it from a lack of memory. */
static struct tp_capture *capture_make(const struct tp_environ *environ, bool *failed)
{
    void *activation_context = environ ? environ->activation_context : NULL;
    struct tp_capture *capture;

    *failed = false;
    if (activation_context == TP_NO_ACTIVATION_CONTEXT)
        activation_context = NULL;
    else if (activation_context)
        nt_activation_context_add_reference(activation_context);
    else
        activation_context = nt_activation_context_capture();

    if (!activation_context && (!environ || (!environ->library && !environ->finalization && !environ->cancel)))
        return NULL;
    capture = slab_alloc(&captures);
    if (!capture) {
        if (activation_context)
            nt_activation_context_release(activation_context);
        *failed = true;
        return NULL;
    }
    capture->activation_context = activation_context;
    if (environ) {
        capture->cancel = environ->cancel;
        capture->library = environ->library;
        capture->finalization = environ->finalization;
    }
    return capture;
}

void tp_capture_free(struct tp_capture *capture)
{
    if (!capture)
        return;
    if (capture->activation_context)
        nt_activation_context_release(capture->activation_context);
    slab_free(&captures, capture);
}

nt_status tp_environ_read(const struct tp_environ *environ, struct tp_settings *settings)
{
    bool failed;

    if (environ) {
        if (!is_valid(environ) || (environ->pool && !slab_is_live(environ->pool, SLAB_POOL)) ||
            (environ->group && !slab_is_live(environ->group, SLAB_GROUP)))
            return NT_INVALID_PARAMETER;
    }
    settings->pool = tp_pool_scheduler(environ ? environ->pool : NULL);
    if (!settings->pool)
        return NT_NO_MEMORY;
    settings->capture = capture_make(environ, &failed);
    if (failed)
        return NT_NO_MEMORY;
    sched_pool_enter(settings->pool);
    settings->group = environ ? environ->group : NULL;
    settings->priority =
        environ && environ->version == 3 ? (enum sched_priority)environ->priority : SCHED_PRIORITY_NORMAL;
    settings->is_long = environ && environ->flags & TP_ENVIRON_LONG;
    settings->persistent = environ && environ->flags & TP_ENVIRON_PERSISTENT;
    return NT_SUCCESS;
}

void tp_settings_release(struct tp_settings *settings)
{
    tp_capture_free(settings->capture);
    sched_pool_leave(settings->pool);
}
