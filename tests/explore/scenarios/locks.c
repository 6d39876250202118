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

static void wait_for_good(void *unused)
{
    (void)unused;
    while (atomic_load(&must_wait))
        sched_lot_wait(&must_wait, still_must, NULL, NT_FOREVER);
}

/* Before and behind it wait others, whose wake-ups are not lost over that. */
SCENARIO(a_wake_up_meets_the_end_of_a_wait, .time_passes = true)
{
    atomic_store(&must_wait, true);
    unsigned others[] = {explore_start(wait_for_good, NULL), explore_start(wait_for_good, NULL)};
    unsigned opener = explore_start(open_up, NULL);
    for (unsigned i = 1; atomic_load(&must_wait); i++)
        sched_lot_wait(&must_wait, still_must, NULL, i < 4 ? nt_time_now() + 2 : NT_FOREVER);
    explore_join(others[0]);
    explore_join(others[1]);
    explore_join(opener);
}

/* Those that wait come, go and come again, some of them too late for their wake-up. */
static void wait_and_open_up(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        sched_lot_wait(&must_wait, still_must, NULL, explore_pick(2) ? nt_time_now() + 2 : NT_FOREVER);
        sched_lot_wake(&must_wait, 1 + explore_pick(2));
    }
    open_up(NULL);
}

SCENARIO(waiters_use_the_records_of_others, .time_passes = true)
{
    atomic_store(&must_wait, true);
    unsigned opener = explore_start(open_up, NULL);
    run_together(wait_and_open_up, NULL);
    explore_join(opener);
}

static uint32_t victims_thread;

static void wait_as_victim(void *unused)
{
    (void)unused;
    victims_thread = nt_thread_id();
    while (atomic_load(&must_wait))
        sched_lot_wait(&must_wait, still_must, NULL, explore_pick(2) ? nt_time_now() + 2 : NT_FOREVER);
}

static void terminate(void *unused)
{
    (void)unused;
    explore_terminate(victims_thread, NULL);
}

/* Its stack is gone, and whoever touches it is found. */
SCENARIO(a_waiter_is_terminated, .time_passes = true)
{
    atomic_store(&must_wait, true);
    explore_start(wait_as_victim, NULL);
    unsigned beside = explore_start(wait_for_good, NULL), killer = explore_start(terminate, NULL);
    if (explore_pick(2))
        explore_settle();
    open_up(NULL);
    explore_join(beside);
    explore_join(killer);
    atomic_store(&must_wait, true);
    beside = explore_start(wait_for_good, NULL);
    open_up(NULL);
    explore_join(beside);
}

static void pass_as_victim(void *unused)
{
    victims_thread = nt_thread_id();
    pass(unused);
}

/* The wake-up that was for it is lost, and the lock is not. */
SCENARIO(a_waiter_of_a_lock_is_terminated, .time_passes = true)
{
    sched_lock_acquire(&lock);
    explore_start(pass_as_victim, NULL);
    unsigned other = explore_start(pass, NULL);
    if (explore_pick(2))
        explore_settle();
    unsigned killer = explore_start(terminate, NULL);
    sched_lock_release(&lock);
    explore_join(other);
    explore_join(killer);
    sched_lock_acquire(&lock);
    explore_check_equal(inside, 0);
    sched_lock_release(&lock);
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
