// SPDX-License-Identifier: MIT
/* Does the explorer itself do what it says? What must never be seen, and what has to be seen now and then. */
#include "explore.h"

static _Atomic unsigned x, y;
static unsigned seen_x, seen_y;

static void store_x_look_at_y(void *order)
{
    if (order)
        atomic_store_explicit(&x, 1, memory_order_seq_cst);
    else
        atomic_store_explicit(&x, 1, memory_order_release);
    seen_y = atomic_load_explicit(&y, memory_order_seq_cst);
}

static void store_y_look_at_x(void *order)
{
    if (order)
        atomic_store_explicit(&y, 1, memory_order_seq_cst);
    else
        atomic_store_explicit(&y, 1, memory_order_release);
    seen_x = atomic_load_explicit(&x, memory_order_seq_cst);
}

static void both(void (*one)(void *), void (*other)(void *), void *argument)
{
    unsigned threads[] = {explore_start(one, argument), explore_start(other, argument)};

    explore_join(threads[0]);
    explore_join(threads[1]);
}

SCENARIO(of_two_who_store_and_look_one_sees_the_other)
{
    both(store_x_look_at_y, store_y_look_at_x, &x);
    explore_check(seen_x || seen_y);
}

static void pass_message(void *unused)
{
    (void)unused;
    atomic_store_explicit(&x, 1, memory_order_relaxed);
    atomic_store_explicit(&y, 1, memory_order_release);
}

static void take_message(void *unused)
{
    (void)unused;
    if (atomic_load_explicit(&y, memory_order_acquire))
        explore_check(atomic_load_explicit(&x, memory_order_relaxed));
}

SCENARIO(a_message_comes_before_its_flag)
{
    both(pass_message, take_message, NULL);
}

static void count_up(void *unused)
{
    (void)unused;
    atomic_fetch_add_explicit(&x, 1, memory_order_relaxed);
}

SCENARIO(no_addition_is_lost)
{
    both(count_up, count_up, NULL);
    explore_check_equal(atomic_load(&x), 2);
}
