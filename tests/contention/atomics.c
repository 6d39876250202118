// SPDX-License-Identifier: MIT
/*
 * What a compiler calls for each access to memory when it compiles for ThreadSanitizer, as in tests/explore. Here each
 * access is counted, and each atomic one is a step. Stores are seen at once.
 */
#include "count.h"
#include "machine.h"

#define HERE __builtin_return_address(0)

static void access_memory(const volatile void *address, size_t size, bool is_write, const void *place)
{
    memory_accessed(address, size, true, place);
    count_access(address, size, is_write);
}

static void change_memory(const volatile void *address, size_t size)
{
    machine_step("changes", address, HERE);
    memory_accessed(address, size, true, HERE);
    count_one(COUNT_CHANGES);
    if (count_access(address, size, true))
        count_one(COUNT_CONTENDED);
}

#define CHANGE(bits, name, expression)                                                                                 \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, uint##bits##_t value, int order);    \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, uint##bits##_t value, int order)     \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        change_memory(address, sizeof(*address));                                                                      \
        uint##bits##_t old = *address;                                                                                 \
        *address = (uint##bits##_t)(expression);                                                                       \
        return old;                                                                                                    \
    }

#define COMPARE(bits, kind)                                                                                            \
    int __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *address, uint##bits##_t *expected,      \
                                                      uint##bits##_t value, int order, int failure);                   \
    int __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *address, uint##bits##_t *expected,      \
                                                      uint##bits##_t value, int order, int failure)                    \
    {                                                                                                                  \
        (void)order, (void)failure;                                                                                    \
        change_memory(address, sizeof(*address));                                                                      \
        uint##bits##_t old = *address;                                                                                 \
        if (old == *expected) {                                                                                        \
            *address = value;                                                                                          \
            return 1;                                                                                                  \
        }                                                                                                              \
        count_one(COUNT_RETRIES);                                                                                      \
        *expected = old;                                                                                               \
        return 0;                                                                                                      \
    }

#define ATOMICS(bits)                                                                                                  \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address, int order);                      \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address, int order)                       \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        machine_step("load", address, HERE);                                                                           \
        access_memory(address, sizeof(*address), false, HERE);                                                         \
        return *address;                                                                                               \
    }                                                                                                                  \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, int order);               \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, int order)                \
    {                                                                                                                  \
        (void)order;                                                                                                   \
        machine_step("store", address, HERE);                                                                          \
        access_memory(address, sizeof(*address), true, HERE);                                                          \
        *address = value;                                                                                              \
    }                                                                                                                  \
    CHANGE(bits, exchange, value)                                                                                      \
    CHANGE(bits, fetch_add, old + value)                                                                               \
    CHANGE(bits, fetch_sub, old - value)                                                                               \
    CHANGE(bits, fetch_and, old &value)                                                                                \
    CHANGE(bits, fetch_or, old | value)                                                                                \
    CHANGE(bits, fetch_xor, old ^ value)                                                                               \
    COMPARE(bits, strong)                                                                                              \
    COMPARE(bits, weak)

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    (void)order;
    machine_step("fence", NULL, HERE);
}

#define PLAIN(name, size, is_write)                                                                                    \
    void __tsan_##name(void *address);                                                                                 \
    void __tsan_##name(void *address)                                                                                  \
    {                                                                                                                  \
        access_memory(address, size, is_write, HERE);                                                                  \
    }
#define PLAINS(size)                                                                                                   \
    PLAIN(read##size, size, false)                                                                                     \
    PLAIN(write##size, size, true)                                                                                     \
    PLAIN(unaligned_read##size, size, false)                                                                           \
    PLAIN(unaligned_write##size, size, true)

PLAINS(1)
PLAINS(2)
PLAINS(4)
PLAINS(8)
PLAINS(16)

#define RANGE(name, is_write)                                                                                          \
    void __tsan_##name(void *address, size_t size);                                                                    \
    void __tsan_##name(void *address, size_t size)                                                                     \
    {                                                                                                                  \
        for (size_t done = 0; done < size; done += 16)                                                                 \
            access_memory((char *)address + done, size - done < 16 ? size - done : 16, is_write, HERE);                \
    }

RANGE(read_range, false)
RANGE(write_range, true)

/* ---- nothing is held back ------------------------------------------------------------------------- */

void buffers_flush(struct thread *thread)
{
    (void)thread;
}

void buffers_leak(void)
{
}

void buffers_flush_all(void)
{
}
