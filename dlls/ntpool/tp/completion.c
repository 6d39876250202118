// SPDX-License-Identifier: MIT
#include "tp/completion.h"

enum { GENERATION_SHIFT = 48 };

static struct slab_cache completions = {.kind = SLAB_COMPLETION, .size = SLAB_SIZE_OF(struct tp_completion)};

struct tp_completion *tp_completion_copy(const struct nt_completion *completion)
{
    struct tp_completion *copy;

    while (!(copy = slab_alloc(&completions))) {
        struct nt_parker parker;
        nt_parker_init(&parker);
        nt_park(&parker, nt_time_now() + NT_MILLISECOND); /* callbacks that run now give theirs back */
    }
    copy->overlapped = completion->context;
    copy->status = completion->status;
    copy->information = completion->information;
    return copy;
}

void tp_completion_free(struct tp_completion *completion)
{
    slab_free(&completions, completion);
}

uint16_t tp_key_generation(void)
{
    static _Atomic uint16_t last;

    return (uint16_t)(atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1);
}

uint64_t tp_key_make(const void *owner, uint16_t generation)
{
    return (uint64_t)(uintptr_t)owner | (uint64_t)generation << GENERATION_SHIFT;
}

void *tp_key_owner(uint64_t key)
{
    return (void *)(uintptr_t)(key & ((UINT64_C(1) << GENERATION_SHIFT) - 1));
}

uint16_t tp_key_generation_of(uint64_t key)
{
    return (uint16_t)(key >> GENERATION_SHIFT);
}

struct sched_pool *tp_deliver(const struct nt_completion *completion)
{
    switch (slab_kind_of(tp_key_owner(completion->key))) {
    case SLAB_IO:
        return tp_io_deliver(completion);
    case SLAB_BINDING:
        return tp_binding_deliver(completion);
    default:
        return NULL; /* nobody of ours bound this */
    }
}
