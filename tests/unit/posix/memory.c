// SPDX-License-Identifier: MIT
/*
 * Reservations are inaccessible mappings; committing opens pages, decommitting drops and closes them, so that a use of
 * memory that was given back faults at once. A table of all reservations meets calls that do not fit them.
 */
#include "internal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE              ((size_t)4096)
#define MOST_RESERVATIONS 32768

struct reservation {
    char *address;
    size_t size;
    unsigned char *committed; /* one byte a page, and that map is a mapping of its own */
};

static pthread_mutex_t guard = PTHREAD_MUTEX_INITIALIZER;
static struct reservation reservations[MOST_RESERVATIONS];
static unsigned highest;
static size_t reserved_bytes;
static size_t committed_bytes;

static struct reservation *reservation_of(const void *address, size_t size)
{
    const char *from = address;

    for (unsigned i = 0; i < highest; i++) {
        struct reservation *r = &reservations[i];
        if (r->address != NULL && from >= r->address && from < r->address + r->size) {
            return size <= (size_t)(r->address + r->size - from) ? r : NULL;
        }
    }
    return NULL;
}

static struct reservation *free_reservation(void)
{
    for (unsigned i = 0; i < MOST_RESERVATIONS; i++) {
        if (reservations[i].address == NULL) {
            highest = i >= highest ? i + 1 : highest;
            return &reservations[i];
        }
    }
    ground_broken("more than %d reservations", MOST_RESERVATIONS);
}

static size_t page_map_size(size_t size)
{
    return (size / PAGE + PAGE - 1) / PAGE * PAGE;
}

void *nt_memory_reserve(size_t size, size_t alignment)
{
    if (size == 0 || size % PAGE != 0 || (alignment & (alignment - 1)) != 0) {
        ground_broken("nt_memory_reserve(%zu, %zu)", size, alignment);
    }
    if (ground_fault(GROUND_RESERVE)) {
        return NULL;
    }
    alignment = alignment < PAGE ? PAGE : alignment;
    char *mapping = mmap(NULL, size + alignment, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (mapping == MAP_FAILED) {
        return NULL;
    }
    char *address = (char *)(((uintptr_t)mapping + alignment - 1) & ~(uintptr_t)(alignment - 1));
    if (address != mapping) {
        munmap(mapping, (size_t)(address - mapping));
    }
    if (mapping + alignment != address) {
        munmap(address + size, (size_t)(mapping + alignment - address));
    }
    unsigned char *committed =
        mmap(NULL, page_map_size(size), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (committed == MAP_FAILED) {
        munmap(address, size);
        return NULL;
    }

    pthread_mutex_lock(&guard);
    *free_reservation() = (struct reservation){address, size, committed};
    reserved_bytes += size;
    pthread_mutex_unlock(&guard);
    return address;
}

/* Marks the pages that [address, address + size) touches; *first and *length are those pages. Guard held. */
static void mark(struct reservation *r, const void *address, size_t size, bool committed, char **first, size_t *length)
{
    size_t from = (size_t)((const char *)address - r->address) / PAGE;
    size_t to = ((size_t)((const char *)address - r->address) + size + PAGE - 1) / PAGE;

    for (size_t page = from; page < to; page++) {
        if (r->committed[page] != committed) {
            r->committed[page] = committed;
            committed_bytes += committed ? PAGE : -PAGE;
        }
    }
    *first = r->address + from * PAGE;
    *length = (to - from) * PAGE;
}

bool nt_memory_commit(void *address, size_t size)
{
    char *first;
    size_t length;
    bool done = false;

    if (ground_fault(GROUND_COMMIT)) {
        return false;
    }
    pthread_mutex_lock(&guard);
    struct reservation *r = reservation_of(address, size);
    if (r == NULL || size == 0) {
        ground_broken("nt_memory_commit(%p, %zu) is not inside a reservation", address, size);
    }
    mark(r, address, size, true, &first, &length);
    done = mprotect(first, length, PROT_READ | PROT_WRITE) == 0;
    if (!done) {
        mark(r, address, size, false, &first, &length);
    }
    pthread_mutex_unlock(&guard);
    return done;
}

void nt_memory_decommit(void *address, size_t size)
{
    char *first;
    size_t length;

    pthread_mutex_lock(&guard);
    struct reservation *r = reservation_of(address, size);
    if (r == NULL || size == 0 || (uintptr_t)address % PAGE != 0 || size % PAGE != 0) {
        ground_broken("nt_memory_decommit(%p, %zu) is not whole pages of a reservation", address, size);
    }
    mark(r, address, size, false, &first, &length);
    if (madvise(first, length, MADV_DONTNEED) != 0 || mprotect(first, length, PROT_NONE) != 0) {
        ground_broken("cannot give pages back to the system");
    }
    pthread_mutex_unlock(&guard);
}

void nt_memory_release(void *address, size_t size)
{
    pthread_mutex_lock(&guard);
    struct reservation *r = reservation_of(address, size);
    if (r == NULL || r->address != address || r->size != size) {
        ground_broken("nt_memory_release(%p, %zu) is not a whole reservation", address, size);
    }
    for (size_t page = 0; page < size / PAGE; page++) {
        committed_bytes -= r->committed[page] ? PAGE : 0;
    }
    munmap(r->committed, page_map_size(size));
    munmap(address, size);
    memset(r, 0, sizeof(*r));
    reserved_bytes -= size;
    pthread_mutex_unlock(&guard);
}

size_t ground_reserved_bytes(void)
{
    pthread_mutex_lock(&guard);
    size_t bytes = reserved_bytes;
    pthread_mutex_unlock(&guard);
    return bytes;
}

size_t ground_committed_bytes(void)
{
    pthread_mutex_lock(&guard);
    size_t bytes = committed_bytes;
    pthread_mutex_unlock(&guard);
    return bytes;
}
