// SPDX-License-Identifier: MIT
#include "sched/evidence.h"
#include "sched/worker.h"

/* More are not looked at in one evaluation: reading a thread's time costs some system calls. */
enum { MOST_LOOKED_AT = 32 };

/* Who gives way and has company comes back at once now and then, but not so often in a row. */
enum { WAYS_GIVEN = 8 };
/* Longer than a system service that is at work for somebody, and shorter than any time slice of who computes. */
#define WAY_TAKEN (NT_MILLISECOND / 2)

struct reading {
    struct sched_worker *worker;
    uint32_t thread;
    bool is_known;
    uint64_t cpu;
    uint64_t elapsed; /* since the worker was seen before; 0 if it was not */
    uint64_t used;    /* processor time since then */
};

struct readings {
    unsigned count;
    struct reading of[MOST_LOOKED_AT];
};

uint64_t sched_evaluation(void)
{
    uint64_t step = nt_cpu_time_step();

    return step + step / 5 > SCHED_EVALUATION ? step + step / 5 : SCHED_EVALUATION;
}

bool sched_processor_is_free(void)
{
    uint64_t before = nt_time_now();

    for (int i = 0; i < WAYS_GIVEN; i++) {
        nt_thread_yield();
        uint64_t after = nt_time_now();
        if (after - before > WAY_TAKEN)
            return false;
        before = after;
    }
    return true;
}

unsigned sched_idle_processors(uint64_t idle, uint64_t elapsed)
{
    return elapsed ? (unsigned)((2 * idle + elapsed) / (2 * elapsed)) : 0;
}

/* Acquire: then its thread's id is there to be read. */
static bool is_busy(struct sched_worker *worker)
{
    return atomic_load_explicit(&worker->busy, memory_order_acquire) &&
           !atomic_load_explicit(&worker->blocked, memory_order_relaxed);
}

static uint64_t callback_of(struct sched_worker *worker)
{
    return atomic_load_explicit(&worker->taken, memory_order_relaxed);
}

static bool was_seen(struct sched_worker *worker, uint64_t since)
{
    return worker->seen.at >= since;
}

static void choose(struct sched_pool *pool, uint64_t now, uint64_t patience, struct readings *readings)
{
    readings->count = 0;
    sched_lock_acquire(&pool->lock);
    for (struct sched_worker *worker = pool->workers; worker && readings->count < MOST_LOOKED_AT; worker = worker->next)
        if (is_busy(worker) && (!was_seen(worker, pool->watch.begun) || now - worker->seen.at >= patience))
            readings->of[readings->count++] = (struct reading){.worker = worker, .thread = worker->thread};
    sched_lock_release(&pool->lock);
}

/* The worker that a reading is of may be gone meanwhile, and its record another's. */
static struct reading *reading_of(struct readings *readings, struct sched_worker *worker)
{
    for (unsigned i = 0; i < readings->count; i++)
        if (readings->of[i].worker == worker)
            return readings->of[i].thread == worker->thread && readings->of[i].is_known ? &readings->of[i] : NULL;
    return NULL;
}

/* What the workers used together. */
struct together {
    unsigned workers;
    uint64_t used;
};

static struct together compare(struct sched_pool *pool, struct readings *readings, uint64_t now)
{
    struct together together = {0};

    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next) {
        struct reading *reading = is_busy(worker) ? reading_of(readings, worker) : NULL;
        if (!reading)
            continue;
        if (!was_seen(worker, pool->watch.begun)) {
            worker->seen = (struct sched_sight){.callback = callback_of(worker), .cpu = reading->cpu, .at = now};
            continue;
        }
        reading->elapsed = now - worker->seen.at;
        reading->used = reading->cpu - worker->seen.cpu;
        together.workers++;
        together.used += reading->used;
    }
    return together;
}

enum verdict { UNKNOWN, BLOCKS, COMPUTES };

/* With idle processors, who used none did not want any. Without, who wants one gets some time sooner or later, like any
 * other thread of the machine. So a worker blocks that used far less than the pool's workers did on average, or if none
 * of them used any; the more there are, the more that says. */
static enum verdict judge(const struct reading *reading, const struct together *together, bool processors_are_idle)
{
    uint64_t step = nt_cpu_time_step();

    if (processors_are_idle && reading->used * 4 < reading->elapsed)
        return BLOCKS;
    if (processors_are_idle || reading->elapsed < SCHED_LONG_EVALUATION)
        return reading->used * 2 >= reading->elapsed ? COMPUTES : UNKNOWN;
    if (together->used < step)
        return BLOCKS;
    uint64_t average = together->used / together->workers;
    if (average < 2 * step)
        return UNKNOWN; /* too little for the clock to tell apart */
    return reading->used * 4 < average ? BLOCKS : COMPUTES;
}

struct sched_evidence sched_look_at_workers(struct sched_pool *pool, uint64_t now, bool processors_are_idle,
                                            uint64_t patience)
{
    struct sched_evidence evidence = {0};
    struct readings readings;

    choose(pool, now, patience, &readings);
    if (!readings.count)
        return evidence;
    for (unsigned i = 0; i < readings.count; i++)
        readings.of[i].is_known = nt_thread_cpu_time(readings.of[i].thread, &readings.of[i].cpu);

    sched_lock_acquire(&pool->lock);
    struct together together = compare(pool, &readings, now);
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next) {
        struct reading *reading = is_busy(worker) ? reading_of(&readings, worker) : NULL;
        enum verdict verdict = reading && reading->elapsed ? judge(reading, &together, processors_are_idle) : UNKNOWN;
        if (verdict == UNKNOWN)
            continue; /* what was seen is kept, to be compared over a longer time */
        evidence.blocked += verdict == BLOCKS;
        evidence.computing += verdict == COMPUTES;
        if (verdict == BLOCKS && worker->seen.callback == callback_of(worker))
            sched_worker_block(worker, BLOCKED_PRESUMED);
        worker->seen.at = now;
        worker->seen.cpu = reading->cpu;
    }
    sched_lock_release(&pool->lock);
    return evidence;
}

void sched_presume_lasting_blocked(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        if (is_busy(worker) && worker->seen.callback == callback_of(worker))
            sched_worker_block(worker, BLOCKED_PRESUMED);
    sched_lock_release(&pool->lock);
}

void sched_note_callbacks(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        worker->seen.callback = is_busy(worker) ? callback_of(worker) : 0;
    sched_lock_release(&pool->lock);
}
