// SPDX-License-Identifier: MIT
/*
 * What is not ours goes to the system's own function of the same name: a process that is side-loaded holds objects of
 * both pools. The system's function is looked up in ntdll itself, whose exports nobody redirects.
 */
#ifndef NTPOOL_TP_SYSTEM_H
#define NTPOOL_TP_SYSTEM_H

#include "sched/slab.h"
#include "tp/object.h"

/**
 * True when object is to be served by the system: it is not NULL, not in our arenas, and the system has the function,
 * which *function then names.
 */
static inline bool tp_is_systems(const void *object, const char *name, void **function)
{
    if (!object || slab_kind_of(object) != SLAB_FOREIGN)
        return false;
    *function = nt_system_function(name);
    return *function != NULL;
}

/**
 * Creates an object whose environment is not ours with the system's function: f(&object, callback, context, environ),
 * or f(callback, context, environ) when object is NULL. NT_INVALID_PARAMETER when the environment mixes ours and
 * theirs, or the system has no such function.
 */
nt_status tp_create_elsewhere(const char *name, void **object, void *callback, void *context,
                              const struct tp_environ *environ);

/** The same for I/O objects. A Win32 callback gets what the system's NT callback is given, converted. */
nt_status tp_io_create_elsewhere(struct tp_io **io, nt_handle file, tp_io_callback *callback, void *context,
                                 const struct tp_environ *environ);
nt_status tp_io_create_elsewhere_win32(struct tp_io **io, nt_handle file, tp_win32_io_callback *callback, void *context,
                                       const struct tp_environ *environ);

/*
 * In a void function on an object: returns when the object was not ours, after the system has served it or the misuse
 * was raised.
 */
#define TP_OURS_OR_RETURN(object, kind, name, types, ...)                                                              \
    do {                                                                                                               \
        if (nt_unlikely(!slab_is_live(object, kind))) {                                                                \
            void *system_function;                                                                                     \
            if (tp_is_systems(object, name, &system_function))                                                         \
                ((void(NT_CALL *) types)(uintptr_t)system_function)(__VA_ARGS__);                                      \
            else                                                                                                       \
                tp_raise_bad_object(name, kind, object);                                                               \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* The same in a function with a result; otherwise is what it gives when the raise was continued. */
#define TP_OURS_OR_RETURN_VALUE(object, kind, name, result, otherwise, types, ...)                                     \
    do {                                                                                                               \
        if (nt_unlikely(!slab_is_live(object, kind))) {                                                                \
            void *system_function;                                                                                     \
            if (tp_is_systems(object, name, &system_function))                                                         \
                return ((result(NT_CALL *) types)(uintptr_t)system_function)(__VA_ARGS__);                             \
            tp_raise_bad_object(name, kind, object);                                                                   \
            return otherwise;                                                                                          \
        }                                                                                                              \
    } while (0)

#endif
