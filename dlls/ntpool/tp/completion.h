// SPDX-License-Identifier: MIT
/*
 * Completions between the poller and their callbacks, and how the port's keys name their owners. A key carries the
 * owner's address and a generation, so that a completion that comes after its owner is gone reaches nobody.
 */
#ifndef NTPOOL_TP_COMPLETION_H
#define NTPOOL_TP_COMPLETION_H

#include "sched/pool.h"

struct tp_completion {
    struct slab_item item;
    struct tp_completion *next;
    void *overlapped;
    nt_status status;
    uintptr_t information;
};

/** Waits for memory if it must: a completion that was taken off the port cannot be refused. */
struct tp_completion *tp_completion_copy(const struct nt_completion *completion);
void tp_completion_free(struct tp_completion *completion);

uint16_t tp_key_generation(void);
uint64_t tp_key_make(const void *owner, uint16_t generation);
void *tp_key_owner(uint64_t key);
uint16_t tp_key_generation_of(uint64_t key);

/** The poller's deliver: sends a completion to the I/O object or the binding that its key names. */
struct sched_pool *tp_deliver(const struct nt_completion *completion);
struct sched_pool *tp_io_deliver(const struct nt_completion *completion);
struct sched_pool *tp_binding_deliver(const struct nt_completion *completion);

#endif
