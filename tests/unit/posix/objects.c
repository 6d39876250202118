// SPDX-License-Identifier: MIT
/* Events, semaphores, mutexes, processes: what makes them, what signals them. */
#include "internal.h"

static nt_handle make(enum ground_kind kind, bool manual_reset, uint32_t count, uint32_t limit)
{
    ground_lock();
    struct ground_object *object = ground_object_make(kind);
    object->manual_reset = manual_reset;
    object->count = count;
    object->limit = limit;
    nt_handle handle = ground_handle_make(object);
    ground_unlock();
    return handle;
}

/* What handle names, for test-side calls that are wrong on anything else. With the lock held. */
static struct ground_object *must_be(nt_handle handle, enum ground_kind kind, const char *who)
{
    struct ground_object *object = ground_handle_of_kind(handle, kind);

    if (object == NULL) {
        ground_broken("%s: handle %p is closed or of another kind", who, handle);
    }
    return object;
}

nt_status nt_event_create(nt_handle *event, bool manual_reset)
{
    if (ground_fault(GROUND_EVENT)) {
        return NT_INSUFFICIENT_RESOURCES;
    }
    *event = make(GROUND_KIND_EVENT, manual_reset, 0, 1);
    return NT_SUCCESS;
}

nt_handle ground_event_create(bool manual_reset, bool signalled)
{
    return make(GROUND_KIND_EVENT, manual_reset, signalled, 1);
}

nt_status nt_event_set(nt_handle event)
{
    nt_status status = NT_SUCCESS;

    ground_dawdle();
    ground_lock();
    struct ground_object *object = ground_handle_look(event);
    if (object == NULL) {
        status = NT_INVALID_HANDLE;
    } else if (object->kind != GROUND_KIND_EVENT) {
        status = NT_OBJECT_TYPE_MISMATCH;
    } else {
        object->count = 1;
        ground_object_offer(object);
    }
    ground_unlock();
    return status;
}

/* In two steps, between which others may come, as on Windows. */
bool nt_event_hand_over(nt_handle event)
{
    nt_status status = nt_event_set(event);

    ground_dawdle();
    ground_lock();
    struct ground_object *object = must_be(event, GROUND_KIND_EVENT, "nt_event_hand_over");
    bool taken = object->count == 0;
    object->count = 0;
    ground_unlock();
    return status == NT_SUCCESS && taken;
}

void ground_event_reset(nt_handle event)
{
    ground_lock();
    must_be(event, GROUND_KIND_EVENT, "ground_event_reset")->count = 0;
    ground_unlock();
}

bool ground_event_is_set(nt_handle event)
{
    ground_lock();
    bool set = must_be(event, GROUND_KIND_EVENT, "ground_event_is_set")->count != 0;
    ground_unlock();
    return set;
}

nt_handle ground_semaphore_create(uint32_t count, uint32_t limit)
{
    return make(GROUND_KIND_SEMAPHORE, false, count, limit);
}

uint32_t ground_semaphore_count(nt_handle semaphore)
{
    ground_lock();
    uint32_t count = must_be(semaphore, GROUND_KIND_SEMAPHORE, "ground_semaphore_count")->count;
    ground_unlock();
    return count;
}

nt_status nt_semaphore_release(nt_handle semaphore, uint32_t count)
{
    nt_status status = NT_SUCCESS;

    ground_lock();
    struct ground_object *object = ground_handle_look(semaphore);
    if (object == NULL) {
        status = NT_INVALID_HANDLE;
    } else if (object->kind != GROUND_KIND_SEMAPHORE) {
        status = NT_OBJECT_TYPE_MISMATCH;
    } else if (count > object->limit - object->count) {
        status = GROUND_SEMAPHORE_LIMIT;
    } else {
        object->count += count;
        ground_object_offer(object);
    }
    ground_unlock();
    return status;
}

nt_handle ground_mutex_create(bool owned)
{
    nt_handle handle = make(GROUND_KIND_MUTEX, false, !owned, 1);

    if (owned) {
        ground_lock();
        struct ground_object *object = must_be(handle, GROUND_KIND_MUTEX, "ground_mutex_create");
        object->owner = nt_thread_id();
        object->recursion = 1;
        ground_unlock();
    }
    return handle;
}

nt_status nt_mutex_release(nt_handle mutex)
{
    nt_status status = NT_SUCCESS;

    ground_lock();
    struct ground_object *object = ground_handle_look(mutex);
    if (object == NULL) {
        status = NT_INVALID_HANDLE;
    } else if (object->kind != GROUND_KIND_MUTEX) {
        status = NT_OBJECT_TYPE_MISMATCH;
    } else if (object->owner != nt_thread_id()) {
        status = GROUND_MUTANT_NOT_OWNED;
    } else if (--object->recursion == 0) {
        object->owner = 0;
        object->count = 1;
        ground_object_offer(object);
    }
    ground_unlock();
    return status;
}

nt_handle ground_process_create(void)
{
    return make(GROUND_KIND_PROCESS, true, 0, 1);
}

void ground_process_end(nt_handle process)
{
    ground_lock();
    struct ground_object *object = must_be(process, GROUND_KIND_PROCESS, "ground_process_end");
    object->count = 1;
    ground_object_offer(object);
    ground_unlock();
}

nt_handle ground_key_create(void)
{
    return make(GROUND_KIND_KEY, false, 0, 0);
}
