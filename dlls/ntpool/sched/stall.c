// SPDX-License-Identifier: MIT
/*
 * Stalls: work stays queued while as many workers as wanted are busy. Nothing tells us whether their callbacks compute
 * or block; evidence.c finds out, and this decides what follows from it.
 *
 * First it ramps: while as many are in callbacks as should compute at once, and yet the processor on which the keeper
 * finds itself has nobody else to run, one of them blocks, and one more is wanted. That takes microseconds to tell, so
 * workers come as fast as threads can be made, until they keep the processors busy.
 *
 * From then on it compares processor times:
 *  - All processors stand idle: everybody blocks. More active workers are wanted, in steps that grow fourfold.
 *  - Some stand idle, and there are workers that used hardly any time: those block. More are wanted for them, in steps
 *    that double. Where no processor is idle, it takes longer to tell a worker that blocks from one that waits for its
 * turn.
 *  - No worker blocks, and some compute: fewer extra workers are wanted, down to none. Those that have become too many
 *    rest when their callbacks return.
 *
 * What is wanted beyond the usual number is the pool's extra. It lasts while there is work queued, so that a stream of
 * callbacks that block a while each keeps the workers that it has got. A worker that stays in one callback without
 * using a processor is presumed blocked besides, and does not count as active until that callback returns: so what is
 * posted to a pool whose workers have blocked for a while is served at once.
 *
 * All this can be wrong (other threads of the program may be the ones that compute, the machine may be full). So one
 * worker is added every BACKSTOP in which no callback ends, whatever the evidence says.
 *
 * Where higher priorities never run dry, lower ones would wait for good. So one worker is added for the oldest callback
 * of a lane that had work for as long as BACKSTOP and gave none.
 *
 * A backlog that is worked off within an evaluation is no stall, whoever blocks.
 */
#include "sched/claim.h"
#include "sched/evidence.h"
#include "sched/keeper.h"
#include "sched/worker.h"

#define BACKSTOP (100 * NT_MILLISECOND)

enum {
    ALL_IDLE_STEP = 4,  /* workers for each idle processor at first */
    SOME_IDLE_STEP = 2, /* workers for each blocked one at first */
    MOST_STEP = 256,
    BROUGHT_AT_ONCE = 8, /* the keeper has deadlines to look after in between */
    MOST_TASKS_LOOKED_AT = 64,
    MOST_RAMP_WAITS = 50,
    IDLE_LOOKS = 2, /* with nothing queued, before the watch ends */
};

/* A ramp gives way to whoever wants the processor; so long nobody may be waiting for the keeper. */
#define RAMP_TAKES (20 * NT_MILLISECOND)
/* How soon it looks again for the callbacks of those it has brought. */
#define RAMP_AGAIN (NT_MILLISECOND / 5)
/* How soon it looks again for a free processor, at first; then twice as long each time. */
#define RAMP_PAUSE      (2 * NT_MILLISECOND)
#define MOST_RAMP_PAUSE (64 * NT_MILLISECOND)

struct progress {
    uint64_t done;       /* callbacks that are over */
    unsigned in_between; /* workers neither parked nor in a callback: being started, or on the way to the next */
};

/* The pool's lock is held. */
static struct progress progress_of(struct sched_pool *pool)
{
    uint64_t state = pool_load_state(pool), taken = pool->taken_by_the_gone;
    unsigned awake = pool_total(state) - pool_idle(state), busy = 0;

    for (struct sched_worker *worker = pool->workers; worker; worker = worker->next) {
        taken += atomic_load_explicit(&worker->taken, memory_order_relaxed);
        busy += atomic_load_explicit(&worker->busy, memory_order_relaxed);
    }
    return (struct progress){.done = taken - busy, .in_between = awake > busy ? awake - busy : 0};
}

/* How many callbacks are queued; beyond limit it does not count. The pool's lock is held. */
static unsigned callbacks_queued(struct sched_pool *pool, unsigned limit)
{
    uint64_t queued = sched_claims_count(pool);
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

static bool add_worker(struct sched_pool *pool, bool presumed_blocked)
{
    uint64_t state = pool_load_state(pool), change;
    uint32_t reason = presumed_blocked ? BLOCKED_PRESUMED : 0;

    for (;;) {
        if (!sched_pool_can_grow(pool, state))
            return false;
        if (!presumed_blocked && pool_active(state) >= (int)pool_target(state))
            return false;
        bool parked = pool_idle(state) != 0;
        change = (presumed_blocked ? POOL_BLOCKED_ONE : 0) + (parked ? -POOL_IDLE_ONE : POOL_TOTAL_ONE);
        if (!pool_swap_state(pool, &state, state + change))
            continue;
        if (!parked)
            return sched_worker_start(pool, false, reason) >= 0;
        sched_worker_wake(pool, false, reason);
        return true;
    }
}

static void bring_owed(struct sched_pool *pool)
{
    struct sched_watch *watch = &pool->watch;

    for (unsigned i = 0; i < BROUGHT_AT_ONCE && watch->owed; i++)
        watch->owed = add_worker(pool, false) ? watch->owed - 1 : 0;
}

static void want_more(struct sched_pool *pool, unsigned wanted)
{
    uint32_t extra = atomic_load_explicit(&pool->extra, memory_order_relaxed) + wanted;
    uint32_t maximum = atomic_load_explicit(&pool->maximum, memory_order_relaxed);

    sched_pool_set_extra(pool, extra < maximum ? extra : maximum);
    pool->watch.owed = wanted;
    bring_owed(pool);
}

static void ramp_begin(struct sched_watch *watch, unsigned ramped)
{
    watch->ramp_look = 0;
    watch->ramp_pause = RAMP_PAUSE;
    watch->ramp_waits = 0;
    watch->ramped = ramped;
}

static void want_fewer(struct sched_pool *pool)
{
    sched_pool_set_extra(pool, atomic_load_explicit(&pool->extra, memory_order_relaxed) / 2);
}

/* The first look waits for everybody to be in a callback. Later ones let some be on their way, the more the more have
 * come and blocked; had the rest come to compute, there would be so many too many. */
static void ramp(struct sched_pool *pool, uint64_t now, struct progress progress, unsigned queued)
{
    struct sched_watch *watch = &pool->watch;
    unsigned most = watch->ramped ? sched_processors() + watch->ramped / 4 : 1;

    watch->ramp_look = NT_FOREVER;
    if (!queued || watch->owed || queued <= progress.done - watch->done_before ||
        !sched_pool_can_grow(pool, pool_load_state(pool)))
        return;
    if (progress.in_between >= most) {
        if (++watch->ramp_waits < MOST_RAMP_WAITS) /* a thread that starts may wait for the loader's lock */
            watch->ramp_look = now + RAMP_AGAIN;
    } else if (sched_processor_is_free()) {
        watch->ramp_waits = 0;
        watch->ramp_pause = RAMP_PAUSE;
        unsigned wanted = 1 + watch->ramped / 4;
        if (watch->ramped < SCHED_DEFAULT_MAXIMUM) /* where no threads are to be had, it would grow for good */
            watch->ramped += wanted;
        want_more(pool, wanted < queued ? wanted : queued);
        watch->ramp_look = now + RAMP_AGAIN;
    } else if (watch->ramp_pause < MOST_RAMP_PAUSE) {
        watch->ramp_look = now + watch->ramp_pause;
        watch->ramp_pause *= 2;
    }
}

/* What the evidence asks for; 0 when it asks for nothing. */
static unsigned workers_wanted(struct sched_pool *pool, uint64_t now, unsigned idle)
{
    struct sched_watch *watch = &pool->watch;
    unsigned wanted;
    /* One processor's clock alone may have moved for a moment that was over long ago. */
    bool some_idle = idle && watch->were_idle;

    watch->were_idle = idle;
    if (idle)
        ramp_begin(watch, watch->ramped);
    if (idle > 1 && idle >= sched_processors()) {
        sched_presume_lasting_blocked(pool);
        wanted = ALL_IDLE_STEP * watch->step * idle;
        watch->step = watch->step < MOST_STEP ? watch->step * 4 : MOST_STEP;
        return wanted;
    }
    bool in_doubt = idle || sched_pool_has_extra(pool);
    struct sched_evidence evidence =
        sched_look_at_workers(pool, now, some_idle, in_doubt ? sched_evaluation() : SCHED_LONG_EVALUATION);
    if (evidence.blocked && !some_idle)
        return SOME_IDLE_STEP * evidence.blocked;
    if (evidence.blocked) {
        wanted = SOME_IDLE_STEP * watch->step * evidence.blocked;
        watch->step = watch->step < MOST_STEP ? watch->step * 2 : MOST_STEP;
        return wanted;
    }
    if (evidence.computing) {
        watch->step = 1;
        want_fewer(pool);
    }
    return 0;
}

/* Begins with an empty hand: of what was before, nothing is known. */
static void begin_evaluation(struct sched_watch *watch, uint64_t now, uint64_t idle_time, uint64_t done)
{
    watch->evaluated = now;
    watch->idle = idle_time;
    watch->done = done;
    watch->ramped_before = watch->ramped;
}

static void evaluate(struct sched_pool *pool, uint64_t now, uint64_t done, unsigned queued)
{
    struct sched_watch *watch = &pool->watch;
    uint64_t ended = done - watch->done, idle_time = nt_system_idle_time();
    unsigned idle = sched_idle_processors(idle_time - watch->idle, now - watch->evaluated);
    unsigned wanted = 0;

    /* A ramp that succeeds knows better, and to look at each worker takes the keeper as long as to start some. */
    if (watch->ramped == watch->ramped_before)
        wanted = workers_wanted(pool, now, idle);
    else
        watch->were_idle = idle;
    if (!queued)
        want_fewer(pool);
    else if (wanted && queued > ended)
        want_more(pool, wanted < queued ? wanted : queued);
    begin_evaluation(watch, now, idle_time, done);
    sched_note_callbacks(pool);
}

void sched_stall_begin(struct sched_pool *pool, uint64_t now)
{
    struct sched_watch *watch = &pool->watch;

    watch->look = now + SCHED_WATCH_DELAY;
    watch->begun = watch->progressed = now;
    watch->evaluated = 0;
    watch->step = 1;
    for (int priority = 0; priority < SCHED_PRIORITIES; priority++)
        watch->lanes[priority].since = now;
    watch->owed = watch->idle_looks = watch->were_idle = 0;
    watch->done_before = 0;
    ramp_begin(watch, 0);
}

bool sched_stall_is_possible(struct sched_pool *pool)
{
    sched_lock_acquire(&pool->lock);
    bool queued = callbacks_queued(pool, 1) != 0;
    sched_lock_release(&pool->lock);
    /* At its maximum there is nothing to be done for it. Each of its workers looks at the lanes when it is through. */
    return queued && sched_pool_can_grow(pool, pool_load_state(pool));
}

/* With nothing queued, a pool is watched a little longer if all its workers are busy and none is known to block: then
 * it is better known when the next post comes. At its maximum it is watched while its callbacks come to an end, because
 * they may begin to compute; when they no longer do, all are presumed blocked, and the first to return resumes the
 * watch (sched_worker_unblock_all). */
static bool is_worth_watching(struct sched_pool *pool, uint64_t done, unsigned queued)
{
    uint64_t state = pool_load_state(pool);

    if (!queued)
        return pool_active(state) >= (int)sched_pool_base_target(pool) && pool->watch.idle_looks < IDLE_LOOKS;
    return sched_pool_can_grow(pool, state) ||
           (sched_pool_has_extra(pool) && (pool_active(state) > 0 || done != pool->watch.done));
}

/* Marks the lowest lane out of which nothing was taken for too long. The pool's lock is held, and its lanes' inboxes
 * are drained. */
static bool mark_starved(struct sched_pool *pool, uint64_t now)
{
    bool starves = false;

    for (int priority = SCHED_PRIORITIES - 1; priority > 0; priority--) {
        struct sched_lane *lane = &pool->lanes[priority];
        bool was_served = pool->watch.lanes[priority].taken != lane->taken || lane_is_empty(lane);
        if (!was_served && (starves || now - pool->watch.lanes[priority].since < BACKSTOP))
            continue;
        if (!was_served) {
            pool->starved = lane;
            starves = true;
        }
        pool->watch.lanes[priority].taken = lane->taken;
        pool->watch.lanes[priority].since = now;
    }
    return starves;
}

bool sched_stall_look(struct sched_pool *pool, uint64_t now, uint64_t free_until)
{
    struct sched_watch *watch = &pool->watch;

    bring_owed(pool);
    sched_lock_acquire(&pool->lock);
    struct progress progress = progress_of(pool);
    unsigned queued = callbacks_queued(pool, SCHED_DEFAULT_MAXIMUM);
    bool starves = sched_pool_can_grow(pool, pool_load_state(pool)) && mark_starved(pool, now);
    sched_lock_release(&pool->lock);

    if (!is_worth_watching(pool, progress.done, queued)) {
        if (!queued)
            sched_pool_set_extra(pool, 0);
        return false;
    }
    if (queued)
        watch->idle_looks = 0;
    if (!watch->evaluated) {
        watch->idle_looks += !queued;
        watch->done_before = progress.done;
        begin_evaluation(watch, now, nt_system_idle_time(), progress.done);
        sched_note_callbacks(pool);
    } else if (now - watch->evaluated >= sched_evaluation()) {
        watch->idle_looks += !queued;
        if (progress.done != watch->done)
            watch->progressed = now;
        evaluate(pool, now, progress.done, queued);
    }
    if (queued && now - watch->progressed >= BACKSTOP) {
        watch->progressed = now;
        add_worker(pool, true);
    } else if (starves) {
        add_worker(pool, true);
    }
    sched_pool_notify(pool); /* a thread that could not be had before may be had now */
    if (watch->ramp_look <= now && free_until >= now + RAMP_TAKES)
        ramp(pool, now, progress, queued);
    watch->look = watch->owed ? now : watch->evaluated + sched_evaluation();
    if (watch->ramp_look > now && watch->ramp_look < watch->look)
        watch->look = watch->ramp_look;
    return true;
}
