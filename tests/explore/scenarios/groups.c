// SPDX-License-Identifier: MIT
/* Groups and pools of tp/, each at the moment at which two things happen to it. */
#include "pool_of.h"
#include "tp/group.h"
#include "tp/instance.h"
#include "tp/work.h"

static struct tp_pool *pool;
static struct tp_environ environ;
static _Atomic unsigned calls, cancels, finalizations;

static struct tp_group *group;
static struct tp_work *works[2];

static void cancelled(void *object_context, void *cleanup_context)
{
    (void)object_context, (void)cleanup_context;
    atomic_fetch_add(&cancels, 1);
}

static void finalized(struct tp_instance *instance, void *context)
{
    (void)instance, (void)context;
    atomic_fetch_add(&finalizations, 1);
}

static void count(struct tp_instance *instance, void *context, struct tp_work *self)
{
    (void)instance, (void)context, (void)self;
    atomic_fetch_add(&calls, 1);
}

static void close_self(struct tp_instance *instance, void *context, struct tp_work *self)
{
    count(instance, context, self);
    tp_work_close(self);
}

static void count_simple(struct tp_instance *instance, void *context)
{
    (void)instance, (void)context;
    atomic_fetch_add(&calls, 1);
}

static void begin_group(void)
{
    environ = environ_of(&pool, 1 + explore_pick(2));
    explore_check(tp_group_create(&group) >= 0);
    environ.group = group;
    environ.cancel = cancelled;
}

static void end_group(void)
{
    tp_group_close(group);
    tp_pool_close(pool);
    explore_settle();
}

static struct tp_work *make_work(tp_work_callback *callback)
{
    struct tp_work *work;

    explore_check(tp_work_create(&work, callback, NULL, &environ) >= 0);
    return work;
}

SCENARIO(a_member_closes_itself_when_its_group_is_closed)
{
    begin_group();
    tp_work_post(make_work(close_self));
    make_work(count);
    tp_group_close_members(group, false, NULL);
    explore_check_equal(atomic_load(&calls), 1);
    explore_check_equal(atomic_load(&cancels), 0);
    end_group();
}

SCENARIO(a_member_closes_itself_when_its_group_is_cancelled)
{
    begin_group();
    tp_work_post(make_work(close_self));
    tp_group_close_members(group, true, NULL);
    explore_check_equal(atomic_load(&calls) + atomic_load(&cancels), 1);
    end_group();
}

SCENARIO(simple_callbacks_run_when_their_group_is_cancelled)
{
    begin_group();
    explore_check(tp_simple_post(count_simple, NULL, &environ) >= 0);
    explore_check(tp_simple_post(count_simple, NULL, &environ) >= 0);
    tp_group_close_members(group, true, NULL);
    explore_check_equal(atomic_load(&calls) + atomic_load(&cancels), 2);
    end_group();
}

static void post_other(struct tp_instance *instance, void *context, struct tp_work *self)
{
    (void)instance, (void)context;
    if (atomic_fetch_add(&calls, 1) < 2)
        tp_work_post(works[self == works[0]]);
}

SCENARIO(members_post_each_other_when_their_group_is_closed)
{
    begin_group();
    works[0] = make_work(post_other);
    works[1] = make_work(post_other);
    tp_work_post(works[0]);
    tp_group_close_members(group, false, NULL);
    explore_check_equal(atomic_load(&calls), 3);
    end_group();
}

/* The thread for finalization callbacks stays. */
SCENARIO(each_member_is_finalized_once, .keeps_waiters = true, .keeps_items = true)
{
    begin_group();
    environ.finalization = finalized;
    tp_work_post(make_work(explore_pick(2) ? close_self : count));
    tp_group_close_members(group, explore_pick(2), NULL);
    end_group();
    explore_check_equal(atomic_load(&finalizations), 1);
}

static void close_pool(void *unused)
{
    (void)unused;
    tp_pool_close(pool);
}

SCENARIO(a_pool_is_closed_when_its_objects_are_posted)
{
    environ = environ_of(&pool, 1 + explore_pick(2));
    struct tp_work *work = make_work(count);
    unsigned thread = explore_start(close_pool, NULL);
    tp_work_post(work);
    tp_work_post(work);
    tp_work_close(work);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&calls), 2);
}

static void post_when_told(void *unused)
{
    (void)unused;
    struct tp_environ mine = environ;
    explore_check(tp_simple_post(count_simple, NULL, &mine) >= 0);
}

SCENARIO(a_group_is_filled_when_it_is_closed)
{
    begin_group();
    environ.cancel = NULL;
    unsigned thread = explore_start(post_when_told, NULL);
    tp_group_close_members(group, false, NULL);
    explore_join(thread);
    tp_group_close_members(group, false, NULL);
    explore_check_equal(atomic_load(&calls), 1);
    end_group();
}
