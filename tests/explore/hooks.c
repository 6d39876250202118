// SPDX-License-Identifier: MIT
/*
 * What else a compiler calls when it compiles for ThreadSanitizer, and says nothing about memory; and what nt_cpu_relax
 * becomes. The accesses themselves are in atomics.c.
 */
#include "machine.h"

void __tsan_init(void);
void __tsan_init(void)
{
}

void __tsan_func_entry(void *caller);
void __tsan_func_entry(void *caller)
{
    (void)caller;
}

void __tsan_func_exit(void);
void __tsan_func_exit(void)
{
}

void __tsan_atomic_signal_fence(int order);
void __tsan_atomic_signal_fence(int order)
{
    (void)order;
}

/* nt_cpu_relax, by way of relax.h. */
void explore_relax(void);
void explore_relax(void)
{
    machine_yield("relaxes", __builtin_return_address(0));
}
