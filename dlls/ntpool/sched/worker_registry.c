// SPDX-License-Identifier: MIT
/* Which worker is the calling thread? Asked only on slow paths, so that no thread-local storage is needed. */
#include "sched/worker.h"

enum { BUCKETS = 64 };

static struct sched_lock registry_lock; /* guards all below and the links between the workers in a bucket */
static struct sched_worker *registry[BUCKETS];
static uint64_t counters_of_the_gone[SCHED_COUNTERS];

static struct sched_worker **bucket_of(uint32_t thread)
{
    return &registry[(thread >> 2) % BUCKETS];
}

void sched_registry_add(struct sched_worker *worker)
{
    struct sched_worker **bucket = bucket_of(worker->thread);

    sched_lock_acquire(&registry_lock);
    worker->next_by_thread = *bucket;
    *bucket = worker;
    sched_lock_release(&registry_lock);
}

void sched_registry_remove(struct sched_worker *worker)
{
    sched_lock_acquire(&registry_lock);
    struct sched_worker **link = bucket_of(worker->thread);
    while (*link && *link != worker)
        link = &(*link)->next_by_thread;
    if (*link)
        *link = worker->next_by_thread;
    for (int i = 0; i < SCHED_COUNTERS; i++)
        counters_of_the_gone[i] += atomic_load_explicit(&worker->counters[i], memory_order_relaxed);
    sched_lock_release(&registry_lock);
}

struct sched_worker *sched_worker_current(void)
{
    uint32_t thread = nt_thread_id();

    sched_lock_acquire(&registry_lock);
    struct sched_worker *worker = *bucket_of(thread);
    while (worker && worker->thread != thread)
        worker = worker->next_by_thread;
    sched_lock_release(&registry_lock);
    return worker && worker->pool ? worker : NULL;
}

void sched_counters_read(uint64_t counters[SCHED_COUNTERS])
{
    sched_lock_acquire(&registry_lock);
    for (int i = 0; i < SCHED_COUNTERS; i++)
        counters[i] = counters_of_the_gone[i];
    for (int bucket = 0; bucket < BUCKETS; bucket++)
        for (struct sched_worker *worker = registry[bucket]; worker; worker = worker->next_by_thread)
            for (int i = 0; i < SCHED_COUNTERS; i++)
                counters[i] += atomic_load_explicit(&worker->counters[i], memory_order_relaxed);
    sched_lock_release(&registry_lock);
}
