// SPDX-License-Identifier: MIT
#include "sched/lot.h"

struct lot_waiter {
    struct lot_waiter *next;
    const volatile void *address;
    bool queued; /* guarded by the bucket's lock */
    struct nt_parker parker;
};

struct lot_bucket {
    _Alignas(64) _Atomic uint32_t locked; /* guards first, last and the queue between them */
    struct lot_waiter *first, *last;
};

static struct lot_bucket buckets[64];

static struct lot_bucket *bucket_of(const volatile void *address)
{
    uint64_t bits = (uint64_t)(uintptr_t)address >> 3;

    return &buckets[(bits * UINT64_C(0x9E3779B97F4A7C15)) >> 58];
}

/* Held for a few instructions only, never across a call that can block. A holder that died with the process is
 * waited for no longer than it takes to notice that the process is exiting. */
static void bucket_lock(struct lot_bucket *bucket)
{
    for (unsigned spins = 0; atomic_exchange_explicit(&bucket->locked, 1, memory_order_acquire) != 0; spins++) {
        if (spins < 64) {
            nt_cpu_relax();
            continue;
        }
        if (nt_process_is_exiting())
            return;
        nt_thread_yield();
    }
}

static void bucket_unlock(struct lot_bucket *bucket)
{
    atomic_store_explicit(&bucket->locked, 0, memory_order_release);
}

static void bucket_remove(struct lot_bucket *bucket, struct lot_waiter *waiter)
{
    struct lot_waiter **link = &bucket->first;
    struct lot_waiter *before = NULL;

    while (*link != waiter) {
        before = *link;
        link = &before->next;
    }
    *link = waiter->next;
    if (bucket->last == waiter)
        bucket->last = before;
    waiter->queued = false;
}

bool sched_lot_wait(const volatile void *address, bool (*must_wait)(void *argument), void *argument, uint64_t deadline)
{
    struct lot_bucket *bucket = bucket_of(address);
    struct lot_waiter self = {.address = address, .queued = true};

    nt_parker_init(&self.parker);
    bucket_lock(bucket);
    if (!must_wait(argument)) {
        bucket_unlock(bucket);
        return true;
    }
    if (bucket->last)
        bucket->last->next = &self;
    else
        bucket->first = &self;
    bucket->last = &self;
    bucket_unlock(bucket);

    if (nt_park(&self.parker, deadline))
        return true;

    bucket_lock(bucket);
    bool timed_out = self.queued;
    if (timed_out)
        bucket_remove(bucket, &self);
    bucket_unlock(bucket);
    if (!timed_out)
        nt_park(&self.parker, NT_FOREVER); /* a waker has us in hand: its token must arrive before we go */
    return !timed_out;
}

void sched_lot_wake(const volatile void *address, unsigned count)
{
    struct lot_bucket *bucket = bucket_of(address);
    struct lot_waiter *woken = NULL, **end = &woken;

    bucket_lock(bucket);
    for (struct lot_waiter *waiter = bucket->first, *next; waiter && count; waiter = next) {
        next = waiter->next;
        if (waiter->address != address)
            continue;
        bucket_remove(bucket, waiter);
        waiter->next = NULL;
        *end = waiter;
        end = &waiter->next;
        count--;
    }
    bucket_unlock(bucket);

    while (woken) {
        struct lot_waiter *waiter = woken;
        woken = waiter->next; /* once unparked, the waiter's stack frame may be gone */
        nt_unpark(&waiter->parker);
    }
}
