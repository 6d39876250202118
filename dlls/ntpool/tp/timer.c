// SPDX-License-Identifier: MIT
#include "sched/keeper.h"
#include "tp/environ.h"
#include "tp/instance.h"
#include "tp/system.h"
#include "tp/timer.h"
#include "tp/verifier.h"

/* Everything behind object is guarded by the deadlines' lock. */
struct tp_timer {
    struct tp_object object;
    struct sched_timer deadline;
    uint64_t due;            /* of the next tick, before its window was used; on nt_time_now()'s clock when periodic */
    uint32_t period, window; /* ms */
    bool is_set;
    bool is_retired; /* being closed: cannot be armed any more */
};

struct tp_due tp_due_from(const void *due)
{
    struct tp_due result = {.passed = true};
    int64_t value;

    __builtin_memcpy(&value, due, sizeof(value));
    if (value < 0) {
        uint64_t now = nt_time_now(), distance = UINT64_C(0) - (uint64_t)value;
        result.at = now + distance < now ? NT_FOREVER - 1 : now + distance;
        result.passed = false;
    } else if (value > 0) {
        result.at = (uint64_t)value;
        result.system = true;
        result.passed = result.at <= nt_system_time();
    }
    return result;
}

static uint64_t period_of(const struct tp_timer *timer)
{
    return timer->period * NT_MILLISECOND;
}

static uint64_t deadline_of(const struct tp_timer *timer)
{
    return sched_coalesce(timer->due, timer->window * NT_MILLISECOND);
}

static struct sched_pool *timer_expired(struct sched_timer *deadline, uint64_t now, uint64_t *next)
{
    struct tp_timer *timer = nt_container(deadline, struct tp_timer, deadline);

    if (timer->period) {
        /* After an absolute first due time, periods are measured as elapsed time (TMR-018). */
        if (deadline->deadline.system)
            timer->due = now = nt_time_now();
        /* From the due time, not from now, so that the rate does not drift; but what was missed is not made up for
         * in a burst (TMR-016, TMR-017). */
        timer->due += period_of(timer);
        if (timer->due < now)
            timer->due = now;
        *next = deadline_of(timer);
    }
    return tp_object_post_quietly(&timer->object);
}

/* The lock is held. True: it has to be posted at once, too. */
static bool arm(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window)
{
    struct tp_due at = tp_due_from(due);

    timer->period = period;
    timer->window = window;
    if (at.passed) {
        if (period) {
            timer->due = nt_time_now() + period_of(timer);
            sched_timer_arm(&timer->deadline, deadline_of(timer), false);
        }
        return true;
    }
    timer->due = at.at;
    sched_timer_arm(&timer->deadline, deadline_of(timer), at.system);
    return false;
}

static bool set(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window, bool recall)
{
    struct tp_object *object = &timer->object;
    bool was_set, withdrawn, post = false;
    uint32_t recalled = 0;

    tp_object_bring_library(object);
    sched_timers_lock();
    was_set = timer->is_set;
    sched_timer_disarm(&timer->deadline);
    if (recall && was_set)
        recalled = sched_cancel(&object->task);
    withdrawn = was_set && sched_running(&object->task) == 0;
    timer->is_set = due != NULL;
    if (due && !timer->is_retired)
        post = arm(timer, due, period, window);
    struct sched_pool *pool = object->task.pool;
    if (post)
        sched_post_quietly(&object->task);
    sched_timers_unlock();

    if (post)
        sched_pool_notify(pool);
    else
        tp_object_return_library(object, 1);
    tp_object_return_library(object, recalled);
    return withdrawn;
}

static void timer_run(struct sched_task *task, struct sched_worker *worker)
{
    struct tp_timer *timer = nt_container(task, struct tp_timer, object.task);
    struct tp_instance instance;

    if (nt_unlikely(tp_object_is_finalized(&timer->object))) {
        tp_object_run_finalization(&timer->object, worker);
        return;
    }
    if (nt_unlikely(!tp_instance_begin(&instance, &timer->object, worker)))
        return;
    ((tp_timer_callback *)timer->object.callback)(&instance, timer->object.context, timer);
    tp_instance_end(&instance);
}

static void timer_quiesce(struct tp_object *object)
{
    struct tp_timer *timer = nt_container(object, struct tp_timer, object);

    sched_timers_lock();
    timer->is_retired = true;
    sched_timer_disarm(&timer->deadline);
    sched_timers_unlock();
}

static void timer_dispose(struct tp_object *object)
{
    (void)object;
    sched_timer_unreserve();
}

static struct slab_cache timers = {.kind = SLAB_TIMER, .size = SLAB_SIZE_OF(struct tp_timer)};

static const struct tp_kind timer_kind = {
    .class = {.run = timer_run, .counter = TP_COUNT_TIMER, .closed = tp_object_closed},
    .cache = &timers,
    .quiesce = timer_quiesce,
    .cancel = tp_object_cancel,
    .dispose = timer_dispose,
};

nt_status tp_timer_create(struct tp_timer **timer, tp_timer_callback *callback, void *context,
                          const struct tp_environ *environ)
{
    void *object;
    nt_status status;

    if (nt_unlikely(tp_environ_home(environ) != TP_OURS))
        return tp_create_elsewhere("TpAllocTimer", (void **)timer, (void *)callback, context, environ);
    status = sched_timer_reserve();
    if (status < 0)
        return status;
    status = tp_object_create(&timer_kind, (void *)callback, context, environ, &object);
    if (status < 0) {
        sched_timer_unreserve();
        return status;
    }
    struct tp_timer *created = object;
    created->deadline.expired = timer_expired;
    tp_object_publish(&created->object);
    *timer = created;
    return NT_SUCCESS;
}

void tp_timer_set(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window)
{
    TP_OURS_OR_RETURN(timer, SLAB_TIMER, "TpSetTimer", (void *, const void *, uint32_t, uint32_t), timer, due, period,
                      window);
    if (!nt_process_is_exiting())
        set(timer, due, period, window, false);
}

bool tp_timer_set_ex(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window)
{
    TP_OURS_OR_RETURN_VALUE(timer, SLAB_TIMER, "TpSetTimerEx", int32_t, false,
                            (void *, const void *, uint32_t, uint32_t), timer, due, period, window);
    return !nt_process_is_exiting() && set(timer, due, period, window, true);
}

bool tp_timer_is_set(struct tp_timer *timer)
{
    TP_OURS_OR_RETURN_VALUE(timer, SLAB_TIMER, "TpIsTimerSet", int32_t, false, (void *), timer);
    sched_timers_lock();
    bool is_set = timer->is_set;
    sched_timers_unlock();
    return is_set;
}

void tp_timer_wait(struct tp_timer *timer, bool cancel)
{
    TP_OURS_OR_RETURN(timer, SLAB_TIMER, "TpWaitForTimer", (void *, int32_t), timer, cancel);
    if (nt_process_is_exiting())
        return;
    tp_check_wait("TpWaitForTimer", &timer->object.task);
    tp_object_wait(&timer->object, cancel);
}

void tp_timer_close(struct tp_timer *timer)
{
    TP_OURS_OR_RETURN(timer, SLAB_TIMER, "TpReleaseTimer", (void *), timer);
    if (!nt_process_is_exiting())
        tp_object_close(&timer->object);
}
