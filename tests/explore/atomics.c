// SPDX-License-Identifier: MIT
/*
 * What a compiler calls for each access to memory when it compiles for ThreadSanitizer. Here the calls come to the
 * explorer instead: nothing of the code under test is changed for that, and the memory orders come along.
 */
#include "machine.h"

#define HERE __builtin_return_address(0)

/* Every access that is atomic is a step. */
#define ATOMIC_STEP(what)                                                                                              \
    machine_step(what, address, HERE);                                                                                 \
    memory_accessed(address, sizeof(*address), true, HERE)

/* A read-modify-write is a full barrier, as on x86. */
#define WHOLE_STEP(what)                                                                                               \
    ATOMIC_STEP(what);                                                                                                 \
    if (machine.running)                                                                                               \
    buffers_flush(machine.current)

#define CHANGE(bits, name, expression)                                                                                 \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, uint##bits##_t value, int order);    \
    uint##bits##_t __tsan_atomic##bits##_##name(volatile uint##bits##_t *address, uint##bits##_t value, int order)     \
    {                                                                                                                  \
        WHOLE_STEP(#name);                                                                                             \
        (void)order;                                                                                                   \
        uint##bits##_t old = *address;                                                                                 \
        *address = (uint##bits##_t)(expression);                                                                       \
        return old;                                                                                                    \
    }

#define COMPARE(bits, kind, may_fail)                                                                                  \
    int __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *address, uint##bits##_t *expected,      \
                                                      uint##bits##_t value, int order, int failure);                   \
    int __tsan_atomic##bits##_compare_exchange_##kind(volatile uint##bits##_t *address, uint##bits##_t *expected,      \
                                                      uint##bits##_t value, int order, int failure)                    \
    {                                                                                                                  \
        WHOLE_STEP("compare_exchange");                                                                                \
        (void)order, (void)failure;                                                                                    \
        uint##bits##_t old = *address;                                                                                 \
        if (old == *expected && !((may_fail) && machine.running && machine.world.fails_weakly && choose_rarely(8))) {  \
            *address = value;                                                                                          \
            return 1;                                                                                                  \
        }                                                                                                              \
        *expected = old;                                                                                               \
        return 0;                                                                                                      \
    }

#define ATOMICS(bits)                                                                                                  \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address, int order);                      \
    uint##bits##_t __tsan_atomic##bits##_load(const volatile uint##bits##_t *address, int order)                       \
    {                                                                                                                  \
        ATOMIC_STEP("load");                                                                                           \
        (void)order;                                                                                                   \
        return (uint##bits##_t)buffers_load(address, bits / 8);                                                        \
    }                                                                                                                  \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, int order);               \
    void __tsan_atomic##bits##_store(volatile uint##bits##_t *address, uint##bits##_t value, int order)                \
    {                                                                                                                  \
        ATOMIC_STEP("store");                                                                                          \
        buffers_store(address, bits / 8, value, order, HERE);                                                          \
    }                                                                                                                  \
    CHANGE(bits, exchange, value)                                                                                      \
    CHANGE(bits, fetch_add, old + value)                                                                               \
    CHANGE(bits, fetch_sub, old - value)                                                                               \
    CHANGE(bits, fetch_and, old &value)                                                                                \
    CHANGE(bits, fetch_or, old | value)                                                                                \
    CHANGE(bits, fetch_xor, old ^ value)                                                                               \
    COMPARE(bits, strong, false)                                                                                       \
    COMPARE(bits, weak, true)

ATOMICS(8)
ATOMICS(16)
ATOMICS(32)
ATOMICS(64)

void __tsan_atomic_thread_fence(int order);
void __tsan_atomic_thread_fence(int order)
{
    machine_step("fence", NULL, HERE);
    if (machine.running && order == __ATOMIC_SEQ_CST)
        buffers_flush(machine.current);
}

/* ---- accesses that are not atomic: no step, as nobody else may look at what they touch ----------- */

static inline void plain(void *address, size_t size, const void *place)
{
    if (machine.running && machine.current->buffered_count)
        buffers_bypass(address, size);
    memory_accessed(address, size, false, place);
}

#define PLAIN(name, size)                                                                                              \
    void __tsan_##name(void *address);                                                                                 \
    void __tsan_##name(void *address)                                                                                  \
    {                                                                                                                  \
        plain(address, size, HERE);                                                                                    \
    }
#define PLAINS(size)                                                                                                   \
    PLAIN(read##size, size)                                                                                            \
    PLAIN(write##size, size)                                                                                           \
    PLAIN(unaligned_read##size, size)                                                                                  \
    PLAIN(unaligned_write##size, size)

PLAINS(1)
PLAINS(2)
PLAINS(4)
PLAINS(8)
PLAINS(16)

#define RANGE(name)                                                                                                    \
    void __tsan_##name(void *address, size_t size);                                                                    \
    void __tsan_##name(void *address, size_t size)                                                                     \
    {                                                                                                                  \
        for (size_t done = 0; done < size; done += 16)                                                                 \
            plain((char *)address + done, size - done < 16 ? size - done : 16, HERE);                                  \
    }

RANGE(read_range)
RANGE(write_range)
