// SPDX-License-Identifier: MIT
/*
 * Stalls: work stays queued while as many workers as wanted are busy. Nothing tells us whether their callbacks compute
 * or block, so this looks at the processor time that the process as a whole uses meanwhile, and at whether processors
 * stand idle. The clocks of both are coarse: the truth lies within a tick of what they say.
 *
 *  - Certainly less than half of what the busy workers could have used, and there were idle processors: they block.
 *    Workers are added in growing steps, a step a look, until nothing is queued, or most of the time is used after all.
 *  - As little, but no processor was idle: they block, or the machine is busy with others and they do not get to
 * compute. One worker is added every UNCLEAR in which no callback ends.
 *  - Else they seem to compute, or others of the program do. One worker is added every BACKSTOP in which none ends.
 *
 * A busy worker that is passed over this way is presumed blocked and no longer counts as active, until its callback
 * returns. Added workers start out as presumed blocked, too: they are extra for one callback.
 */
#include "sched/keeper.h"
#include "sched/worker.h"

#define UNCLEAR  (50 * NT_MILLISECOND)
#define BACKSTOP (100 * NT_MILLISECOND)

/* Over how long the use of the processors is looked at. */
#define WINDOW (50 * NT_MILLISECOND)

enum { FIRST_STEP = 2, MOST_AT_ONCE = 16, MOST_TASKS_LOOKED_AT = 64 };

/* Callbacks that are over. The pool's lock is held. */
static uint64_t callbacks_done(struct sched_pool *pool)
{
    uint64_t done = pool->taken_by_the_gone;

    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next) {
        done += atomic_load_explicit(&worker->taken, memory_order_relaxed);
        done -= atomic_load_explicit(&worker->busy, memory_order_relaxed);
    }
    return done;
}

/* How many callbacks are queued; beyond limit it does not count. The pool's lock is held. */
static unsigned callbacks_queued(struct sched_pool *pool, unsigned limit)
{
    uint64_t queued = 0;
    int looked_at = 0;

    for (int priority = 0; priority < SCHED_PRIORITIES; priority++) {
        struct sched_lane *lane = &pool->lanes[priority];
        lane_drain_inbox(lane);
        struct sched_task *task = atomic_load_explicit(&lane->first, memory_order_relaxed);
        for (; task && queued < limit; task = atomic_load_explicit(&task->next, memory_order_relaxed)) {
            if (++looked_at > MOST_TASKS_LOOKED_AT)
                return limit; /* cancelled ones most likely; some worker will clear them away */
            queued += task_pending(atomic_load_explicit(&task->counts, memory_order_relaxed));
        }
    }
    return queued < limit ? (unsigned)queued : limit;
}

/* The pool's lock is held. */
static void presume_busy_blocked(struct sched_pool *pool)
{
    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next)
        if (!worker->is_parked && atomic_load_explicit(&worker->busy, memory_order_relaxed))
            sched_worker_block(worker, BLOCKED_PRESUMED);
}

static bool add_worker(struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool);

    for (;;) {
        if (!sched_pool_can_grow(pool, state))
            return false;
        bool parked = pool_idle(state) != 0;
        uint64_t change = parked ? POOL_BLOCKED_ONE - POOL_IDLE_ONE : POOL_BLOCKED_ONE + POOL_TOTAL_ONE;
        if (!pool_swap_state(pool, &state, state + change))
            continue;
        if (!parked)
            return sched_worker_start(pool, false, BLOCKED_PRESUMED) >= 0;
        sched_worker_wake(pool, false, BLOCKED_PRESUMED);
        return true;
    }
}

static void help_blocked(struct sched_pool *pool)
{
    struct sched_watch *watch = &pool->watch;

    sched_lock_acquire(&pool->lock);
    unsigned wanted = callbacks_queued(pool, watch->step);
    presume_busy_blocked(pool);
    sched_lock_release(&pool->lock);
    while (wanted && add_worker(pool))
        wanted--;
    if (watch->step < MOST_AT_ONCE)
        watch->step *= 2;
}

enum verdict { THEY_COMPUTE, THEY_BLOCK, UNCLEAR_WHICH };

static enum verdict judge(struct sched_pool *pool, uint64_t elapsed)
{
    struct sched_watch *watch = &pool->watch;
    uint64_t state = pool_load_state(pool), tick = nt_process_cpu_tick();
    unsigned busy = pool_total(state) - pool_idle(state), processors = sched_processors();
    uint64_t used = nt_process_cpu_time() - watch->cpu_at_since;
    uint64_t usable = elapsed * (busy < processors ? busy : processors);

    if (watch->blocked) {
        watch->blocked = used < tick || (used - tick) * 4 < usable * 3;
        return watch->blocked ? THEY_BLOCK : THEY_COMPUTE;
    }
    if ((used + tick) * 2 >= usable)
        return THEY_COMPUTE;
    watch->blocked = (nt_system_idle_time() - watch->idle_at_since) * 4 >= elapsed;
    return watch->blocked ? THEY_BLOCK : UNCLEAR_WHICH;
}

static void begin_window(struct sched_watch *watch, uint64_t now)
{
    watch->since = now;
    watch->cpu_at_since = nt_process_cpu_time();
    watch->idle_at_since = nt_system_idle_time();
}

void sched_stall_begin(struct sched_pool *pool, uint64_t now)
{
    sched_lock_acquire(&pool->lock);
    pool->watch.done = callbacks_done(pool);
    sched_lock_release(&pool->lock);
    begin_window(&pool->watch, now);
    pool->watch.helped = now;
    pool->watch.blocked = false;
    pool->watch.step = FIRST_STEP;
}

bool sched_stall_is_possible(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    bool queued = callbacks_queued(pool, 1) != 0;
    sched_lock_release(&pool->lock);
    /* At its maximum there is nothing to be done for it. Each of its workers looks at the lanes when it is through. */
    return queued && sched_pool_can_grow(pool, pool_load_state(pool));
}

bool sched_stall_look(struct sched_pool *pool, uint64_t now)
{
    struct sched_watch *watch = &pool->watch;

    sched_lock_acquire(&pool->lock);
    uint64_t done = callbacks_done(pool);
    sched_lock_release(&pool->lock);
    if (!sched_stall_is_possible(pool))
        return false;
    if (done != watch->done) {
        watch->done = done;
        watch->helped = now;
    }
    enum verdict verdict = judge(pool, now - watch->since);
    if (verdict == THEY_BLOCK) {
        watch->helped = now;
        help_blocked(pool);
    } else {
        watch->step = FIRST_STEP;
        if (now - watch->helped >= (verdict == UNCLEAR_WHICH ? UNCLEAR : BACKSTOP)) {
            watch->helped = now;
            add_worker(pool);
        }
    }
    if (now - watch->since >= WINDOW)
        begin_window(watch, now);
    sched_pool_notify(pool); /* a thread that could not be had before may be had now */
    return true;
}
