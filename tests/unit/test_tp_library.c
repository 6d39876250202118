// SPDX-License-Identifier: MIT
/* tp/: callbacks whose library cannot be held for the moment, because another thread is inside the loader. */
#include "tp_help.h"

#include "sched/keeper.h"
#include "tp/object.h"
#include "tp/timer.h"
#include "tp/wait.h"

static struct ground_library library = {1};
static struct unit_gate gate = UNIT_GATE;
static _Atomic unsigned calls;
static struct tp_timer *timer;
static struct tp_wait *wait;

static void pass_gate(void)
{
    check(unit_gate_pass(&gate));
}

static void ticked(struct tp_instance *instance, void *context, struct tp_timer *object)
{
    (void)instance, (void)context, (void)object;
    atomic_fetch_add(&calls, 1);
}

static void fired(struct tp_instance *instance, void *context, struct tp_wait *object, uint32_t result)
{
    (void)instance, (void)context, (void)object;
    check_equal(result, TP_WAIT_SIGNALLED);
    atomic_fetch_add(&calls, 1);
}

static bool is_waited_for(const void *object)
{
    const struct tp_object *common = object;

    return (atomic_load(&common->task.counts) & TASK_WAITED) != 0;
}

static struct tp_environ with_library(struct tp_pool *pool)
{
    struct tp_environ environ = in_pool(pool);

    environ.library = &library;
    return environ;
}

static void cancel_timer(void *object)
{
    tp_timer_wait(object, true);
}

static void cancel_wait(void *object)
{
    tp_wait_wait(object, true);
}

/* A worker has taken the callback and asks the loader; while it does, the callback is cancelled. */
static void cancel_while_the_loader_is_busy(void (*cancel)(void *), void *object)
{
    struct unit_thread canceller;

    require_soon(unit_gate_waiting(&gate) == 1);
    unit_thread_start(&canceller, cancel, object);
    require_soon(is_waited_for(object));
    unit_gate_open(&gate);
    unit_thread_join(&canceller);
    ground_when_loader_is_busy(NULL);
    ground_set_loader_busy(false);
}

/* Setting a timer brings a reference to its library for the case that it is due at once, and takes it back after. So
 * the timer comes due only when it has been set: a worker that finds the reference has nothing to ask the loader. */
static void make_due(struct tp_timer *object)
{
    const int64_t hour = 3600 * (int64_t)NT_SECOND;
    const int64_t due = (int64_t)nt_system_time() + hour;

    tp_timer_set(object, &due, 0, 0);
    ground_move_system_clock(2 * hour);
    sched_keeper_look_soon();
}

static void make_loader_busy(void)
{
    ground_when_loader_is_busy(pass_gate);
    ground_set_loader_busy(true);
}

TEST(a_timer_callback_that_waits_for_the_loader_can_be_cancelled)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = with_library(pool);
    const int64_t soon = -1;

    require(tp_timer_create(&timer, ticked, NULL, &environ) == NT_SUCCESS);
    make_loader_busy();
    make_due(timer);
    cancel_while_the_loader_is_busy(cancel_timer, timer);
    tp_timer_wait(timer, false);
    check_equal(atomic_load(&calls), 0);

    tp_timer_set(timer, &soon, 0, 0);
    check_soon(atomic_load(&calls) == 1);
    tp_timer_wait(timer, false);
    tp_timer_close(timer);
    check_soon(atomic_load(&library.references) == 1);
    end_pool(pool);
}

TEST(a_wait_callback_that_waits_for_the_loader_can_be_cancelled)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = with_library(pool);
    nt_handle event;

    require(nt_event_create(&event, false) == NT_SUCCESS);
    require(tp_wait_create(&wait, fired, NULL, &environ) == NT_SUCCESS);
    make_loader_busy();
    tp_wait_set(wait, event, NULL);
    nt_event_set(event);
    cancel_while_the_loader_is_busy(cancel_wait, wait);
    tp_wait_wait(wait, false);
    check_equal(atomic_load(&calls), 0);

    tp_wait_set(wait, event, NULL);
    nt_event_set(event);
    check_soon(atomic_load(&calls) == 1);
    tp_wait_wait(wait, false);
    tp_wait_close(wait);
    check_soon(atomic_load(&library.references) == 1);
    nt_handle_close(event);
    end_pool(pool);
}

TEST(a_callback_that_waits_for_the_loader_runs_once_when_the_loader_is_free)
{
    struct tp_pool *pool = make_pool(4);
    struct tp_environ environ = with_library(pool);

    require(tp_timer_create(&timer, ticked, NULL, &environ) == NT_SUCCESS);
    ground_set_loader_busy(true);
    make_due(timer);
    unit_pause(10 * NT_MILLISECOND); /* some attempts; it may not run before the loader is free, however many */
    check_equal(atomic_load(&calls), 0);
    ground_set_loader_busy(false);
    check_soon(atomic_load(&calls) == 1);
    tp_timer_wait(timer, false);
    check_equal(atomic_load(&calls), 1);
    tp_timer_close(timer);
    check_soon(atomic_load(&library.references) == 1);
    end_pool(pool);
}
