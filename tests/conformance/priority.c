// SPDX-License-Identifier: MIT
//
// Priority and order in one pool.
#include "harness/job.h"
#include "harness/suite.h"

static TP_CALLBACK_ENVIRON_V3 with_priority(PTP_POOL pool, TP_CALLBACK_PRIORITY priority)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    SetThreadpoolCallbackPriority(&environment, priority);
    return environment;
}

static void check_order(const struct order *order, const LONG *expected, LONG count)
{
    check(order->count == count, "%ld of %ld callbacks ran", order->count, count);
    for (LONG i = 0; i < count; i++)
        check(order->entry[i] == expected[i], "position %ld: %ld ran instead of %ld", i, order->entry[i], expected[i]);
}

BINDING_AT_BOTH_LEVELS(a_free_worker_takes_the_highest_priority_first, "ENV-014 ENV-015", "NT-016 NT-017")
{
    static struct order order;
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 low = with_priority(pool, TP_CALLBACK_PRIORITY_LOW),
                           normal = with_priority(pool, TP_CALLBACK_PRIORITY_NORMAL),
                           high = with_priority(pool, TP_CALLBACK_PRIORITY_HIGH);
    struct job blocker = gated_job(), jobs[6];
    for (LONG i = 0; i < 6; i++)
        jobs[i] = noting_job(&order, i);
    PTP_WORK low_work = work_for(at, &jobs[3], &low), normal_work = work_for(at, &jobs[4], &normal),
             high_work = work_for(at, &jobs[5], &high);
    occupy(at, &blocker, &normal);
    submit_simple(at, &jobs[0], &low);
    at->submit(low_work);
    submit_simple(at, &jobs[1], &normal);
    at->submit(normal_work);
    submit_simple(at, &jobs[2], &high);
    at->submit(high_work);
    open_gate(blocker.gate);
    await_count(&order.count, 6);
    for (LONG i = 0; i < 6; i++) {
        LONG lane = i / 2, ran = order.entry[i] % 3;
        check(ran == 2 - lane, "position %ld: a callback of priority %ld ran, expected %ld (0 low, 2 high)", i, ran,
              2 - lane);
    }
}

BINDING_AT_BOTH_LEVELS(a_version_1_environment_has_normal_priority, "ENV-020 ST-002", "")
{
    static struct order order;
    PTP_POOL pool = pool_of(at, 1);
    // On 64-bit systems the priority of version 3 lies in the padding of version 1, where anything may be.
    TP_CALLBACK_ENVIRON_V3 garbage = with_priority(pool, (TP_CALLBACK_PRIORITY)77);
    garbage.Version = 1;
    TP_CALLBACK_ENVIRON_V3 low = with_priority(pool, TP_CALLBACK_PRIORITY_LOW),
                           high = with_priority(pool, TP_CALLBACK_PRIORITY_HIGH);
    struct job blocker = gated_job(), first = noting_job(&order, 1), middle = noting_job(&order, 2),
               last = noting_job(&order, 3);
    occupy(at, &blocker, &low);
    submit_simple(at, &last, &low);
    require(at->try_submit(simple_job, &middle, &garbage), "version 1 with garbage after it was refused: 0x%lx", why());
    submit_simple(at, &first, &high);
    open_gate(blocker.gate);
    await_count(&order.count, 3);
    check_order(&order, (const LONG[]){1, 2, 3}, 3);
}

OBSERVATION_AT_BOTH_LEVELS(version_1_comes_before_low_and_after_high, "ENV-022", "")
{
    static struct order order;
    PTP_POOL pool = pool_of(at, 1);
    struct environment_v1 first = {.Version = 1, .Pool = pool};
    TP_CALLBACK_ENVIRON_V3 low = with_priority(pool, TP_CALLBACK_PRIORITY_LOW),
                           high = with_priority(pool, TP_CALLBACK_PRIORITY_HIGH);
    struct job blocker = gated_job(), jobs[3];
    for (LONG i = 0; i < 3; i++)
        jobs[i] = noting_job(&order, i);
    occupy(at, &blocker, &low);
    submit_simple(at, &jobs[2], &low);
    require(at->try_submit(simple_job, &jobs[1], (void *)&first), "refused: 0x%lx", why());
    submit_simple(at, &jobs[0], &high);
    open_gate(blocker.gate);
    await_count(&order.count, 3);
    check_order(&order, (const LONG[]){0, 1, 2}, 3);
}

OBSERVATION_AT_BOTH_LEVELS(simple_callbacks_start_in_the_order_of_submission, "WORK-011", "")
{
    static struct order order;
    static struct job jobs[100];
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job blocker = gated_job();
    occupy(at, &blocker, &environment);
    for (LONG i = 0; i < 100; i++) {
        jobs[i] = noting_job(&order, i);
        submit_simple(at, &jobs[i], &environment);
    }
    open_gate(blocker.gate);
    await_count(&order.count, 100);
    for (LONG i = 0; i < 100; i++)
        check(order.entry[i] == i, "position %ld: %ld ran", i, order.entry[i]);
}

OBSERVATION_AT_BOTH_LEVELS(single_posts_and_simple_callbacks_share_one_queue, "WORK-011", "")
{
    static struct order order;
    static struct job jobs[40];
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job blocker = gated_job();
    PTP_WORK works[40];
    for (LONG i = 0; i < 40; i++) {
        jobs[i] = noting_job(&order, i);
        works[i] = work_for(at, &jobs[i], &environment);
    }
    occupy(at, &blocker, &environment);
    for (LONG i = 0; i < 40; i++) {
        if (i % 3 == 0)
            submit_simple(at, &jobs[i], &environment);
        else
            at->submit(works[i]);
    }
    open_gate(blocker.gate);
    await_count(&order.count, 40);
    for (LONG i = 0; i < 40; i++)
        check(order.entry[i] == i, "position %ld: %ld ran", i, order.entry[i]);
}

OBSERVATION_AT_BOTH_LEVELS(each_priority_starts_in_the_order_of_submission, "ENV-015 WORK-011", "")
{
    static struct order order;
    static struct job jobs[60];
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environments[3];
    struct job blocker = gated_job();
    for (int priority = 0; priority < 3; priority++)
        environments[priority] = with_priority(pool, (TP_CALLBACK_PRIORITY)priority);
    occupy(at, &blocker, &environments[TP_CALLBACK_PRIORITY_NORMAL]);
    // Mark 100 * priority + n for the n-th callback of its priority; submitted low, normal, high, low, ...
    for (LONG i = 0; i < 60; i++) {
        LONG priority = 2 - i % 3;
        jobs[i] = noting_job(&order, 100 * priority + i / 3);
        submit_simple(at, &jobs[i], &environments[priority]);
    }
    open_gate(blocker.gate);
    await_count(&order.count, 60);
    for (LONG i = 0; i < 60; i++)
        check(order.entry[i] == 100 * (i / 20) + i % 20, "position %ld: callback %ld of priority %ld ran", i,
              order.entry[i] % 100, order.entry[i] / 100);
}

// Where the n-th entry (from 1) of this mark is; -1 if there are fewer.
static LONG position_of(const struct order *order, LONG mark, LONG n)
{
    for (LONG i = 0; i < order->count; i++)
        if (order->entry[i] == mark && --n == 0)
            return i;
    return -1;
}

BINDING_AT_BOTH_LEVELS(posts_of_one_object_do_not_starve_another, "WORK-010", "NT-017")
{
    static struct order order;
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job blocker = gated_job(), first = noting_job(&order, 1), second = noting_job(&order, 2);
    PTP_WORK a = work_for(at, &first, &environment), b = work_for(at, &second, &environment);
    occupy(at, &blocker, &environment);
    for (int i = 0; i < 10; i++)
        at->submit(a);
    for (int i = 0; i < 10; i++)
        at->submit(b);
    open_gate(blocker.gate);
    await_count(&order.count, 20);
    check(position_of(&order, 2, 1) < position_of(&order, 1, 10), "all of the first object's posts ran first");
}

OBSERVATION_AT_BOTH_LEVELS(posts_of_two_objects_take_turns, "WORK-010", "")
{
    static struct order order;
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job blocker = gated_job(), first = noting_job(&order, 1), second = noting_job(&order, 2);
    PTP_WORK a = work_for(at, &first, &environment), b = work_for(at, &second, &environment);
    occupy(at, &blocker, &environment);
    for (int i = 0; i < 10; i++)
        at->submit(a);
    for (int i = 0; i < 10; i++)
        at->submit(b);
    open_gate(blocker.gate);
    await_count(&order.count, 20);
    for (LONG i = 0; i < 20; i++)
        check(order.entry[i] == 1 + i % 2, "position %ld: object %ld ran", i, order.entry[i]);
}

BINDING_AT_BOTH_LEVELS(ten_thousand_posts_do_not_starve_a_single_one, "WORK-010 WORK-006", "NT-017")
{
    static struct order order;
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    struct job blocker = gated_job(), many = noting_job(&order, 1), one = noting_job(&order, 2);
    PTP_WORK busy = work_for(at, &many, &environment), single = work_for(at, &one, &environment);
    occupy(at, &blocker, &environment);
    for (int i = 0; i < 10000; i++)
        at->submit(busy);
    at->submit(single);
    open_gate(blocker.gate);
    await_count(&order.count, 10001);
    LONG position = position_of(&order, 2, 1);
    remark("the single post ran after %ld of 10000", position);
    check(position < 10000, "the single post ran last");
}
