// SPDX-License-Identifier: MIT
/* The turn at the port: one at a time has it, and it is never lost. */
#include "explore.h"
#include "sched/keeper.h"
#include "sched/lot.h"
#include "sched/turn.h"

enum { TAKERS = 3, ROUNDS = 2, LOOKS = 20 };

static struct sched_turn_taker takers[TAKERS];
static _Atomic unsigned polls, done, inside;

static bool nobody_polled(void *before)
{
    return atomic_load(&polls) == *(unsigned *)before;
}

static void poll_once(void)
{
    explore_check_equal(atomic_fetch_add(&inside, 1), 0);
    explore_check_equal(atomic_fetch_sub(&inside, 1), 1);
    atomic_fetch_add(&polls, 1);
    sched_lot_wake(&polls, SCHED_LOT_ALL);
}

enum callback { RETURNS, SAYS_THAT_IT_MAY_BLOCK, BLOCKS, CALLBACKS };

/* What blocks goes on when another polls. */
static void run_callback(struct sched_turn_taker *taker)
{
    enum callback callback = (enum callback)explore_pick(CALLBACKS);
    unsigned before = atomic_load(&polls);

    sched_turn_lease(taker);
    if (callback == SAYS_THAT_IT_MAY_BLOCK)
        sched_turn_end_lease(taker);
    while (callback == BLOCKS && nobody_polled(&before))
        sched_lot_wait(&polls, nobody_polled, &before, NT_FOREVER);
    if (!sched_turn_resume(taker))
        sched_turn_take(taker);
}

/* Ends with the turn on lease, as a thread does that is terminated in a callback, unless somebody waits for it. */
static void take_turns(void *argument)
{
    struct sched_turn_taker *taker = argument;

    sched_turn_take(taker);
    for (unsigned i = 0; i < ROUNDS; i++) {
        poll_once();
        if (sched_turn_is_wanted())
            run_callback(taker);
    }
    poll_once();
    atomic_fetch_add(&done, 1);
    if (!sched_turn_pass(taker))
        sched_turn_lease(taker);
}

SCENARIO(the_turn_is_never_lost)
{
    unsigned threads[TAKERS];

    for (unsigned i = 0; i < TAKERS; i++)
        threads[i] = explore_start(take_turns, &takers[i]);
    for (unsigned i = explore_pick(LOOKS); i > 0; i--)
        sched_turn_look();
    for (explore_settle(); atomic_load(&done) < TAKERS; explore_settle())
        sched_turn_look();
    for (unsigned i = 0; i < TAKERS; i++)
        explore_join(threads[i]);
}

static uint32_t ids[TAKERS];

static void take_turns_and_leave(void *argument)
{
    struct sched_turn_taker *taker = argument;

    ids[taker - takers] = nt_thread_id();
    for (unsigned i = 0; i < ROUNDS; i++) {
        sched_turn_take(taker);
        poll_once();
        if (sched_turn_is_wanted()) {
            sched_turn_lease(taker);
            if (explore_pick(2))
                sched_turn_end_lease(taker);
            if (!sched_turn_resume(taker))
                sched_turn_take(taker);
            poll_once();
        }
        if (explore_pick(2) && sched_turn_pass(taker))
            continue;
        sched_turn_leave(taker);
    }
    atomic_fetch_add(&done, 1);
}

/* It waited for the turn, or had just been given it: the others have it all the same, and one at a time. */
SCENARIO(who_waits_for_the_turn_is_terminated, .time_passes = true)
{
    unsigned threads[TAKERS], victim = explore_pick(TAKERS);

    for (unsigned i = 0; i < TAKERS; i++)
        threads[i] = explore_start(take_turns_and_leave, &takers[i]);
    for (unsigned i = explore_pick(LOOKS); i > 0; i--)
        sched_turn_look();
    bool gone = explore_terminate(ids[victim], NULL);
    if (gone)
        sched_turn_leave(&takers[victim]);
    for (unsigned i = 0; i < TAKERS; i++)
        if (!gone || i != victim)
            explore_join(threads[i]);
    explore_check_equal(atomic_load(&done), TAKERS - gone);
    sched_turn_take(&takers[victim]); /* it is free */
    explore_check(!sched_turn_is_wanted());
}

/* The keeper's end of it: it stops to look, and a lease begins. */
static void lease_once(void *unused)
{
    (void)unused;
    sched_turn_take(&takers[0]);
    for (unsigned i = 0; i < ROUNDS; i++) {
        sched_turn_lease(&takers[0]);
        sched_keeper_watch_turn();
        explore_check(sched_turn_resume(&takers[0])); /* nobody waits for it */
    }
}

/* Without being asked, the keeper takes the turn away from who has it for good. */
SCENARIO(a_lease_is_watched, .time_passes = true)
{
    sched_turn_take(&takers[1]);
    unsigned thread = explore_start(lease_once, NULL);
    sched_turn_lease(&takers[1]);
    sched_keeper_watch_turn();
    explore_join(thread);
}
