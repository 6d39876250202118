// SPDX-License-Identifier: MIT
/* sched/lock.h and sched/lot.h: mutual exclusion, no lost wake, deadlines, order of waking, exit of the process, and
 * threads that are terminated while they wait. */
#include "unit.h"
#include "sched/lock.h"
#include "sched/lot.h"

#include <string.h>

static struct sched_lock lock;
static unsigned guarded; /* by lock, which is all that keeps its updates apart */
static unsigned per_thread;

static void add_guarded(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < per_thread; i++) {
        sched_lock_acquire(&lock);
        guarded++;
        if (i % 64 == 0) {
            nt_thread_yield();
        }
        sched_lock_release(&lock);
    }
}

static void contend(unsigned threads, unsigned times, uint32_t disturbance)
{
    per_thread = times;
    ground_disturb(disturbance);
    for (unsigned i = 0; i < threads; i++) {
        require(nt_thread_start(add_guarded, NULL, NULL) == NT_SUCCESS);
    }
    require(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(guarded, threads * times);
    check_equal(atomic_load(&lock.word), 0);
}

TEST(a_lock_keeps_threads_apart)
{
    contend(4, 30000, 0);
}

TEST(a_lock_keeps_threads_apart_disturbed)
{
    contend(6, 3000, 4711);
}

TEST(trying_a_held_lock_fails)
{
    check(sched_lock_try(&lock));
    check(!sched_lock_try(&lock));
    sched_lock_release(&lock);
    check(sched_lock_try(&lock));
    sched_lock_release(&lock);
}

static void take_and_count(void *argument)
{
    _Atomic unsigned *count = argument;

    sched_lock_acquire(&lock);
    atomic_fetch_add(count, 1);
    sched_lock_release(&lock);
}

TEST(everyone_who_waits_for_a_lock_gets_it)
{
    _Atomic unsigned count = 0;

    sched_lock_acquire(&lock);
    for (unsigned i = 0; i < 10; i++) {
        require(nt_thread_start(take_and_count, &count, NULL) == NT_SUCCESS);
    }
    require_soon(atomic_load(&lock.word) == 2);
    check_equal(atomic_load(&count), 0);
    sched_lock_release(&lock);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&count), 10);
}

/* The holder is dead, the process is exiting: whoever is left must get on. */
TEST(a_lock_whose_holder_died_with_the_process_is_no_obstacle)
{
    sched_lock_acquire(&lock);
    ground_set_exiting(true);
    sched_lock_acquire(&lock);
    check(nt_process_is_exiting());
    sched_lock_release(&lock);
}

struct word {
    _Atomic bool wait;
    _Atomic unsigned asked;
    _Atomic unsigned came_back;
    _Atomic unsigned order[64];
};

static bool must_wait(void *argument)
{
    struct word *word = argument;

    atomic_fetch_add(&word->asked, 1);
    return atomic_load(&word->wait);
}

TEST(who_need_not_wait_does_not)
{
    struct word word = {0};

    check(sched_lot_wait(&word, must_wait, &word, NT_FOREVER));
    check_equal(atomic_load(&word.asked), 1);
}

TEST(a_wait_in_the_lot_ends_at_its_deadline)
{
    struct word word = {.wait = true};

    for (unsigned i = 0; i < 10; i++) {
        uint64_t deadline = nt_time_now() + i * NT_MILLISECOND;
        check(!sched_lot_wait(&word, must_wait, &word, deadline));
        check(nt_time_now() >= deadline);
    }
    /* Nobody was left behind in the lot. */
    sched_lot_wake(&word, SCHED_LOT_ALL);
}

static void wait_in_lot(void *argument)
{
    struct word *word = argument;

    sched_lot_wait(word, must_wait, word, NT_FOREVER);
    atomic_fetch_add(&word->came_back, 1);
}

TEST(a_wake_reaches_as_many_as_it_says_and_only_that_address)
{
    static struct word words[200]; /* more than there are buckets: some share one */

    for (unsigned i = 0; i < 200; i += 50) {
        atomic_store(&words[i].wait, true);
        for (unsigned j = 1; j <= 5; j++) {
            require(nt_thread_start(wait_in_lot, &words[i], NULL) == NT_SUCCESS);
            require_soon(atomic_load(&words[i].asked) == j);
        }
    }
    for (unsigned i = 0; i < 200; i++) {
        if (i % 50 != 0) {
            sched_lot_wake(&words[i], SCHED_LOT_ALL);
        }
    }
    sched_lot_wake(&words[0], 0);
    check_equal(ground_live_threads(), 20);
    sched_lot_wake(&words[0], 2);
    check_soon(atomic_load(&words[0].came_back) == 2);
    sched_lot_wake(&words[50], SCHED_LOT_ALL);
    check_soon(atomic_load(&words[50].came_back) == 5);
    check_equal(atomic_load(&words[0].came_back), 2);
    check_equal(atomic_load(&words[100].came_back), 0);
    sched_lot_wake(&words[0], SCHED_LOT_ALL);
    sched_lot_wake(&words[100], SCHED_LOT_ALL);
    sched_lot_wake(&words[150], SCHED_LOT_ALL);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
}

struct placed {
    struct word *word;
    unsigned place;
};

static void wait_and_tell_place(void *argument)
{
    struct placed *placed = argument;

    sched_lot_wait(placed->word, must_wait, placed->word, NT_FOREVER);
    atomic_store(&placed->word->order[atomic_fetch_add(&placed->word->came_back, 1)], placed->place);
}

TEST(the_longest_waiting_is_woken_first)
{
    struct word word = {.wait = true};
    struct placed placed[10];

    for (unsigned i = 0; i < 10; i++) {
        placed[i] = (struct placed){&word, i};
        require(nt_thread_start(wait_and_tell_place, &placed[i], NULL) == NT_SUCCESS);
        require_soon(atomic_load(&word.asked) == i + 1);
    }
    for (unsigned i = 0; i < 10; i++) {
        sched_lot_wake(&word, 1);
        require_soon(atomic_load(&word.came_back) == i + 1);
        check_equal(atomic_load(&word.order[i]), i);
    }
    check(ground_wait_threads_ended(UNIT_PATIENCE));
}

static struct word turn_word;
static _Atomic unsigned turn;

struct player {
    unsigned number;
    unsigned players;
    unsigned rounds;
    unsigned timeouts;
};

static bool is_not_my_turn(void *argument)
{
    struct player *player = argument;

    return atomic_load(&turn) % player->players != player->number;
}

static void take_turns(void *argument)
{
    struct player *player = argument;

    for (unsigned i = 0; i < player->rounds; i++) {
        while (is_not_my_turn(player)) {
            /* Some waits are so short that the deadline and the wake meet. */
            uint64_t deadline = i % 2 ? nt_time_now() + 200 : NT_FOREVER;
            player->timeouts += !sched_lot_wait(&turn_word, is_not_my_turn, player, deadline);
        }
        atomic_fetch_add(&turn, 1);
        sched_lot_wake(&turn_word, SCHED_LOT_ALL);
    }
}

TEST(no_wake_is_lost)
{
    struct player players[3];

    ground_disturb(99);
    for (unsigned i = 0; i < 3; i++) {
        players[i] = (struct player){i, 3, 1500, 0};
        require(nt_thread_start(take_turns, &players[i], NULL) == NT_SUCCESS);
    }
    require(ground_wait_threads_ended(UNIT_PATIENCE * 2));
    check_equal(atomic_load(&turn), 4500);
    unit_note("%u waits timed out", players[0].timeouts + players[1].timeouts + players[2].timeouts);
}

/* ---- threads that are terminated while they wait --------------------------------------------------- */

enum { SCRIBBLED = 128 * 1024, CROWD = 200 };

static _Atomic uint32_t thread_ids[CROWD];
static _Atomic unsigned arrived, passed;

static void arrive(void)
{
    atomic_store(&thread_ids[atomic_fetch_add(&arrived, 1)], nt_thread_id());
}

/* The stack of who ended last is the next one's, and here is what that finds in it: nothing that anybody could use. */
static void scribble(void *unused)
{
    unsigned char stack[SCRIBBLED];

    (void)unused;
    memset(stack, 0xEE, sizeof(stack));
    __asm__ volatile("" : : "r"(stack) : "memory"); /* or the compiler leaves it out */
}

static void terminate(unsigned number)
{
    uint32_t id = atomic_load(&thread_ids[number]);
    struct unit_thread thread;

    ground_terminate_parked(id);
    unit_thread_start(&thread, scribble, NULL);
    unit_thread_join(&thread);
}

static void arrive_and_wait_in_lot(void *argument)
{
    arrive();
    wait_in_lot(argument);
}

TEST(waiters_that_are_terminated_do_not_disturb_the_others)
{
    static struct word word = {.wait = true}, other = {.wait = true};
    struct unit_thread thread;

    for (unsigned i = 0; i < 6; i++) {
        require(nt_thread_start(arrive_and_wait_in_lot, &word, NULL) == NT_SUCCESS);
        require_soon(atomic_load(&word.asked) == i + 1);
    }
    terminate(0);
    terminate(2);
    terminate(5);
    sched_lot_wake(&other, SCHED_LOT_ALL);
    sched_lot_wake(&word, SCHED_LOT_ALL);
    check_soon(atomic_load(&word.came_back) == 3);
    require(ground_wait_threads_ended(UNIT_PATIENCE));
    unit_thread_start(&thread, wait_in_lot, &word);
    require_soon(atomic_load(&word.asked) == 7);
    sched_lot_wake(&word, 1);
    unit_thread_join(&thread);
    check_equal(atomic_load(&word.came_back), 4);
}

static void arrive_and_pass_the_lock(void *unused)
{
    (void)unused;
    arrive();
    sched_lock_acquire(&lock);
    atomic_fetch_add(&passed, 1);
    sched_lock_release(&lock);
}

TEST(a_lock_is_not_lost_to_a_waiter_that_was_terminated)
{
    sched_lock_acquire(&lock);
    for (unsigned i = 1; i <= 3; i++) {
        require(nt_thread_start(arrive_and_pass_the_lock, NULL, NULL) == NT_SUCCESS);
        require_soon(ground_parked_threads() == i);
    }
    terminate(0);
    sched_lock_release(&lock); /* wakes the one that is gone */
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&passed), 2);
    check_equal(atomic_load(&lock.word), 0);
}

static void crowd_the_lock(unsigned asleep)
{
    atomic_store(&arrived, 0);
    sched_lock_acquire(&lock);
    for (unsigned i = 0; i < CROWD; i++)
        require(nt_thread_start(arrive_and_pass_the_lock, NULL, NULL) == NT_SUCCESS);
    require_soon(atomic_load(&arrived) == CROWD);
    require_soon(ground_parked_threads() >= asleep); /* now and then one looks again */
    sched_lock_release(&lock);
    require(ground_wait_threads_ended(UNIT_PATIENCE));
}

TEST(a_crowd_that_waits_needs_no_more_memory_the_next_time)
{
    crowd_the_lock(CROWD - 10);
    size_t bytes = ground_committed_bytes();
    check(bytes != 0);
    for (unsigned i = 0; i < 5; i++)
        crowd_the_lock(CROWD - 10);
    check_equal(ground_committed_bytes(), bytes);
    check_equal(atomic_load(&passed), 6 * CROWD);
}

TEST(who_waits_without_memory_waits_all_the_same)
{
    struct word word = {.wait = true};
    uint64_t deadline;

    ground_fail(GROUND_RESERVE, 1, GROUND_ALWAYS);
    crowd_the_lock(4);
    check_equal(atomic_load(&passed), CROWD);
    check_equal(ground_committed_bytes(), 0);
    check(ground_calls(GROUND_RESERVE) != 0);
    for (unsigned i = 0; i < 8; i++)
        require(nt_thread_start(wait_in_lot, &word, NULL) == NT_SUCCESS);
    require_soon(atomic_load(&word.asked) >= 8);
    deadline = nt_time_now() + 5 * NT_MILLISECOND;
    while (sched_lot_wait(&word, must_wait, &word, deadline)) {
    }
    check(nt_time_now() >= deadline);
    atomic_store(&word.wait, false);
    sched_lot_wake(&word, SCHED_LOT_ALL);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
}
