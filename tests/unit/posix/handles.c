// SPDX-License-Identifier: MIT
/*
 * Handles are table indices with a generation, so that a closed one never comes to name something else. Objects come
 * from a fixed table: nothing here allocates, and what is still open can be counted.
 */
#include "internal.h"

#ifndef GROUND_MOST_HANDLES
#define GROUND_MOST_HANDLES 65536u
#endif

#define MOST_HANDLES  GROUND_MOST_HANDLES /* a power of two */
#define MOST_OBJECTS  GROUND_MOST_HANDLES
#define GENERATIONS   0x1FFFu
#define GENERATION_AT 18
#define INDEX_AT      2 /* as on Windows the two lowest bits are 0 */
#define INDEX_MASK    (MOST_HANDLES - 1)

struct entry {
    struct ground_object *object;
    uint32_t generation;
    uint32_t next_free;
    bool may_not_wait;
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct entry entries[MOST_HANDLES];
static uint32_t entries_used = 1; /* entry 0 stays unused: no handle is NULL */
static uint32_t first_free_entry;
static struct ground_object objects[MOST_OBJECTS];
static uint32_t objects_used;
static struct ground_object *first_free_object;
static unsigned open_handles;
static unsigned bad_uses;

void ground_lock(void)
{
    pthread_mutex_lock(&guard);
}

void ground_unlock(void)
{
    pthread_mutex_unlock(&guard);
}

struct ground_object *ground_object_make(enum ground_kind kind)
{
    struct ground_object *object = first_free_object;

    if (object != NULL) {
        first_free_object = object->next_free;
    } else if (objects_used < MOST_OBJECTS) {
        object = &objects[objects_used++];
    } else {
        ground_broken("more than %u objects", MOST_OBJECTS);
    }
    *object = (struct ground_object){.kind = kind, .references = 1};
    return object;
}

void ground_object_release(struct ground_object *object)
{
    if (--object->references != 0) {
        return;
    }
    struct ground_object *port = object->port;
    if (object->kind == GROUND_KIND_PORT) {
        ground_port_empty(object);
    }
    object->kind = GROUND_KIND_FREE;
    object->next_free = first_free_object;
    first_free_object = object;
    if (port != NULL) {
        ground_object_release(port);
    }
}

nt_handle ground_handle_make(struct ground_object *object)
{
    uint32_t index = first_free_entry;

    if (index != 0) {
        first_free_entry = entries[index].next_free;
    } else if (entries_used < MOST_HANDLES) {
        index = entries_used++;
    } else {
        ground_broken("more than %u handles", MOST_HANDLES);
    }
    struct entry *entry = &entries[index];
    entry->object = object;
    entry->generation = (entry->generation + 1) & GENERATIONS;
    entry->may_not_wait = false;
    open_handles++;
    return (nt_handle)(((uintptr_t)entry->generation << GENERATION_AT) | ((uintptr_t)index << INDEX_AT));
}

static struct entry *entry_of(nt_handle handle)
{
    uintptr_t value = (uintptr_t)handle;
    uintptr_t index = (value >> INDEX_AT) & INDEX_MASK;
    struct entry *entry = &entries[index];

    if ((value & 3) != 0 || entry->object == NULL || value >> GENERATION_AT != entry->generation) {
        bad_uses++;
        return NULL;
    }
    return entry;
}

struct ground_object *ground_handle_look(nt_handle handle)
{
    struct entry *entry = entry_of(handle);

    return entry == NULL ? NULL : entry->object;
}

struct ground_object *ground_handle_of_kind(nt_handle handle, enum ground_kind kind)
{
    struct ground_object *object = ground_handle_look(handle);

    if (object != NULL && object->kind != kind) {
        bad_uses++;
        return NULL;
    }
    return object;
}

bool ground_handle_may_wait(nt_handle handle)
{
    struct entry *entry = entry_of(handle);

    return entry != NULL && !entry->may_not_wait;
}

void ground_forbid_waiting(nt_handle handle)
{
    ground_lock();
    struct entry *entry = entry_of(handle);
    if (entry == NULL) {
        ground_broken("ground_forbid_waiting of a handle that is not open");
    }
    entry->may_not_wait = true;
    ground_unlock();
}

nt_status nt_handle_close(nt_handle handle)
{
    nt_status status = NT_INVALID_HANDLE;

    ground_lock();
    struct entry *entry = entry_of(handle);
    if (entry != NULL) {
        struct ground_object *object = entry->object;
        entry->object = NULL;
        entry->next_free = first_free_entry;
        first_free_entry = (uint32_t)(entry - entries);
        open_handles--;
        ground_object_release(object);
        status = NT_SUCCESS;
    }
    ground_unlock();
    return status;
}

static bool is_waitable(const struct ground_object *object)
{
    switch (object->kind) {
    case GROUND_KIND_EVENT:
    case GROUND_KIND_SEMAPHORE:
    case GROUND_KIND_PROCESS:
        return true;
    default:
        return false;
    }
}

nt_status nt_handle_open_for_wait(nt_handle handle, nt_handle *own)
{
    nt_status status = NT_SUCCESS;

    if (ground_fault(GROUND_OPEN_FOR_WAIT)) {
        return NT_INSUFFICIENT_RESOURCES;
    }
    ground_lock();
    struct ground_object *object = ground_handle_look(handle);
    if (object == NULL) {
        status = NT_INVALID_HANDLE;
    } else if (object->kind == GROUND_KIND_MUTEX) {
        status = NT_INVALID_PARAMETER_3;
    } else if (!is_waitable(object)) {
        status = NT_OBJECT_TYPE_MISMATCH;
    } else if (!ground_handle_may_wait(handle)) {
        status = NT_ACCESS_DENIED;
    } else {
        object->references++;
        *own = ground_handle_make(object);
    }
    ground_unlock();
    return status;
}

unsigned ground_open_handles(void)
{
    ground_lock();
    unsigned count = open_handles;
    ground_unlock();
    return count;
}

unsigned ground_bad_handle_uses(void)
{
    ground_lock();
    unsigned count = bad_uses;
    ground_unlock();
    return count;
}
