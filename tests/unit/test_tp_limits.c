// SPDX-License-Identifier: MIT
/* tp/: pools at their bounds, waits with a long backlog, and what a refused post leaves behind. */
#include "unit.h"
#include "sched/worker.h"
#include "tp/group.h"
#include "tp/pool.h"
#include "tp/wait.h"
#include "tp/work.h"

static struct unit_gate gate = UNIT_GATE;
static _Atomic unsigned calls, signalled, timed_out;

static void count(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)context, (void)work;
    atomic_fetch_add(&calls, 1);
}

static void pass_gate(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)context, (void)work;
    check(unit_gate_pass(&gate));
}

static void count_result(struct tp_instance *instance, void *context, struct tp_wait *wait, uint32_t result)
{
    (void)instance, (void)context, (void)wait;
    atomic_fetch_add(result == TP_WAIT_TIMED_OUT ? &timed_out : &signalled, 1);
}

static struct tp_environ in_new_pool(uint32_t maximum)
{
    struct tp_environ environ = {.version = 3, .priority = 1, .size = sizeof(environ)};

    require(tp_pool_create(&environ.pool, NULL) == NT_SUCCESS);
    tp_pool_set_maximum(environ.pool, maximum);
    return environ;
}

/* As many callbacks as said have begun and stand at the gate. */
static struct tp_work *block(const struct tp_environ *environ, unsigned posts, unsigned begun)
{
    struct tp_work *work;

    require(tp_work_create(&work, pass_gate, NULL, environ) == NT_SUCCESS);
    while (posts--) {
        tp_work_post(work);
    }
    require_soon(unit_gate_waiting(&gate) == begun);
    return work;
}

static void unblock(struct tp_work *work)
{
    unit_gate_open(&gate);
    tp_work_wait(work, false);
    tp_work_close(work);
}

/* The keeper may still look once or twice; soon it must leave the pool alone. */
static bool falls_asleep(void)
{
    return wait_until(({
        uint64_t before = ground_wake_ups();
        unit_pause(100 * NT_MILLISECOND);
        ground_wake_ups() == before;
    }));
}

TEST(a_cancelled_post_behind_blocked_callbacks_costs_no_wake_ups)
{
    ground_set_processor_count(2);
    struct tp_environ environ = in_new_pool(8);
    struct tp_work *blocked = block(&environ, 2, 2), *work;

    require(tp_work_create(&work, count, NULL, &environ) == NT_SUCCESS);
    tp_work_post(work);
    tp_work_wait(work, true);
    check(falls_asleep());
    unblock(blocked);
    tp_work_close(work);
    tp_pool_close(environ.pool);
}

TEST(a_backlog_behind_a_maximum_of_blocked_callbacks_costs_no_wake_ups)
{
    ground_set_processor_count(2);
    struct tp_environ environ = in_new_pool(4);
    struct tp_work *blocked = block(&environ, 6, 4);

    check(falls_asleep());
    unblock(blocked);
    tp_pool_close(environ.pool);
}

TEST(a_minimum_above_the_maximum_starts_no_worker_in_vain)
{
    for (int round = 0; round < 20; round++) {
        unsigned started = ground_started_threads();
        struct tp_environ environ = in_new_pool(2);

        require(tp_pool_set_minimum(environ.pool, 8) == NT_SUCCESS);
        check_equal(atomic_load(&sched_workers_now), 8);
        check_equal(ground_started_threads() - started, 8);
        tp_pool_close(environ.pool);
        require_soon(atomic_load(&sched_workers_now) == 0);
    }
}

TEST(a_hundred_time_outs_behind_a_blocked_callback_are_all_time_outs)
{
    struct tp_environ environ = in_new_pool(1);
    struct tp_work *blocked = block(&environ, 1, 1);
    nt_handle event = ground_event_create(true, false);
    const int64_t at_once = 0;
    struct tp_wait *wait;

    require(tp_wait_create(&wait, count_result, NULL, &environ) == NT_SUCCESS);
    for (int i = 0; i < 100; i++) {
        tp_wait_set(wait, event, &at_once);
    }
    unblock(blocked);
    tp_wait_wait(wait, false);
    check_equal(atomic_load(&timed_out), 100);
    check_equal(atomic_load(&signalled), 0);
    tp_wait_close(wait);
    tp_pool_close(environ.pool);
    nt_handle_close(event);
}

static void post_again(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)context;
    check(unit_gate_pass(&gate));
    atomic_fetch_add(&calls, 1);
    tp_work_post(work);
}

static _Atomic bool cancelling;

static void NT_CALL note_cancel(void *object_context, void *cleanup_context)
{
    (void)object_context, (void)cleanup_context;
}

static void close_members(void *group)
{
    atomic_store(&cancelling, true);
    tp_group_close_members(group, true, NULL);
}

TEST(a_post_that_a_group_close_refuses_leaves_no_library_reference)
{
    static struct ground_library library = {1};
    struct tp_environ environ = in_new_pool(1);
    struct unit_thread closer;
    struct tp_work *work;

    environ.library = &library;
    environ.cancel = note_cancel;
    require(tp_group_create(&environ.group) == NT_SUCCESS);
    require(tp_work_create(&work, post_again, NULL, &environ) == NT_SUCCESS);
    tp_work_post(work);
    require_soon(unit_gate_waiting(&gate) == 1);
    unit_thread_start(&closer, close_members, environ.group);
    require_soon(atomic_load(&cancelling));
    unit_pause(50 * NT_MILLISECOND); /* so that it has begun to refuse; if not, the test still holds */
    unit_gate_open(&gate);
    unit_thread_join(&closer);
    check(atomic_load(&calls) >= 1);
    check_soon(atomic_load(&library.references) == 1);
    tp_group_close(environ.group);
    tp_pool_close(environ.pool);
}
