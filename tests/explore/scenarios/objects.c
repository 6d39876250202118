// SPDX-License-Identifier: MIT
/* Timers, waits and I/O of tp/, each at the moment at which two things happen to it. */
#include "pool_of.h"
#include "posix_ground.h"
#include "sched/pool.h"
#include "tp/instance.h"
#include "tp/io.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

static struct tp_pool *pool;
static struct tp_environ environ;
static _Atomic unsigned calls, timeouts;

static void sleep_for(uint64_t duration)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_park(&parker, nt_time_now() + duration);
}

/* Until everything has happened that is due by then. */
static void settle_after(uint64_t duration)
{
    sleep_for(duration);
    explore_settle();
}

static const int64_t in_a_millisecond = -(int64_t)NT_MILLISECOND, in_an_hour = -3600 * (int64_t)NT_SECOND, at_once;

/* ---- timers ------------------------------------------------------------------------------------- */

static struct tp_timer *timer;

static void tick(struct tp_instance *instance, void *context, struct tp_timer *self)
{
    (void)instance, (void)context, (void)self;
    atomic_fetch_add(&calls, 1);
}

static void make_timer(void)
{
    environ = environ_of(&pool, 1 + explore_pick(2));
    explore_check(tp_timer_create(&timer, tick, NULL, &environ) >= 0);
}

static void set_again(void *unused)
{
    (void)unused;
    sleep_for(explore_pick(2) ? NT_MILLISECOND : 2 * NT_MILLISECOND);
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
}

/* Set twice, it fires once or twice, and is not forgotten. */
SCENARIO(a_timer_is_set_again_when_it_fires, .time_passes = true)
{
    make_timer();
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
    unsigned thread = explore_start(set_again, NULL);
    explore_join(thread);
    unsigned before = atomic_load(&calls);
    settle_after(50 * NT_MILLISECOND);
    tp_timer_wait(timer, false);
    explore_check(atomic_load(&calls) >= 1 && atomic_load(&calls) <= 2 && before <= 1 + atomic_load(&calls));
    tp_timer_close(timer);
    tp_pool_close(pool);
}

static void check_no_more_calls(void)
{
    unsigned seen = atomic_load(&calls);

    settle_after(50 * NT_MILLISECOND);
    explore_check_equal(atomic_load(&calls), seen);
}

SCENARIO(a_periodic_timer_is_stopped_when_it_fires, .time_passes = true)
{
    make_timer();
    tp_timer_set(timer, &in_a_millisecond, 1, 0);
    sleep_for((1 + explore_pick(3)) * NT_MILLISECOND);
    tp_timer_set(timer, NULL, 0, 0);
    tp_timer_wait(timer, true);
    check_no_more_calls();
    tp_timer_close(timer);
    tp_pool_close(pool);
}

/* What SetThreadpoolTimerEx says is so. */
SCENARIO(a_timer_that_was_withdrawn_does_not_fire, .time_passes = true)
{
    make_timer();
    tp_timer_set(timer, explore_pick(2) ? &in_a_millisecond : &at_once, 0, 0);
    sleep_for(NT_MILLISECOND);
    unsigned before = atomic_load(&calls);
    bool withdrawn = tp_timer_set_ex(timer, NULL, 0, 0);
    if (withdrawn)
        explore_check(atomic_load(&calls) <= 1);
    settle_after(50 * NT_MILLISECOND);
    explore_check(before <= atomic_load(&calls) && atomic_load(&calls) <= 1);
    explore_check(withdrawn || atomic_load(&calls) == 1);
    tp_timer_close(timer);
    tp_pool_close(pool);
}

SCENARIO(a_timer_is_closed_when_it_fires, .time_passes = true)
{
    make_timer();
    unsigned period = explore_pick(2);
    tp_timer_set(timer, &in_a_millisecond, period, 0);
    sleep_for(NT_MILLISECOND);
    tp_timer_close(timer);
    tp_pool_close(pool);
    explore_settle();
    explore_check(period || atomic_load(&calls) <= 1);
    check_no_more_calls();
}

static void hear_simple(struct tp_instance *instance, void *context)
{
    (void)instance, (void)context;
    atomic_fetch_add(&timeouts, 1);
}

/* The keeper, or a worker, cannot be started once; it is tried again when something else happens. */
SCENARIO(a_timer_fires_though_a_thread_could_not_be_had, .time_passes = true)
{
    make_timer();
    ground_fail(GROUND_THREAD, 1 + explore_pick(3), 1);
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
    explore_check(tp_simple_post(hear_simple, NULL, &environ) >= 0);
    settle_after(50 * NT_MILLISECOND);
    settle_after(50 * NT_MILLISECOND); /* the keeper's next attempt may have been due behind the first */
    tp_timer_wait(timer, false);
    explore_check_equal(atomic_load(&calls), 1);
    explore_check_equal(atomic_load(&timeouts), 1);
    tp_timer_close(timer);
    tp_pool_close(pool);
}

/* ---- waits ---------------------------------------------------------------------------------------- */

static struct tp_wait *wait_object;
static nt_handle event;

static void hear(struct tp_instance *instance, void *context, struct tp_wait *self, uint32_t result)
{
    (void)instance, (void)context, (void)self;
    atomic_fetch_add(result == TP_WAIT_TIMED_OUT ? &timeouts : &calls, 1);
}

static void make_wait(void)
{
    environ = environ_of(&pool, 1 + explore_pick(2));
    event = ground_event_create(false, false);
    explore_check(tp_wait_create(&wait_object, hear, NULL, &environ) >= 0);
}

static void end_wait(void)
{
    nt_handle_close(event);
    tp_wait_close(wait_object);
    tp_pool_close(pool);
    explore_check_equal(ground_bad_handle_uses(), 0);
}

static void signal_event(void *unused)
{
    (void)unused;
    nt_event_set(event);
}

/* Either the callback comes or the signal is still there, and SetThreadpoolWaitEx knows which. */
SCENARIO(a_wait_is_unset_when_it_is_signalled)
{
    make_wait();
    tp_wait_set(wait_object, event, NULL);
    unsigned thread = explore_start(signal_event, NULL);
    bool cancelled = tp_wait_set_ex(wait_object, NULL, NULL, NULL);
    explore_join(thread);
    explore_settle();
    unsigned heard = atomic_load(&calls);
    explore_check(heard + ground_event_is_set(event) <= 1);
    explore_check_equal(heard, cancelled ? 0 : 1);
    end_wait();
}

SCENARIO(a_wait_is_set_again_when_it_is_signalled)
{
    make_wait();
    tp_wait_set(wait_object, event, NULL);
    unsigned thread = explore_start(signal_event, NULL);
    tp_wait_set(wait_object, event, NULL);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&calls), 1);
    explore_check(!ground_event_is_set(event));
    end_wait();
}

SCENARIO(a_wait_is_signalled_when_it_times_out, .time_passes = true)
{
    make_wait();
    tp_wait_set(wait_object, event, &in_a_millisecond);
    unsigned thread = explore_start(signal_event, NULL);
    explore_join(thread);
    settle_after(50 * NT_MILLISECOND);
    tp_wait_wait(wait_object, false);
    explore_check_equal(atomic_load(&calls) + atomic_load(&timeouts), 1);
    explore_check_equal(atomic_load(&timeouts), ground_event_is_set(event));
    end_wait();
}

SCENARIO(a_wait_is_closed_when_it_is_signalled)
{
    make_wait();
    tp_wait_set(wait_object, event, explore_pick(2) ? &in_an_hour : NULL);
    unsigned thread = explore_start(signal_event, NULL);
    tp_wait_close(wait_object);
    explore_join(thread);
    tp_pool_close(pool);
    explore_settle();
    explore_check_equal(atomic_load(&calls) + ground_event_is_set(event), 1);
    nt_handle_close(event);
    explore_check_equal(ground_bad_handle_uses(), 0);
}

static void signal_other(void *other)
{
    nt_event_set(*(nt_handle *)other);
}

SCENARIO(two_waits_share_a_thread)
{
    struct tp_wait *second;
    make_wait();
    nt_handle other = ground_event_create(false, false);
    explore_check(tp_wait_create(&second, hear, NULL, &environ) >= 0);
    tp_wait_set(wait_object, event, NULL);
    unsigned threads[] = {explore_start(signal_event, NULL), explore_start(signal_other, &other)};
    tp_wait_set(second, other, NULL);
    explore_join(threads[0]);
    explore_join(threads[1]);
    explore_settle();
    explore_check_equal(atomic_load(&calls), 2);
    tp_wait_close(second);
    nt_handle_close(other);
    end_wait();
}

/* So often that its thread begins to linger. */
SCENARIO(a_wait_is_set_and_unset_on_and_on, .time_passes = true)
{
    make_wait();
    for (unsigned i = 0; i < 8; i++) {
        tp_wait_set(wait_object, event, NULL);
        if (explore_pick(2))
            explore_settle();
        explore_check(tp_wait_set_ex(wait_object, NULL, NULL, NULL));
    }
    tp_wait_set(wait_object, event, NULL);
    unsigned thread = explore_start(signal_event, NULL);
    bool cancelled = tp_wait_set_ex(wait_object, NULL, NULL, NULL);
    explore_join(thread);
    settle_after(50 * NT_MILLISECOND);
    tp_wait_wait(wait_object, false);
    explore_check_equal(atomic_load(&calls), cancelled ? 0 : 1);
    explore_check(cancelled || !ground_event_is_set(event));
    end_wait();
}

/* ---- I/O ------------------------------------------------------------------------------------------ */

static nt_handle file;

static void done(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                 struct tp_io *self)
{
    (void)instance, (void)context, (void)self;
    explore_check_equal(result->information, (uintptr_t)apc_context);
    atomic_fetch_add(&calls, 1);
}

static void complete(void *number)
{
    ground_file_complete(file, number, NT_SUCCESS, (uintptr_t)number);
}

static struct tp_io *make_io(void)
{
    struct tp_io *io;

    environ = environ_of(&pool, 1 + explore_pick(2));
    file = ground_file_create();
    explore_check(tp_io_create(&io, file, done, NULL, &environ) >= 0);
    return io;
}

SCENARIO(an_operation_completes_when_its_object_is_closed, .keeps_waiters = true)
{
    struct tp_io *io = make_io();
    tp_io_start(io);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_close(io);
    explore_join(thread);
    complete((void *)2);
    tp_pool_close(pool);
    explore_settle();
    explore_check_equal(atomic_load(&calls), 2);
}

SCENARIO(an_operation_completes_when_it_is_given_up, .keeps_waiters = true)
{
    struct tp_io *io = make_io();
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_wait(io, true);
    unsigned seen = atomic_load(&calls);
    explore_join(thread);
    explore_settle();
    explore_check(seen <= 1);
    explore_check_equal(atomic_load(&calls), seen);
    tp_io_close(io);
    tp_pool_close(pool);
    explore_settle();
}

SCENARIO(all_operations_are_waited_for, .keeps_waiters = true)
{
    struct tp_io *io = make_io();
    tp_io_start(io);
    tp_io_start(io);
    unsigned threads[] = {explore_start(complete, (void *)1), explore_start(complete, (void *)2)};
    tp_io_wait(io, false);
    explore_check_equal(atomic_load(&calls), 2);
    explore_join(threads[0]);
    explore_join(threads[1]);
    tp_io_close(io);
    tp_pool_close(pool);
    explore_settle();
}
