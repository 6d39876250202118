// SPDX-License-Identifier: MIT
/* sched/lock.h and sched/lot.h: mutual exclusion, no lost wake, deadlines, order of waking, exit of the process. */
#include "unit.h"
#include "sched/lock.h"
#include "sched/lot.h"

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
