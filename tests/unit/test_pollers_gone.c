// SPDX-License-Identifier: MIT
/* Pollers of the completion port that are terminated, which tells nobody: at rest, waiting for their turn, visiting. */
#include "sched_help.h"
#include "sched/port.h"
#include "sched/turn.h"
#include "sched/visit.h"

enum { ENOUGH = 2000 };

static struct tally tally;
static struct job *job;
static nt_handle file;
static _Atomic uint32_t pollers_thread, visitors_thread;
static _Atomic bool must_hold;
static _Atomic unsigned delivered;
static struct sched_worker *_Atomic waiter; /* it has no thread any more */
static _Atomic uint32_t waiters_thread;

static struct sched_pool *deliver(const struct nt_completion *completion)
{
    struct sched_pool *pool = job->pool;

    (void)completion;
    atomic_store(&pollers_thread, nt_thread_id());
    sched_post_quietly(&job->task);
    atomic_fetch_add(&delivered, 1);
    return pool;
}

/* The visitor that is to be held sleeps, and says who it is first. */
static void hold_a_visitor(struct job *unused, struct sched_worker *worker)
{
    bool must = true;
    struct nt_parker parker;

    (void)unused;
    if (!worker->is_visitor || !atomic_compare_exchange_strong(&must_hold, &must, false))
        return;
    nt_parker_init(&parker);
    atomic_store(&visitors_thread, nt_thread_id());
    nt_park(&parker, NT_FOREVER);
}

static struct sched_pool *bind(uint32_t maximum)
{
    struct sched_pool *pool = pool_make(maximum);

    file = ground_file_create();
    job = job_create(pool, &tally, hold_a_visitor, NULL);
    require(sched_port_bind(file, 0, deliver) == NT_SUCCESS);
    return pool;
}

static void complete(void)
{
    static char context;

    sched_port_expect();
    ground_file_complete(file, &context, NT_SUCCESS, 0);
}

static void complete_and_wait(void)
{
    uint32_t before = atomic_load(&tally.ended);

    complete();
    require_soon(atomic_load(&tally.ended) > before);
}

static void end(struct sched_pool *pool)
{
    nt_handle_close(file);
    jobs_end(pool, &job, 1);
}

/* The one that delivered last has the turn: it polls again, or is about to. */
static void terminate_who_polls(void)
{
    complete_and_wait();
    require_soon(ground_waits_at_port(file));
    ground_terminate_parked(atomic_load(&pollers_thread));
}

TEST(a_poller_that_was_terminated_at_rest_is_replaced)
{
    struct sched_pool *pool = bind(1); /* once it has its one worker nobody visits, and no poller comes for that */

    for (unsigned i = 1; i <= 3; i++) {
        terminate_who_polls();
        complete_and_wait();
        check_equal(atomic_load(&tally.ended), 2 * i);
    }
    end(pool);
}

/* What was begun before, and ends after. */
TEST(a_poller_is_replaced_when_nothing_was_begun_since)
{
    struct sched_pool *pool = bind(1);

    complete_and_wait();
    sched_port_expect();
    terminate_who_polls();
    ground_file_complete(file, NULL, NT_SUCCESS, 0);
    check_soon(atomic_load(&tally.ended) == 3);
    end(pool);
}

TEST(a_poller_is_replaced_once_threads_can_be_had)
{
    struct sched_pool *pool = bind(1);

    terminate_who_polls();
    complete_and_wait();
    terminate_who_polls();
    uint64_t tries = ground_calls(GROUND_THREAD);
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    complete();
    require_soon(ground_calls(GROUND_THREAD) > tries + 1);
    check_equal(atomic_load(&tally.ended), 3);
    ground_fail_nothing();
    check_soon(atomic_load(&tally.ended) == 4);
    end(pool);
}

static void complete_until_some_wait_for_their_turn(void)
{
    for (unsigned i = 0; i < ENOUGH && !sched_turn_is_wanted(); i++)
        complete_and_wait();
    require_soon(sched_turn_is_wanted());
}

TEST(the_turn_of_a_poller_that_was_terminated_goes_to_one_that_waits_for_it)
{
    struct sched_pool *pool = bind(0);

    complete_until_some_wait_for_their_turn();
    terminate_who_polls();
    for (unsigned i = 0; i < 100; i++)
        complete_and_wait();
    end(pool);
}

/* All of them in turn, and more than once. */
TEST(the_port_outlives_its_pollers)
{
    struct sched_pool *pool = bind(0);

    for (unsigned i = 0; i < 6; i++) {
        terminate_who_polls();
        complete_and_wait();
    }
    end(pool);
}

TEST(a_poller_that_was_terminated_in_a_callback_is_replaced)
{
    struct sched_pool *pool = bind(0);

    complete_until_some_wait_for_their_turn();
    for (unsigned round = 0; round < 3; round++) {
        atomic_store(&visitors_thread, 0);
        atomic_store(&must_hold, true);
        for (unsigned i = 0; i < ENOUGH && atomic_load(&must_hold); i++) {
            uint32_t before = atomic_load(&tally.begun);
            complete();
            require_soon(atomic_load(&tally.begun) > before);
        }
        require_soon(atomic_load(&visitors_thread) != 0);
        ground_terminate_parked(atomic_load(&visitors_thread));
        sched_port_expect();
        sched_wait_idle(&job->task); /* the callback of who is gone is over for those who wait for it */
        complete_and_wait();
    }
    check_soon(pool_total(pool_load_state(pool)) == pool_idle(pool_load_state(pool)));
    end(pool);
}

static void wait_for_the_turn(void *unused)
{
    struct sched_worker *visitor = sched_visitor_allocate();

    (void)unused;
    sched_visitor_begin(visitor);
    atomic_store(&waiters_thread, nt_thread_id());
    atomic_store(&waiter, visitor);
    sched_turn_take(&visitor->turn);
}

static void count_waiter(struct sched_worker *worker, void *count)
{
    *(unsigned *)count += worker == atomic_load(&waiter);
}

/* Whether a thread goes by the record of the waiter. */
static bool waiter_is_registered(void)
{
    unsigned count = 0;

    for (unsigned bucket = 0; bucket < SCHED_REGISTRY_BUCKETS; bucket++)
        sched_registry_visit(bucket, count_waiter, &count);
    return count != 0;
}

/* Whoever gave it the turn may be about to unpark it still, however late: the record must stay what it was. */
TEST(the_record_of_a_poller_that_was_given_its_turn_in_vain_is_nobody_elses)
{
    struct sched_pool *pool = bind(1);

    complete_and_wait();
    require_soon(sched_turn_is_wanted()); /* a second poller was of use for the first callback */
    require(nt_thread_start(wait_for_the_turn, NULL, NULL) == NT_SUCCESS);
    require_soon(atomic_load(&waiter) && sched_turn_is_awaited_by(&atomic_load(&waiter)->turn));
    ground_terminate_parked(atomic_load(&waiters_thread));
    terminate_who_polls();
    require_soon(!sched_turn_is_awaited_by(&atomic_load(&waiter)->turn)); /* it was given the turn, */
    complete_and_wait();                                                  /* and was missed */
    check(!waiter_is_registered());
    for (unsigned i = 0; i < 4; i++) { /* those who come now need records */
        terminate_who_polls();
        complete_and_wait();
        check(!waiter_is_registered());
    }
    end(pool);
}

/* One look, and no other: nobody is missing. */
TEST(a_port_that_is_counted_on_leaves_the_keeper_alone_afterwards)
{
    ground_speed_clocks(20);
    struct sched_pool *pool = bind(1);

    complete_and_wait();
    unit_pause(NT_SECOND / 10); /* two seconds of the ground's: time itself has to pass */
    uint64_t wake_ups = ground_wake_ups();
    unit_pause(NT_SECOND / 4);
    check(ground_wake_ups() == wake_ups);
    end(pool);
}
