// SPDX-License-Identifier: MIT
#include "tp/environ.h"
#include "tp/system.h"

typedef nt_status NT_CALL system_create(void **object, void *callback, void *context, const struct tp_environ *environ);
typedef nt_status NT_CALL system_try_post(void *callback, void *context, const struct tp_environ *environ);

nt_status tp_create_elsewhere(const char *name, void **object, void *callback, void *context,
                              const struct tp_environ *environ)
{
    void *function = tp_environ_home(environ) == TP_SYSTEMS ? nt_system_function(name) : NULL;

    if (!function)
        return NT_INVALID_PARAMETER;
    if (!object)
        return ((system_try_post *)(uintptr_t)function)(callback, context, environ);
    return ((system_create *)(uintptr_t)function)(object, callback, context, environ);
}

/* ---- I/O ---------------------------------------------------------------------------------------------- */

typedef nt_status NT_CALL system_create_io(struct tp_io **io, nt_handle file, tp_io_callback *callback, void *context,
                                           const struct tp_environ *environ);

nt_status tp_io_create_elsewhere(struct tp_io **io, nt_handle file, tp_io_callback *callback, void *context,
                                 const struct tp_environ *environ)
{
    void *function = tp_environ_home(environ) == TP_SYSTEMS ? nt_system_function("TpAllocIoCompletion") : NULL;

    if (!function)
        return NT_INVALID_PARAMETER;
    return ((system_create_io *)(uintptr_t)function)(io, file, callback, context, environ);
}

/* What a Win32 callback was created with. The system gives no sign when its object is gone, so these stay: one for each
 * different pair of callback and context. */
struct converted {
    struct slab_item item;
    struct converted *next;
    tp_win32_io_callback *callback;
    void *context;
};

static struct slab_cache conversions = {.kind = SLAB_CONVERSION, .size = SLAB_SIZE_OF(struct converted)};
static struct sched_lock conversions_lock; /* guards the list */
static struct converted *converted_list;

static void NT_CALL convert(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                            struct tp_io *io)
{
    struct converted *converted = context;

    converted->callback(instance, converted->context, apc_context, nt_status_to_win32((nt_status)result->status),
                        result->information, io);
}

static struct converted *find_or_make(tp_win32_io_callback *callback, void *context)
{
    struct converted *converted;

    sched_lock_acquire(&conversions_lock);
    for (converted = converted_list; converted; converted = converted->next)
        if (converted->callback == callback && converted->context == context)
            break;
    if (!converted && (converted = slab_alloc(&conversions)) != NULL) {
        converted->callback = callback;
        converted->context = context;
        converted->next = converted_list;
        converted_list = converted;
    }
    sched_lock_release(&conversions_lock);
    return converted;
}

nt_status tp_io_create_elsewhere_win32(struct tp_io **io, nt_handle file, tp_win32_io_callback *callback, void *context,
                                       const struct tp_environ *environ)
{
    struct converted *converted = callback ? find_or_make(callback, context) : NULL;

    if (!converted)
        return callback ? NT_NO_MEMORY : NT_INVALID_PARAMETER;
    return tp_io_create_elsewhere(io, file, convert, converted, environ);
}
