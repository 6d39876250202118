// SPDX-License-Identifier: MIT
/* The POSIX ground keeps nt.h's contract: parking, and APCs. */
#include "unit.h"

struct ping_pong {
    struct nt_parker first;
    struct nt_parker second;
    struct unit_gate ready;
    unsigned ball; /* handed to and fro by the tokens alone */
    unsigned rounds;
    unsigned missed;
};

static void pong(void *argument)
{
    struct ping_pong *game = argument;

    nt_parker_init(&game->second);
    unit_gate_open(&game->ready);
    for (unsigned i = 0; i < game->rounds; i++) {
        game->missed += !nt_park(&game->second, NT_FOREVER);
        game->ball++;
        nt_unpark(&game->first);
    }
}

static void play(uint32_t disturbance, unsigned rounds)
{
    struct ping_pong game = {.ready = UNIT_GATE, .rounds = rounds};

    nt_parker_init(&game.first);
    ground_disturb(disturbance);
    check_equal(nt_thread_start(pong, &game, NULL), NT_SUCCESS);
    require(unit_gate_pass(&game.ready));
    for (unsigned i = 0; i < rounds; i++) {
        game.ball++;
        nt_unpark(&game.second);
        game.missed += !nt_park(&game.first, NT_FOREVER);
    }
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(game.missed, 0);
    check_equal(game.ball, 2 * rounds);
}

TEST(tokens_hand_a_ball_to_and_fro)
{
    play(0, 20000);
}

TEST(tokens_hand_a_ball_to_and_fro_disturbed)
{
    play(12345, 5000);
}

TEST(a_token_is_not_lost_and_two_are_one)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_unpark(&parker);
    nt_unpark(&parker);
    check(nt_park(&parker, NT_FOREVER));
    check(!nt_park(&parker, 0));
    nt_unpark(&parker);
    check(nt_park(&parker, 0));
}

TEST(a_park_ends_at_its_deadline_and_not_before)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t deadline = nt_time_now() + i * NT_MILLISECOND;
        check(!nt_park(&parker, deadline));
        check(nt_time_now() >= deadline);
    }
}

struct race {
    struct nt_parker *parker;
    uint64_t at;
};

static void unpark_at(void *argument)
{
    struct race *race = argument;

    while (nt_time_now() < race->at) {
        nt_cpu_relax();
    }
    nt_unpark(race->parker);
}

/* An unpark that meets the deadline is seen by this park or by the next one, never by both and never by none. */
TEST(an_unpark_at_the_deadline_is_taken_once)
{
    for (unsigned i = 0; i < 300; i++) {
        struct nt_parker parker;
        nt_parker_init(&parker);
        struct race race = {&parker, nt_time_now() + 3 * NT_MILLISECOND};
        uint64_t deadline = race.at + i % 7 * 100;
        require(nt_thread_start(unpark_at, &race, NULL) == NT_SUCCESS);
        bool taken = nt_park(&parker, deadline);
        require(ground_wait_threads_ended(UNIT_PATIENCE));
        check_equal(taken + nt_park(&parker, 0), 1);
    }
}

struct crowd {
    _Atomic(struct nt_parker *) waiting;
    _Atomic bool over;
};

static void unpark_whoever_waits(void *argument)
{
    struct crowd *crowd = argument;

    while (!atomic_load(&crowd->over)) {
        struct nt_parker *parker = atomic_exchange(&crowd->waiting, NULL);
        if (parker != NULL) {
            nt_unpark(parker);
        }
    }
}

static __attribute__((noinline)) bool park_on_own_frame(struct crowd *crowd)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    atomic_store(&crowd->waiting, &parker);
    return nt_park(&parker, NT_FOREVER);
}

TEST(a_parker_may_go_out_of_scope_once_it_is_unparked)
{
    struct crowd crowd = {0};
    unsigned parked = 0;

    require(nt_thread_start(unpark_whoever_waits, &crowd, NULL) == NT_SUCCESS);
    for (unsigned i = 0; i < 5000; i++) {
        parked += park_on_own_frame(&crowd);
    }
    atomic_store(&crowd.over, true);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(parked, 5000);
}

static _Atomic unsigned apcs_run;

static void count_apc(void *argument)
{
    atomic_fetch_add(&apcs_run, *(unsigned *)argument);
}

struct alertable {
    struct nt_parker parker;
    nt_handle event;
    struct unit_gate ready;
};

static void park_alertable(void *argument)
{
    struct alertable *alertable = argument;

    nt_parker_init(&alertable->parker);
    unit_gate_open(&alertable->ready);
    nt_park_alertable(&alertable->parker, alertable->event);
}

TEST(apcs_run_during_an_alertable_park_and_do_not_end_it)
{
    struct alertable alertable = {.ready = UNIT_GATE};
    unsigned one = 1;

    require(nt_event_create(&alertable.event, false) == NT_SUCCESS);
    require(nt_thread_start(park_alertable, &alertable, NULL) == NT_SUCCESS);
    require(unit_gate_pass(&alertable.ready));
    for (unsigned i = 1; i <= 20; i++) {
        ground_queue_apc(alertable.parker.thread, count_apc, &one);
        check_soon(atomic_load(&apcs_run) == i);
    }
    check_equal(ground_live_threads(), 1);
    /* A wake without a token does not end it either. */
    nt_event_set(alertable.event);
    check_soon(!ground_event_is_set(alertable.event) && ground_waiters(alertable.event) == 1);
    check_equal(ground_live_threads(), 1);
    nt_unpark_alertable(&alertable.parker, alertable.event);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    nt_handle_close(alertable.event);
}
