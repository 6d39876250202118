// SPDX-License-Identifier: MIT
/*
 * Store buffers. A store that is not sequentially consistent may stay with its thread, which sees it itself, until that
 * thread makes a read-modify-write, a sequentially consistent store, a fence or a call of nt.h, or until it leaks out.
 * x86 lets them out in order; where the world reorders, as compilers may, only stores to one address keep theirs, and a
 * release store follows all that came before it.
 */
#include "machine.h"

#include <string.h>

/* In a search, what is held back is seen after so many steps. */
enum { HELD_STEPS = 120 };

static void write_memory(volatile void *address, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *(volatile uint8_t *)address = (uint8_t)value;
        break;
    case 2:
        *(volatile uint16_t *)address = (uint16_t)value;
        break;
    case 4:
        *(volatile uint32_t *)address = (uint32_t)value;
        break;
    default:
        *(volatile uint64_t *)address = value;
        break;
    }
}

static uint64_t read_memory(const volatile void *address, unsigned size)
{
    switch (size) {
    case 1:
        return *(const volatile uint8_t *)address;
    case 2:
        return *(const volatile uint16_t *)address;
    case 4:
        return *(const volatile uint32_t *)address;
    default:
        return *(const volatile uint64_t *)address;
    }
}

static bool overlap(const struct buffered *store, const volatile void *address, size_t size)
{
    return (const char *)store->address < (const char *)(uintptr_t)address + size &&
           (const char *)(uintptr_t)address < (const char *)store->address + store->size;
}

static void let_out(struct thread *thread, unsigned index)
{
    struct buffered *store = &thread->buffered[index];

    memory_accessed(store->address, store->size, true, store->place);
    write_memory(store->address, store->size, store->value);
    thread->buffered_count--;
    machine.buffered--;
    memmove(store, store + 1, (thread->buffered_count - index) * sizeof(*store));
}

void buffers_flush(struct thread *thread)
{
    while (thread && thread->buffered_count)
        let_out(thread, 0);
}

void buffers_flush_all(void)
{
    for (unsigned i = 0; i < machine.thread_count && machine.buffered; i++)
        buffers_flush(&machine.threads[i]);
}

static bool may_leave(const struct thread *thread, unsigned index)
{
    const struct buffered *store = &thread->buffered[index];

    if (index == 0)
        return true;
    if (!machine.world.reorders || store->release)
        return false;
    for (unsigned i = 0; i < index; i++)
        if (overlap(&thread->buffered[i], store->address, store->size))
            return false;
    return true;
}

void buffers_leak(void)
{
    for (unsigned i = 0; i < machine.thread_count; i++) {
        struct thread *thread = &machine.threads[i];
        if (!thread->buffered_count)
            continue;
        if (session->searches) {
            while (thread->buffered_count && machine.steps - thread->buffered[0].step > HELD_STEPS)
                let_out(thread, 0);
        } else if (choose_rarely(8)) {
            unsigned index = choose_number(thread->buffered_count);
            if (may_leave(thread, index))
                let_out(thread, index);
        }
    }
}

void buffers_store(volatile void *address, unsigned size, uint64_t value, int order, const void *place)
{
    struct thread *self = machine.current;

    if (!machine.running || !machine.world.holds_stores || order == __ATOMIC_SEQ_CST) {
        if (machine.running)
            buffers_flush(self);
        write_memory(address, size, value);
        return;
    }
    if (self->buffered_count == MOST_BUFFERED)
        let_out(self, 0);
    self->buffered[self->buffered_count++] = (struct buffered){
        .address = (void *)(uintptr_t)address,
        .value = value,
        .place = place,
        .step = machine.steps,
        .size = (uint8_t)size,
        .release = order == __ATOMIC_RELEASE,
    };
    machine.buffered++;
    if (!choose_to_hold())
        buffers_flush(self);
}

uint64_t buffers_load(const volatile void *address, unsigned size)
{
    struct thread *self = machine.running ? machine.current : NULL;

    for (unsigned i = self ? self->buffered_count : 0; i > 0; i--) {
        const struct buffered *store = &self->buffered[i - 1];
        if (store->address == (const void *)(uintptr_t)address && store->size == size)
            return store->value;
        if (overlap(store, address, size)) {
            buffers_flush(self);
            break;
        }
    }
    return read_memory(address, size);
}

void buffers_bypass(const volatile void *address, size_t size)
{
    struct thread *self = machine.current;

    for (unsigned i = 0; i < self->buffered_count; i++)
        if (overlap(&self->buffered[i], address, size)) {
            buffers_flush(self);
            return;
        }
}
