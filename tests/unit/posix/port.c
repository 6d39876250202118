// SPDX-License-Identifier: MIT
/* The completion port, and files whose operations end when the test says so. */
#include "internal.h"

#include <stdlib.h>

nt_status nt_port_create(nt_handle *port)
{
    if (ground_fault(GROUND_PORT_CREATE)) {
        return NT_INSUFFICIENT_RESOURCES;
    }
    ground_lock();
    *port = ground_handle_make(ground_object_make(GROUND_KIND_PORT));
    ground_unlock();
    return NT_SUCCESS;
}

nt_status nt_port_bind(nt_handle port, nt_handle file, uint64_t key)
{
    nt_status status = NT_SUCCESS;

    if (ground_fault(GROUND_PORT_BIND)) {
        return NT_INSUFFICIENT_RESOURCES;
    }
    ground_lock();
    struct ground_object *queue = ground_handle_look(port);
    struct ground_object *bound = ground_handle_look(file);
    if (queue == NULL || bound == NULL) {
        status = NT_INVALID_HANDLE;
    } else if (queue->kind != GROUND_KIND_PORT || bound->kind != GROUND_KIND_FILE) {
        status = NT_OBJECT_TYPE_MISMATCH;
    } else if (bound->port != NULL) {
        status = NT_INVALID_PARAMETER;
    } else {
        queue->references++;
        bound->port = queue;
        bound->key = key;
    }
    ground_unlock();
    return status;
}

nt_status nt_port_remove(nt_handle port, struct nt_completion *completion)
{
    struct ground_waiter waiter;

    ground_dawdle();
    ground_lock();
    struct ground_object *queue = ground_handle_look(port);
    nt_status status = queue == NULL                     ? NT_INVALID_HANDLE
                       : queue->kind != GROUND_KIND_PORT ? NT_OBJECT_TYPE_MISMATCH
                                                         : NT_SUCCESS;
    if (status == NT_SUCCESS) {
        queue->references++;
    }
    ground_unlock();
    if (status == NT_SUCCESS) {
        status = ground_wait(&waiter, 1, &queue, NT_FOREVER, false);
        *completion = waiter.completion;
    }
    return status;
}

void ground_port_take(struct ground_object *port, struct nt_completion *completion)
{
    struct ground_packet *packet = port->oldest;

    *completion = packet->completion;
    port->oldest = packet->next;
    if (port->oldest == NULL) {
        port->newest = NULL;
    }
    port->count--;
    free(packet);
}

void ground_port_empty(struct ground_object *port)
{
    struct nt_completion dropped;

    while (port->oldest != NULL) {
        ground_port_take(port, &dropped);
    }
}

nt_handle ground_file_create(void)
{
    ground_lock();
    nt_handle file = ground_handle_make(ground_object_make(GROUND_KIND_FILE));
    ground_unlock();
    return file;
}

/* The port that file is bound to. With the lock held. */
static struct ground_object *port_of(nt_handle file, uint64_t *key)
{
    struct ground_object *object = ground_handle_of_kind(file, GROUND_KIND_FILE);

    if (object == NULL || object->port == NULL) {
        ground_broken("handle %p is no file that is bound to a port", file);
    }
    *key = object->key;
    return object->port;
}

void ground_file_complete(nt_handle file, void *context, nt_status status, uintptr_t information)
{
    struct ground_packet *packet = malloc(sizeof(*packet));

    if (packet == NULL) {
        ground_broken("out of memory");
    }
    *packet = (struct ground_packet){.completion = {0, context, status, information}};
    ground_dawdle();
    ground_lock();
    struct ground_object *port = port_of(file, &packet->completion.key);
    if (port->newest != NULL) {
        port->newest->next = packet;
    } else {
        port->oldest = packet;
    }
    port->newest = packet;
    port->count++;
    ground_object_offer(port);
    ground_unlock();
}

bool ground_waits_at_port(nt_handle file)
{
    uint64_t key;

    ground_lock();
    bool waits = port_of(file, &key)->waiters != 0;
    ground_unlock();
    return waits;
}

unsigned ground_file_backlog(nt_handle file)
{
    uint64_t key;

    ground_lock();
    unsigned count = port_of(file, &key)->count;
    ground_unlock();
    return count;
}
