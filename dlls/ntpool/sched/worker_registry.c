// SPDX-License-Identifier: MIT
/* Which worker is the calling thread? Asked only on slow paths, so that no thread-local storage is needed. */
#include "sched/worker.h"

static struct sched_lock registry_lock; /* guards all below and what worker.h says */
static struct sched_worker *registry[SCHED_REGISTRY_BUCKETS];
static uint64_t registrations;
static uint64_t counters_of_the_gone[SCHED_COUNTERS];

static struct sched_worker **bucket_of(uint32_t thread)
{
    return &registry[(thread >> 2) % SCHED_REGISTRY_BUCKETS];
}

/* The worker that is known by a thread's id. The lock is held. */
static struct sched_worker *find(uint32_t thread)
{
    struct sched_worker *worker = *bucket_of(thread);

    while (worker && (worker->thread != thread || worker->has_lost_its_id))
        worker = worker->next_by_thread;
    return worker;
}

/* An id that has a new bearer: whoever was known by it was terminated. The lock is held. */
static void take_id_from(struct sched_worker *worker)
{
    if (worker)
        worker->has_lost_its_id = true;
}

void sched_thread_begins(void)
{
    sched_lock_acquire(&registry_lock);
    take_id_from(find(nt_thread_id()));
    sched_lock_release(&registry_lock);
}

void sched_registry_add(struct sched_worker *worker)
{
    struct sched_worker **bucket = bucket_of(worker->thread);

    sched_lock_acquire(&registry_lock);
    take_id_from(find(worker->thread));
    worker->registration = ++registrations;
    worker->next_by_thread = *bucket;
    *bucket = worker;
    sched_lock_release(&registry_lock);
}

bool sched_registry_remove(uint32_t thread, uint64_t registration)
{
    sched_lock_acquire(&registry_lock);
    struct sched_worker **link = bucket_of(thread);
    while (*link && (*link)->registration != registration)
        link = &(*link)->next_by_thread;
    struct sched_worker *worker = *link;
    if (worker) {
        *link = worker->next_by_thread;
        for (int i = 0; i < SCHED_COUNTERS; i++)
            counters_of_the_gone[i] += atomic_load_explicit(&worker->counters[i], memory_order_relaxed);
    }
    sched_lock_release(&registry_lock);
    return worker != NULL;
}

void sched_registry_visit(unsigned bucket, void (*visit)(struct sched_worker *worker, void *argument), void *argument)
{
    sched_lock_acquire(&registry_lock);
    for (struct sched_worker *worker = registry[bucket]; worker; worker = worker->next_by_thread)
        visit(worker, argument);
    sched_lock_release(&registry_lock);
}

struct sched_worker *sched_worker_current(void)
{
    sched_lock_acquire(&registry_lock);
    struct sched_worker *worker = find(nt_thread_id());
    sched_lock_release(&registry_lock);
    return worker && worker->pool ? worker : NULL;
}

static void add_counters(struct sched_worker *worker, void *argument)
{
    uint64_t *counters = argument;

    for (int i = 0; i < SCHED_COUNTERS; i++)
        counters[i] += atomic_load_explicit(&worker->counters[i], memory_order_relaxed);
}

void sched_counters_read(uint64_t counters[SCHED_COUNTERS])
{
    sched_lock_acquire(&registry_lock);
    for (int i = 0; i < SCHED_COUNTERS; i++)
        counters[i] = counters_of_the_gone[i];
    for (int bucket = 0; bucket < SCHED_REGISTRY_BUCKETS; bucket++)
        for (struct sched_worker *worker = registry[bucket]; worker; worker = worker->next_by_thread)
            add_counters(worker, counters);
    sched_lock_release(&registry_lock);
}
