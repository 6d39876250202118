// SPDX-License-Identifier: MIT
/* The lock, the parking lot below it, and the slabs. */
#include "explore.h"
#include "sched/lock.h"
#include "sched/lot.h"
#include "sched/slab.h"

enum { THREADS = 3, ROUNDS = 2, HELD = 4 };

static struct sched_lock lock;
static unsigned inside, passed;

static void pass(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        sched_lock_acquire(&lock);
        explore_check_equal(inside++, 0);
        passed++;
        explore_check_equal(--inside, 0);
        sched_lock_release(&lock);
    }
}

static void run_together(void (*run)(void *), void *argument)
{
    unsigned threads[THREADS - 1];

    for (unsigned i = 0; i < THREADS - 1; i++)
        threads[i] = explore_start(run, argument);
    run(argument);
    for (unsigned i = 0; i < THREADS - 1; i++)
        explore_join(threads[i]);
}

SCENARIO(one_at_a_time_holds_a_lock)
{
    run_together(pass, NULL);
    explore_check_equal(passed, THREADS * ROUNDS);
}

/* A waiter whose time is over, and a waker who has it in hand. */
static _Atomic bool must_wait;

static bool still_must(void *unused)
{
    (void)unused;
    return atomic_load(&must_wait);
}

static void open_up(void *unused)
{
    (void)unused;
    atomic_store(&must_wait, false);
    sched_lot_wake(&must_wait, SCHED_LOT_ALL);
}

SCENARIO(a_wake_up_meets_the_end_of_a_wait, .time_passes = true)
{
    atomic_store(&must_wait, true);
    unsigned thread = explore_start(open_up, NULL);
    for (unsigned i = 1; atomic_load(&must_wait); i++)
        sched_lot_wait(&must_wait, still_must, NULL, i < 4 ? nt_time_now() + 2 : NT_FOREVER);
    explore_join(thread);
}

/* Three to a slab, so that slabs come and go. */
static struct slab_cache large = {.kind = SLAB_WORK, .size = 0x4000};
static struct slab_item *_Atomic passed_on[THREADS];

static void use_slabs(void *unused)
{
    (void)unused;
    struct slab_item *items[HELD];

    for (unsigned i = 0; i < HELD; i++) {
        items[i] = slab_alloc(&large);
        explore_check(slab_is_live(items[i], SLAB_WORK));
    }
    for (unsigned i = 0; i < HELD; i++) {
        struct slab_item *given = items[i];
        if (explore_pick(2))
            given = atomic_exchange(&passed_on[explore_pick(THREADS)], given);
        if (given) {
            explore_check(slab_is_live(given, SLAB_WORK));
            slab_free(&large, given);
        }
    }
}

SCENARIO(what_slabs_hand_out_comes_back)
{
    run_together(use_slabs, NULL);
    for (unsigned i = 0; i < THREADS; i++)
        if (atomic_load(&passed_on[i]))
            slab_free(&large, atomic_load(&passed_on[i]));
}
