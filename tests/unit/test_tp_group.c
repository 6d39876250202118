// SPDX-License-Identifier: MIT
/* tp/: a group is closed while callbacks of its members still use other members. */
#include "tp_help.h"
#include "tp/group.h"
#include "tp/timer.h"
#include "tp/work.h"

static struct unit_gate gate = UNIT_GATE;
static struct tp_group *group;
static struct tp_timer *timer;
static struct tp_work *older, *newer;
static _Atomic unsigned calls, inside;
static _Atomic bool closing;

static void never(struct tp_instance *instance, void *context, struct tp_timer *self)
{
    (void)instance, (void)context, (void)self;
    check(false);
}

static void arm_timer(struct tp_instance *instance, void *context, struct tp_work *work)
{
    const int64_t in_an_hour = -3600 * (int64_t)NT_SECOND;

    (void)instance, (void)context, (void)work;
    check(unit_gate_pass(&gate));
    check_equal(ground_raised(tp_timer_set(timer, &in_an_hour, 0, 0)), NT_SUCCESS);
    atomic_fetch_add(&calls, 1);
}

static void close_members(void *cancel)
{
    atomic_store(&closing, true);
    tp_group_close_members(group, cancel != NULL, NULL);
    check_equal(atomic_load(&inside), 0);
}

/* Closes the group on another thread while the gate is shut, and lets the callbacks go on when that has begun. */
static void close_while_running(bool cancel)
{
    struct unit_thread closer;

    unit_thread_start(&closer, close_members, cancel ? &gate : NULL);
    require_soon(atomic_load(&closing));
    unit_pause(50 * NT_MILLISECOND); /* so that it waits for the callbacks; if not, the test still holds */
    unit_gate_open(&gate);
    unit_thread_join(&closer);
    tp_group_close(group);
}

static struct tp_environ in_new_group(struct tp_pool *pool)
{
    struct tp_environ environ = in_pool(pool);

    require(tp_group_create(&group) == NT_SUCCESS);
    environ.group = group;
    return environ;
}

/* The timer is a younger member than one work object and an older one than the other; one of these runs. */
static void arm_while_closing(struct tp_work *const *running, bool cancel)
{
    struct tp_pool *pool = make_pool(2);
    struct tp_environ environ = in_new_group(pool);

    require(tp_work_create(&older, arm_timer, NULL, &environ) == NT_SUCCESS);
    require(tp_timer_create(&timer, never, NULL, &environ) == NT_SUCCESS);
    require(tp_work_create(&newer, arm_timer, NULL, &environ) == NT_SUCCESS);
    tp_work_post(*running);
    require_soon(unit_gate_waiting(&gate) == 1);
    close_while_running(cancel);
    check_equal(atomic_load(&calls), 1);
    end_pool(pool);
}

TEST(a_running_callback_may_set_a_younger_timer_of_its_group_while_that_is_closed)
{
    arm_while_closing(&older, false);
}

TEST(a_running_callback_may_set_a_younger_timer_of_its_group_while_that_is_cancelled)
{
    arm_while_closing(&older, true);
}

TEST(a_running_callback_may_set_an_older_timer_of_its_group_while_that_is_closed)
{
    arm_while_closing(&newer, false);
}

TEST(a_running_callback_may_set_an_older_timer_of_its_group_while_that_is_cancelled)
{
    arm_while_closing(&newer, true);
}

/* The two post each other a few times. */
static void post_other(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)context;
    atomic_fetch_add(&inside, 1);
    check(unit_gate_pass(&gate));
    unit_pause(5 * NT_MILLISECOND);
    if (atomic_fetch_add(&calls, 1) < 8) {
        check_equal(ground_raised(tp_work_post(work == older ? newer : older)), NT_SUCCESS);
    }
    atomic_fetch_sub(&inside, 1);
}

static void post_each_other(struct tp_work *const *first)
{
    struct tp_pool *pool = make_pool(2);
    struct tp_environ environ = in_new_group(pool);

    require(tp_work_create(&older, post_other, NULL, &environ) == NT_SUCCESS);
    require(tp_work_create(&newer, post_other, NULL, &environ) == NT_SUCCESS);
    tp_work_post(*first);
    require_soon(unit_gate_waiting(&gate) == 1);
    close_while_running(false);
    check_equal(atomic_load(&calls), 9);
    end_pool(pool);
}

TEST(members_that_post_each_other_are_waited_for_from_the_older_on)
{
    post_each_other(&older);
}

TEST(members_that_post_each_other_are_waited_for_from_the_newer_on)
{
    post_each_other(&newer);
}
