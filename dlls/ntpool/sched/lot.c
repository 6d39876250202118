// SPDX-License-Identifier: MIT
#include "sched/lot.h"

/* How long a thread sleeps for which there is no record. */
#define NAP NT_MILLISECOND

/*
 * A thread that waits. Not on its stack: TerminateThread frees a stack and tells nobody, and the next to walk the queue
 * would read, and write, what has become of it. The record of who was terminated is found, taken out of the queue and
 * unparked in vain like any other; it is lost then, since only its owner gives it back.
 */
struct lot_waiter {
    struct lot_waiter *next;
    const volatile void *address;
    bool queued; /* guarded by the bucket's lock */
    struct nt_parker parker;
};

enum { OWN_WAITERS = 4, MORE_WAITERS_SIZE = 4096, MORE_WAITERS = MORE_WAITERS_SIZE / sizeof(struct lot_waiter) };

struct lot_bucket {
    _Alignas(64) _Atomic uint32_t locked; /* guards what follows, but spare and the records */
    uint32_t own_used;                    /* records of own that were ever handed out */
    struct lot_waiter *first, *last;      /* the queue */
    /* Records that nobody uses. Anybody adds; only who holds the lock takes one, so what is first stays there or gets
     * something before it until it is taken. Kept for good: as many as ever waited here at a time. */
    struct lot_waiter *_Atomic spare;
    struct lot_waiter own[OWN_WAITERS];
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

/* first to last are linked. Release: whoever takes one finds it as its last user left it. */
static void add_spare(struct lot_bucket *bucket, struct lot_waiter *first, struct lot_waiter *last)
{
    struct lot_waiter *spare = atomic_load_explicit(&bucket->spare, memory_order_relaxed);

    do {
        last->next = spare;
    } while (!atomic_compare_exchange_weak_explicit(&bucket->spare, &spare, first, memory_order_release,
                                                    memory_order_relaxed));
}

/* The lock is held, and as long as it is, this stays true. */
static bool has_spare(struct lot_bucket *bucket)
{
    return bucket->own_used < OWN_WAITERS || atomic_load_explicit(&bucket->spare, memory_order_relaxed);
}

/* The lock is held. NULL: there is none. */
static struct lot_waiter *take_spare(struct lot_bucket *bucket)
{
    struct lot_waiter *spare = atomic_load_explicit(&bucket->spare, memory_order_acquire);

    while (spare && !atomic_compare_exchange_weak_explicit(&bucket->spare, &spare, spare->next, memory_order_acquire,
                                                           memory_order_acquire))
        ;
    if (!spare && bucket->own_used < OWN_WAITERS)
        spare = &bucket->own[bucket->own_used++];
    return spare;
}

/* Pages of our own: whoever allocates items in slabs may have to wait for a lock, and so would be here again. */
static bool make_more_spare(struct lot_bucket *bucket)
{
    struct lot_waiter *made = nt_memory_reserve(MORE_WAITERS_SIZE, MORE_WAITERS_SIZE);

    if (!made)
        return false;
    if (!nt_memory_commit(made, MORE_WAITERS_SIZE)) {
        nt_memory_release(made, MORE_WAITERS_SIZE);
        return false;
    }
    for (unsigned i = 0; i + 1 < MORE_WAITERS; i++)
        made[i].next = &made[i + 1];
    add_spare(bucket, made, &made[MORE_WAITERS - 1]);
    return true;
}

/* Without a record nobody can wake us: a short sleep, and a spurious wake. */
static bool nap(uint64_t deadline)
{
    uint64_t now = nt_time_now(), until = deadline < now + NAP ? deadline : now + NAP;
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_park(&parker, until);
    return until != deadline;
}

static void queue_up(struct lot_bucket *bucket, struct lot_waiter *self, const volatile void *address)
{
    self->next = NULL;
    self->address = address;
    self->queued = true;
    nt_parker_init(&self->parker);
    if (bucket->last)
        bucket->last->next = self;
    else
        bucket->first = self;
    bucket->last = self;
}

bool sched_lot_wait(const volatile void *address, bool (*must_wait)(void *argument), void *argument, uint64_t deadline)
{
    struct lot_bucket *bucket = bucket_of(address);
    bool may_be_more = true, timed_out = false;

    bucket_lock(bucket);
    while (!has_spare(bucket) && may_be_more) {
        bucket_unlock(bucket);
        may_be_more = make_more_spare(bucket);
        bucket_lock(bucket);
    }
    bool waits = must_wait(argument);
    struct lot_waiter *self = waits ? take_spare(bucket) : NULL;
    if (self)
        queue_up(bucket, self, address);
    bucket_unlock(bucket);
    if (!waits)
        return true;
    if (!self)
        return nap(deadline);
    if (!nt_park(&self->parker, deadline)) {
        bucket_lock(bucket);
        timed_out = self->queued;
        if (timed_out)
            bucket_remove(bucket, self);
        bucket_unlock(bucket);
        if (!timed_out)
            nt_park(&self->parker, NT_FOREVER); /* a waker has us in hand: its token must arrive before we go */
    }
    add_spare(bucket, self, self);
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
        woken = waiter->next; /* once unparked, the record may be another's */
        nt_unpark(&waiter->parker);
    }
}
