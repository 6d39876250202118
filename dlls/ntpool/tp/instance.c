// SPDX-License-Identifier: MIT
#include "tp/instance.h"
#include "tp/system.h"
#include "tp/verifier.h"

enum {
    ACTION_CRITICAL_SECTION = 1,
    ACTION_MUTEX = 2,
    ACTION_SEMAPHORE = 4,
    ACTION_EVENT = 8,
    ACTION_LIBRARY = 16,
    ACTION_ACTIVATION = 32, /* an activation context is to be left */
    ACTION_RELEASE = 64,    /* the environment's library has a reference of ours */
    ACTION_VERIFY = 128,    /* the verifier watches the callback */
};

/* How long a callback steps back when the loader is busy. */
#define LOADER_BUSY NT_MILLISECOND

static uint64_t mark_of(const struct tp_instance *instance)
{
    return (uint64_t)(uintptr_t)instance ^ UINT64_C(0x6E74706F6F6C2149);
}

/* ---- beginning ------------------------------------------------------------------------------------ */

static void pause_for(uint64_t duration)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_park(&parker, nt_time_now() + duration);
}

/* Posts from under a lock (a timer's, a wait's) bring no reference to the library: the loader's lock must not be waited
 * for there, nor here, where a DllMain that holds it may be waiting for us. While it is busy the callback goes back to
 * being queued, where it can be cancelled. */
static bool acquire_library(struct tp_instance *instance, struct tp_object *object)
{
    struct tp_capture *capture = object->capture;
    uint32_t references = atomic_load_explicit(&capture->library_references, memory_order_relaxed);

    while (references)
        if (atomic_compare_exchange_weak_explicit(&capture->library_references, &references, references - 1,
                                                  memory_order_acquire, memory_order_relaxed)) {
            instance->actions |= ACTION_RELEASE;
            return true;
        }
    nt_status status = nt_library_try_add_reference(capture->library);
    if (status == NT_PENDING) {
        sched_post_quietly(&object->task);
        atomic_fetch_add_explicit(&capture->put_back, 1, memory_order_release);
        pause_for(LOADER_BUSY);
        return false;
    }
    if (status >= 0)
        instance->actions |= ACTION_RELEASE;
    return true;
}

/* False: it must not run now. */
static bool enter_capture(struct tp_instance *instance, struct tp_object *object)
{
    struct tp_capture *capture = object->capture;

    if (capture->library && !acquire_library(instance, object))
        return false;
    if (capture->activation_context &&
        nt_activation_context_enter(capture->activation_context, &instance->activation_cookie))
        instance->actions |= ACTION_ACTIVATION;
    return true;
}

static void begin_verification(struct tp_instance *instance, const struct tp_object *object)
{
    if (object->finalized)
        tp_verify_begin(TP_COUNT_FINALIZATION, (const void *)object->capture->finalization, object->context);
    else
        tp_verify_begin((enum tp_counter)object->task.class->counter, object->callback, object->context);
    instance->actions |= ACTION_VERIFY;
}

bool tp_instance_begin(struct tp_instance *instance, struct tp_object *object, struct sched_worker *worker)
{
    instance->mark = mark_of(instance);
    instance->object = object;
    instance->worker = worker;
    instance->actions = 0;
    if (nt_likely(!object->task.is_special))
        return true;
    if (object->persistent)
        sched_worker_make_persistent(worker);
    if (object->capture && !enter_capture(instance, object))
        return false;
    if (nt_unlikely(tp_verifying))
        begin_verification(instance, object);
    return true;
}

/* ---- ending ----------------------------------------------------------------------------------------- */

/* A failing action is raised on the worker, and the later ones are still done when a handler continues (EPI-012 to 015:
 * the parameters are callback, context, object, and status). */
static void raise_failed(struct tp_instance *instance, nt_status code, const void *handle, nt_status status)
{
    struct tp_object *object = instance->object;
    const uintptr_t parameters[] = {(uintptr_t)object->callback, (uintptr_t)object->context, (uintptr_t)handle,
                                    (uintptr_t)(uint32_t)status};

    nt_raise(code, 4, parameters);
}

/* What the callback asked to have given back is not its own, or no such thing. */
static void raise_not_given_back(struct tp_instance *instance, nt_status code, const char *what, const void *object,
                                 nt_status status)
{
    if (tp_verifying)
        tp_verify_not_given_back(what, object);
    raise_failed(instance, code, object, status);
}

static void run_actions(struct tp_instance *instance)
{
    nt_status status;

    if (instance->actions & ACTION_CRITICAL_SECTION && !nt_critical_section_leave(instance->critical_section))
        raise_not_given_back(instance, NT_RESOURCE_NOT_OWNED, "leave the critical section", instance->critical_section,
                             NT_RESOURCE_NOT_OWNED);
    if (instance->actions & ACTION_MUTEX) {
        status = nt_mutex_release(instance->mutex);
        if (status < 0)
            raise_not_given_back(instance, NT_THREADPOOL_MUTEX_FAILED, "release the mutex", instance->mutex, status);
    }
    if (instance->actions & ACTION_SEMAPHORE) {
        /* Windows takes no count of 0, which some hosts do (EPI-020). */
        status = NT_INVALID_PARAMETER;
        if (instance->semaphore_count)
            status = nt_semaphore_release(instance->semaphore, instance->semaphore_count);
        if (status < 0)
            raise_not_given_back(instance, NT_THREADPOOL_SEMAPHORE_FAILED, "release the semaphore", instance->semaphore,
                                 status);
    }
    if (instance->actions & ACTION_EVENT) {
        status = nt_event_set(instance->event);
        if (status < 0)
            raise_not_given_back(instance, NT_THREADPOOL_SET_EVENT_FAILED, "set the event", instance->event, status);
    }
}

/* The task is over and perhaps gone: nothing of the object is left to name in an exception but the module. */
static void unload_library(void *library)
{
    nt_status status = nt_library_release(library);

    if (status < 0) {
        const uintptr_t parameters[] = {0, 0, (uintptr_t)library, (uintptr_t)(uint32_t)status};
        nt_raise(NT_THREADPOOL_FREE_LIBRARY_FAILED, 4, parameters);
    }
}

static void release_reference(void *library)
{
    nt_library_release(library);
}

/* What can be seen without a system call (contract section 25). */
static void check_thread(struct tp_instance *instance)
{
    if (nt_unlikely(nt_loader_lock_is_held())) {
        const uintptr_t parameters[] = {(uintptr_t)instance->object->callback, (uintptr_t)instance->object->context};
        nt_raise(NT_CALLBACK_RETURNED_LOADER_LOCK, 2, parameters);
    }
    if (nt_unlikely(!nt_activation_is_base(&instance->worker->activation)))
        nt_activation_reset(&instance->worker->activation); /* ENV-030 */
    if (nt_unlikely(nt_thread_is_impersonating()))
        nt_token_impersonate(NULL); /* the next callback must not run as somebody else */
}

void tp_instance_end(struct tp_instance *instance)
{
    struct tp_object *object = instance->object;
    struct sched_worker *worker = instance->worker;

    if (nt_unlikely(instance->actions)) {
        if (instance->actions & ACTION_ACTIVATION)
            nt_activation_context_leave(instance->activation_cookie);
        run_actions(instance);
        if (instance->actions & ACTION_VERIFY)
            tp_verify_end();
        if (instance->actions & ACTION_LIBRARY)
            sched_afterwards(worker, unload_library, instance->library);
        if (instance->actions & ACTION_RELEASE)
            sched_afterwards(worker, release_reference, object->capture->library);
    }
    check_thread(instance);
    instance->mark = 0;
}

/* ---- what callbacks call ------------------------------------------------------------------------------ */

static bool is_ours(const struct tp_instance *instance)
{
    return instance && (uintptr_t)instance % sizeof(uintptr_t) == 0 && instance->mark == mark_of(instance);
}

/* In each function of this section: the system's instances are the system's business. */
#define INSTANCE_OR_RETURN(name, types, ...)                                                                           \
    do {                                                                                                               \
        if (nt_unlikely(!is_ours(instance))) {                                                                         \
            void *system_function;                                                                                     \
            if (tp_is_systems(instance, name, &system_function))                                                       \
                ((void(NT_CALL *) types)(uintptr_t)system_function)(__VA_ARGS__);                                      \
            else                                                                                                       \
                tp_raise_bad_object(name, SLAB_FOREIGN, instance);                                                     \
            return;                                                                                                    \
        }                                                                                                              \
    } while (0)

/* Another thread's instance is nobody's to touch (CBI-007, CBI-015). */
static bool register_action(struct tp_instance *instance, uint32_t action)
{
    if (instance->worker->thread != nt_thread_id() || instance->actions & action)
        return false;
    instance->actions |= action;
    return true;
}

void tp_instance_leave_critical_section(struct tp_instance *instance, void *critical_section)
{
    INSTANCE_OR_RETURN("TpCallbackLeaveCriticalSectionOnCompletion", (void *, void *), instance, critical_section);
    if (register_action(instance, ACTION_CRITICAL_SECTION))
        instance->critical_section = critical_section;
}

void tp_instance_release_mutex(struct tp_instance *instance, nt_handle mutex)
{
    INSTANCE_OR_RETURN("TpCallbackReleaseMutexOnCompletion", (void *, nt_handle), instance, mutex);
    if (register_action(instance, ACTION_MUTEX))
        instance->mutex = mutex;
}

void tp_instance_release_semaphore(struct tp_instance *instance, nt_handle semaphore, uint32_t count)
{
    INSTANCE_OR_RETURN("TpCallbackReleaseSemaphoreOnCompletion", (void *, nt_handle, uint32_t), instance, semaphore,
                       count);
    if (!register_action(instance, ACTION_SEMAPHORE))
        return;
    instance->semaphore = semaphore;
    instance->semaphore_count = count;
}

void tp_instance_set_event(struct tp_instance *instance, nt_handle event)
{
    INSTANCE_OR_RETURN("TpCallbackSetEventOnCompletion", (void *, nt_handle), instance, event);
    if (register_action(instance, ACTION_EVENT))
        instance->event = event;
}

void tp_instance_unload_library(struct tp_instance *instance, void *library)
{
    INSTANCE_OR_RETURN("TpCallbackUnloadDllOnCompletion", (void *, void *), instance, library);
    if (register_action(instance, ACTION_LIBRARY))
        instance->library = library;
}

void tp_instance_disassociate(struct tp_instance *instance)
{
    INSTANCE_OR_RETURN("TpDisassociateCallback", (void *), instance);
    if (instance->worker->thread == nt_thread_id())
        sched_detach(instance->worker);
}

nt_status tp_instance_may_run_long(struct tp_instance *instance)
{
    if (nt_unlikely(!is_ours(instance))) {
        void *system_function;
        if (tp_is_systems(instance, "TpCallbackMayRunLong", &system_function))
            return ((nt_status(NT_CALL *)(void *))(uintptr_t)system_function)(instance);
        tp_raise_bad_object("TpCallbackMayRunLong", SLAB_FOREIGN, instance);
        return NT_INVALID_PARAMETER;
    }
    if (instance->worker->thread != nt_thread_id())
        return NT_INVALID_PARAMETER;
    return sched_may_run_long(instance->worker) ? NT_SUCCESS : NT_TOO_MANY_THREADS;
}

void tp_thread_begins(void)
{
    sched_thread_begins();
}

void tp_thread_ends(void)
{
    if (nt_unlikely(tp_verifying))
        tp_verify_thread_ends();
    else
        sched_thread_ends();
}
