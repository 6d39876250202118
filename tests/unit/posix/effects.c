// SPDX-License-Identifier: MIT
/* What callbacks leave behind and what a thread carries about: locks, libraries, contexts, tokens, priority. */
#include "internal.h"

static _Thread_local struct ground_activation_context *active_context;
static _Thread_local int own_priority;
static _Thread_local bool own_loader_lock;
static _Thread_local uint32_t own_identity;
static _Atomic bool loader_is_busy;
static void (*_Atomic while_busy)(void);

bool nt_critical_section_leave(void *critical_section)
{
    return pthread_mutex_unlock(critical_section) == 0;
}

nt_status nt_library_add_reference(void *module)
{
    struct ground_library *library = module;

    return atomic_fetch_add(&library->references, 1) > 0 ? NT_SUCCESS : NT_INVALID_PARAMETER;
}

nt_status nt_library_try_add_reference(void *module)
{
    if (!atomic_load(&loader_is_busy)) {
        return nt_library_add_reference(module);
    }
    void (*meanwhile)(void) = atomic_load(&while_busy);
    if (meanwhile != NULL) {
        meanwhile();
    }
    return NT_PENDING;
}

void ground_when_loader_is_busy(void (*meanwhile)(void))
{
    atomic_store(&while_busy, meanwhile);
}

void ground_set_loader_busy(bool busy)
{
    atomic_store(&loader_is_busy, busy);
}

nt_status nt_library_release(void *module)
{
    struct ground_library *library = module;

    return atomic_fetch_sub(&library->references, 1) > 0 ? NT_SUCCESS : NT_INVALID_PARAMETER;
}

void *nt_activation_context_capture(void)
{
    nt_activation_context_add_reference(active_context);
    return active_context;
}

void nt_activation_context_add_reference(void *context)
{
    struct ground_activation_context *counted = context;

    if (counted != NULL) {
        atomic_fetch_add(&counted->references, 1);
    }
}

void nt_activation_context_release(void *context)
{
    struct ground_activation_context *counted = context;

    if (counted != NULL && atomic_fetch_sub(&counted->references, 1) <= 0) {
        ground_broken("an activation context was released once too often");
    }
}

bool nt_activation_context_enter(void *context, uintptr_t *cookie)
{
    *cookie = (uintptr_t)active_context;
    active_context = context;
    return true;
}

void nt_activation_context_leave(uintptr_t cookie)
{
    active_context = (struct ground_activation_context *)cookie;
}

void nt_activation_base(struct nt_activation_base *base)
{
    nt_activation_context_enter(NULL, &base->cookie);
    base->frame = active_context;
}

bool nt_activation_is_base(const struct nt_activation_base *base)
{
    return active_context == base->frame;
}

void nt_activation_reset(struct nt_activation_base *base)
{
    nt_activation_context_leave(base->cookie);
    nt_activation_base(base);
}

void ground_activate(struct ground_activation_context *context)
{
    active_context = context;
}

struct ground_activation_context *ground_active_context(void)
{
    return active_context;
}

int nt_thread_priority(void)
{
    return own_priority;
}

void nt_thread_set_priority(int priority)
{
    own_priority = priority;
}

bool nt_loader_lock_is_held(void)
{
    return own_loader_lock;
}

void ground_hold_loader_lock(bool held)
{
    own_loader_lock = held;
}

bool nt_thread_is_impersonating(void)
{
    return own_identity != 0;
}

static nt_handle make_token(uint32_t identity)
{
    ground_lock();
    struct ground_object *token = ground_object_make(GROUND_KIND_TOKEN);
    token->owner = identity;
    nt_handle handle = ground_handle_make(token);
    ground_unlock();
    return handle;
}

nt_handle ground_token_create(uint32_t identity)
{
    return make_token(identity);
}

uint32_t ground_identity(void)
{
    return own_identity;
}

nt_status nt_token_capture(nt_handle *token)
{
    *token = own_identity == 0 ? NULL : make_token(own_identity);
    return NT_SUCCESS;
}

nt_status nt_token_impersonate(nt_handle token)
{
    nt_status status = NT_SUCCESS;
    uint32_t identity = 0;

    if (token != NULL) {
        ground_lock();
        struct ground_object *object = ground_handle_look(token);
        if (object == NULL) {
            status = NT_INVALID_HANDLE;
        } else if (object->kind != GROUND_KIND_TOKEN) {
            status = NT_OBJECT_TYPE_MISMATCH;
        } else {
            identity = object->owner;
        }
        ground_unlock();
    }
    if (status == NT_SUCCESS) {
        own_identity = identity;
    }
    return status;
}
