// SPDX-License-Identifier: MIT
/* Which threads are in a callback, and what is known about each of these. Nothing here allocates or takes a lock. */
#include "watch.h"

enum { WATCHES = 512 };

static struct watch watches[WATCHES];

static unsigned home_of(uint32_t thread)
{
    return (thread >> 2) % WATCHES;
}

/* Only the thread itself writes its id into a place, so it cannot miss its own. */
static struct watch *find(uint32_t thread)
{
    for (unsigned i = 0; i < WATCHES; i++) {
        struct watch *watch = &watches[(home_of(thread) + i) % WATCHES];
        if (atomic_load_explicit(&watch->thread, memory_order_relaxed) == thread)
            return watch;
    }
    return NULL;
}

static struct watch *claim(uint32_t thread)
{
    for (unsigned i = 0; i < WATCHES; i++) {
        struct watch *watch = &watches[(home_of(thread) + i) % WATCHES];
        uint32_t nobody = 0;
        // Pairs with the release of the thread that had it before.
        if (atomic_compare_exchange_strong_explicit(&watch->thread, &nobody, thread, memory_order_acquire,
                                                    memory_order_relaxed))
            return watch;
    }
    return NULL;
}

struct watch *watch_current(void)
{
    struct watch *watch = find(nt_thread_id());

    return watch != NULL && watch->in_callback ? watch : NULL;
}

void nt_watch_initialize(void)
{
    thread_state_initialize();
}

void nt_watch_begin(const struct nt_watched *callback)
{
    struct watch *watch = find(nt_thread_id());

    if (watch == NULL)
        watch = claim(nt_thread_id());
    if (watch == NULL)
        return; // more threads than places: this one is not watched
    watch->callback = *callback;
    watch->section_count = 0;
    watch->mutex_count = 0;
    thread_state_read(&watch->before);
    lock_watch_module(callback->code);
    watch->in_callback = true;
}

bool nt_watch_end(struct nt_watched *callback, struct nt_leftovers *left)
{
    struct watch *watch = watch_current();
    struct thread_state now;

    if (watch == NULL)
        return false;
    watch->in_callback = false;
    *callback = watch->callback;
    left->found = 0;
    thread_state_read(&now);
    for (unsigned i = 0; i < NT_LEFTOVERS; i++) {
        left->before[i] = watch->before.of[i];
        left->now[i] = now.of[i];
        if ((now.known & watch->before.known & 1u << i) != 0 && now.of[i] != watch->before.of[i])
            left->found |= 1u << i;
    }
    lock_watch_end(watch, left);
    return true;
}

bool nt_watch_current(struct nt_watched *callback)
{
    const struct watch *watch = watch_current();

    if (watch == NULL)
        return false;
    *callback = watch->callback;
    return true;
}

void nt_watch_thread_ends(void)
{
    struct watch *watch = find(nt_thread_id());

    if (watch == NULL)
        return;
    watch->in_callback = false;
    atomic_store_explicit(&watch->thread, 0, memory_order_release);
}
