// SPDX-License-Identifier: MIT
/*
 * Waiting for objects. A waiter links itself to each of its objects; whoever signals one hands the signal over under
 * the lock, oldest waiter first, so that each signal is consumed exactly once.
 */
#include "internal.h"

#define MOST_APCS 256

struct apc {
    uint32_t thread;
    void (*function)(void *);
    void *argument;
};

static struct apc apcs[MOST_APCS];
static unsigned apc_count;
static struct ground_waiter *alertable_waiters, *waiters_asleep;

static bool is_signalled(const struct ground_object *object, uint32_t thread)
{
    if (object->kind == GROUND_KIND_PORT) {
        return object->oldest != NULL;
    }
    return object->count != 0 || (object->kind == GROUND_KIND_MUTEX && object->owner == thread);
}

static void consume(struct ground_object *object, struct ground_waiter *waiter)
{
    switch (object->kind) {
    case GROUND_KIND_EVENT:
        object->count = object->manual_reset;
        break;
    case GROUND_KIND_SEMAPHORE:
        object->count--;
        break;
    case GROUND_KIND_MUTEX:
        object->count = 0;
        object->owner = waiter->parker.thread;
        object->recursion++;
        break;
    case GROUND_KIND_PORT:
        ground_port_take(object, &waiter->completion);
        break;
    default:
        break;
    }
}

static void link_to(struct ground_waiter *waiter, unsigned index, struct ground_object *object)
{
    struct ground_link *link = &waiter->links[index];

    *link = (struct ground_link){.waiter = waiter, .object = object, .previous = object->last};
    if (object->last != NULL) {
        object->last->next = link;
    } else {
        object->first = link;
    }
    object->last = link;
    object->waiters++;
}

static void unlink_all(struct ground_waiter *waiter)
{
    for (unsigned i = 0; i < waiter->count; i++) {
        struct ground_link *link = &waiter->links[i];
        struct ground_object *object = link->object;
        if (link->previous != NULL) {
            link->previous->next = link->next;
        } else {
            object->first = link->next;
        }
        if (link->next != NULL) {
            link->next->previous = link->previous;
        } else {
            object->last = link->previous;
        }
        object->waiters--;
    }
    for (struct ground_waiter **at = &waiters_asleep; *at != NULL; at = &(*at)->next_asleep) {
        if (*at == waiter) {
            *at = waiter->next_asleep;
            break;
        }
    }
    for (struct ground_waiter **at = &alertable_waiters; *at != NULL; at = &(*at)->next_alertable) {
        if (*at == waiter) {
            *at = waiter->next_alertable;
            break;
        }
    }
}

static void end_wait(struct ground_waiter *waiter, nt_status result)
{
    unlink_all(waiter);
    waiter->result = result;
    nt_unpark(&waiter->parker);
}

void ground_object_offer(struct ground_object *object)
{
    while (object->first != NULL && is_signalled(object, object->first->waiter->parker.thread)) {
        struct ground_link *link = object->first;
        struct ground_waiter *waiter = link->waiter;
        consume(object, waiter);
        end_wait(waiter, (nt_status)(link - waiter->links));
    }
}

static bool has_apc(uint32_t thread)
{
    for (unsigned i = 0; i < apc_count; i++) {
        if (apcs[i].thread == thread) {
            return true;
        }
    }
    return false;
}

nt_status ground_wait(struct ground_waiter *waiter, unsigned count, struct ground_object **objects, uint64_t deadline,
                      bool alertable)
{
    nt_parker_init(&waiter->parker);
    waiter->count = count;
    waiter->result = NT_PENDING;

    ground_lock();
    for (unsigned i = 0; i < count && waiter->result == NT_PENDING; i++) {
        if (is_signalled(objects[i], waiter->parker.thread)) {
            consume(objects[i], waiter);
            waiter->result = (nt_status)i;
        }
    }
    if (waiter->result == NT_PENDING && alertable && has_apc(waiter->parker.thread)) {
        waiter->result = GROUND_USER_APC;
    }
    if (waiter->result == NT_PENDING && (deadline == 0 || deadline <= nt_time_now())) {
        waiter->result = NT_TIMEOUT;
    }
    if (waiter->result == NT_PENDING) {
        for (unsigned i = 0; i < count; i++) {
            link_to(waiter, i, objects[i]);
        }
        waiter->next_asleep = waiters_asleep;
        waiters_asleep = waiter;
        if (alertable) {
            waiter->next_alertable = alertable_waiters;
            alertable_waiters = waiter;
        }
        ground_unlock();
        bool ended = nt_park(&waiter->parker, deadline);
        ground_lock();
        if (!ended && waiter->result == NT_PENDING) {
            unlink_all(waiter);
            waiter->result = NT_TIMEOUT;
        }
    }
    for (unsigned i = 0; i < count; i++) {
        ground_object_release(objects[i]);
    }
    ground_unlock();
    return waiter->result;
}

void ground_abandon_wait(uint32_t thread)
{
    ground_lock();
    struct ground_waiter *waiter = waiters_asleep;
    while (waiter != NULL && waiter->parker.thread != thread) {
        waiter = waiter->next_asleep;
    }
    if (waiter != NULL) {
        unlink_all(waiter);
        for (unsigned i = 0; i < waiter->count; i++) {
            ground_object_release(waiter->links[i].object);
        }
    }
    ground_unlock();
}

nt_status nt_wait_any(unsigned count, const nt_handle *handles, uint64_t deadline)
{
    struct ground_object *objects[NT_WAIT_MAXIMUM];
    struct ground_waiter waiter;

    if (count == 0 || count > NT_WAIT_MAXIMUM) {
        return NT_INVALID_PARAMETER_1;
    }
    ground_dawdle();
    ground_lock();
    for (unsigned i = 0; i < count; i++) {
        objects[i] = ground_handle_look(handles[i]);
        nt_status status = NT_SUCCESS;
        if (objects[i] == NULL) {
            status = NT_INVALID_HANDLE;
        } else if (objects[i]->kind > GROUND_KIND_PROCESS) {
            status = NT_OBJECT_TYPE_MISMATCH;
        } else if (!ground_handle_may_wait(handles[i])) {
            status = NT_ACCESS_DENIED;
        }
        if (status != NT_SUCCESS) {
            while (i-- > 0) {
                ground_object_release(objects[i]);
            }
            ground_unlock();
            return status;
        }
        objects[i]->references++;
    }
    ground_unlock();
    return ground_wait(&waiter, count, objects, deadline, false);
}

bool ground_wait_one(nt_handle handle, unsigned real_seconds)
{
    nt_status status = nt_wait_any(1, &handle, nt_time_now() + real_seconds * ground_speed() * NT_SECOND);

    if (status != NT_SUCCESS && status != NT_TIMEOUT) {
        ground_broken("ground_wait_one: status %08x", (unsigned)status);
    }
    return status == NT_SUCCESS;
}

unsigned ground_waiters(nt_handle handle)
{
    ground_lock();
    struct ground_object *object = ground_handle_look(handle);
    if (object == NULL) {
        ground_broken("ground_waiters of a handle that is not open");
    }
    unsigned count = object->waiters;
    ground_unlock();
    return count;
}

void ground_queue_apc(uint32_t thread, void (*function)(void *), void *argument)
{
    ground_lock();
    if (apc_count == MOST_APCS) {
        ground_broken("more than %d queued APCs", MOST_APCS);
    }
    apcs[apc_count++] = (struct apc){thread, function, argument};
    for (struct ground_waiter *waiter = alertable_waiters; waiter != NULL; waiter = waiter->next_alertable) {
        if (waiter->parker.thread == thread) {
            end_wait(waiter, GROUND_USER_APC);
            break;
        }
    }
    ground_unlock();
}

bool ground_run_apcs(void)
{
    uint32_t thread = nt_thread_id();
    bool any = false;

    ground_lock();
    for (unsigned i = 0; i < apc_count;) {
        if (apcs[i].thread != thread) {
            i++;
            continue;
        }
        struct apc apc = apcs[i];
        apc_count--;
        for (unsigned j = i; j < apc_count; j++) {
            apcs[j] = apcs[j + 1];
        }
        ground_unlock();
        apc.function(apc.argument);
        any = true;
        ground_lock();
        i = 0;
    }
    ground_unlock();
    return any;
}
