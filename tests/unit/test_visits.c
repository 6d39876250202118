// SPDX-License-Identifier: MIT
/* sched/visit.h: pollers that run what they posted themselves, and leave the pool as they found it. */
#include "sched_help.h"
#include "sched/port.h"
#include "sched/turn.h"
#include "sched/visit.h"

enum { ENOUGH = 2000 };

static struct tally tally;
static struct unit_gate gate = UNIT_GATE;
static struct job *job;
static nt_handle file;
static _Atomic unsigned on_visitors;
static struct sched_worker *_Atomic held_visitor;

static struct sched_pool *deliver(const struct nt_completion *completion)
{
    struct sched_pool *pool = job->pool;

    (void)completion;
    sched_post_quietly(&job->task);
    return pool;
}

static void count_visits(struct job *unused, struct sched_worker *worker)
{
    (void)unused;
    if (worker->is_visitor)
        atomic_fetch_add(&on_visitors, 1);
}

/* The first visitor stays until the gate is opened. */
static void hold_a_visitor(struct job *unused, struct sched_worker *worker)
{
    struct sched_worker *none = NULL;

    if (worker->is_visitor && atomic_compare_exchange_strong(&held_visitor, &none, worker))
        check(unit_gate_pass(unused->argument));
}

static struct sched_pool *bind(uint32_t maximum, job_body *body)
{
    struct sched_pool *pool = pool_make(maximum);

    file = ground_file_create();
    job = job_create(pool, &tally, body, &gate);
    require(sched_port_bind(file, 0, deliver) == NT_SUCCESS);
    return pool;
}

static void complete_one(void)
{
    static char context;

    ground_file_complete(file, &context, NT_SUCCESS, 0);
}

/* One at a time, so that the pool wants somebody for each. */
static void complete_and_wait(void)
{
    uint32_t before = atomic_load(&tally.ended);

    complete_one();
    require_soon(atomic_load(&tally.ended) > before);
}

static void complete_until_one_is_held(void)
{
    for (unsigned i = 0; i < ENOUGH && !atomic_load(&held_visitor); i++) {
        uint32_t before = atomic_load(&tally.ended);
        complete_one();
        require_soon(atomic_load(&tally.ended) > before || unit_gate_waiting(&gate) == 1);
    }
    require_soon(unit_gate_waiting(&gate) == 1);
}

static void end(struct sched_pool *pool)
{
    nt_handle_close(file);
    jobs_end(pool, &job, 1);
}

TEST(a_poller_runs_what_it_has_posted_and_leaves)
{
    struct sched_pool *pool = bind(0, count_visits);

    for (unsigned i = 0; i < ENOUGH && atomic_load(&on_visitors) < 10; i++)
        complete_and_wait();
    check_equal(atomic_load(&on_visitors), 10);
    /* The first callback was run by a worker, which is parked. */
    check_soon(pool_total(pool_load_state(pool)) == pool_idle(pool_load_state(pool)));
    unsigned keeper = 1, pollers = sched_processors() + 1;
    check(ground_live_threads() <= keeper + pollers + pool_total(pool_load_state(pool)));
    end(pool);
}

TEST(a_visitor_that_is_blocked_does_not_stall_the_port)
{
    struct sched_pool *pool = bind(0, hold_a_visitor);

    complete_until_one_is_held();
    uint32_t before = atomic_load(&tally.ended);
    for (unsigned i = 0; i < 500; i++)
        complete_one();
    check_soon(atomic_load(&tally.ended) == before + 500);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.ended) == before + 501);
    end(pool);
}

static _Atomic unsigned leases, leases_kept;

static void count_leases(struct job *unused, struct sched_worker *worker)
{
    (void)unused;
    if (worker->is_visitor && sched_turn_is_leased()) {
        atomic_fetch_add(&leases, 1);
        sched_may_run_long(worker);
        if (sched_turn_is_leased())
            atomic_fetch_add(&leases_kept, 1);
    }
}

/* One that says so passes it on at once. */
TEST(a_visitor_has_its_turn_on_lease_until_it_may_run_long)
{
    struct sched_pool *pool = bind(0, count_leases);

    for (unsigned i = 0; i < ENOUGH && atomic_load(&leases) < 3; i++)
        complete_and_wait();
    check_equal(atomic_load(&leases), 3);
    check_equal(atomic_load(&leases_kept), 0);
    end(pool);
}

TEST(leases_do_not_keep_the_keeper_awake)
{
    struct sched_pool *pool = bind(0, count_visits);

    for (unsigned i = 0; i < ENOUGH && atomic_load(&on_visitors) < 10; i++)
        complete_and_wait();
    check_equal(atomic_load(&on_visitors), 10);
    unit_pause(NT_SECOND / 5);
    uint64_t wake_ups = ground_wake_ups();
    unit_pause(NT_SECOND / 2);
    check_equal(ground_wake_ups() - wake_ups, 0);
    end(pool);
}

TEST(a_visitor_counts_as_one_of_the_pools_workers)
{
    struct sched_pool *pool = bind(1, hold_a_visitor);

    /* The one worker that there may be is parked: it is woken, and nobody visits. */
    for (unsigned i = 0; i < 100; i++)
        complete_and_wait();
    check(atomic_load(&held_visitor) == NULL);
    sched_pool_set_maximum(pool, 2);
    complete_until_one_is_held();
    sched_pool_set_maximum(pool, 1);
    uint32_t before = atomic_load(&tally.ended);
    complete_one();
    check_equal(atomic_load(&tally.ended), before);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.ended) == before + 2);
    check_equal(atomic_load(&tally.peak), 1);
    end(pool);
}

TEST(a_pool_with_a_minimum_has_no_visitors)
{
    struct sched_pool *pool = bind(4, count_visits);

    require(sched_pool_set_minimum(pool, 1) == NT_SUCCESS);
    for (unsigned i = 0; i < 200; i++)
        complete_and_wait();
    check_equal(atomic_load(&on_visitors), 0);
    end(pool);
}

TEST(a_minimum_that_counted_a_visitor_holds_when_it_leaves)
{
    struct sched_pool *pool = bind(0, hold_a_visitor);

    complete_until_one_is_held();
    uint32_t minimum = pool_total(pool_load_state(pool));
    require(sched_pool_set_minimum(pool, minimum) == NT_SUCCESS);
    unit_gate_open(&gate);
    check_soon(pool_idle(pool_load_state(pool)) == minimum);
    check_equal(pool_total(pool_load_state(pool)), minimum);
    end(pool);
}

TEST(a_pool_whose_stacks_were_set_has_no_visitors)
{
    struct sched_pool *pool = bind(0, count_visits);

    sched_pool_set_stack(pool, (struct nt_stack_size){1 << 20, 1 << 16});
    for (unsigned i = 0; i < 200; i++)
        complete_and_wait();
    check_equal(atomic_load(&on_visitors), 0);
    end(pool);
}

TEST(a_pool_may_end_while_it_is_visited)
{
    struct sched_pool *pool = bind(0, hold_a_visitor);

    complete_until_one_is_held();
    nt_handle_close(file);
    job_close(job);
    sched_pool_leave(pool);
    check_equal(pools_released(), 0);
    unit_gate_open(&gate);
    check_soon(pools_released() == 1);
    check_equal(atomic_load(&tally.closed), 1);
}

static void end_a_visitors_thread(struct job *unused, struct sched_worker *worker)
{
    count_visits(unused, worker);
    if (worker->is_visitor) {
        atomic_fetch_add(&tally.ended, 1);
        sched_thread_ends();
        ground_end_thread();
    }
}

TEST(pollers_whose_thread_a_callback_ends_are_replaced)
{
    struct sched_pool *pool = bind(0, end_a_visitors_thread);

    for (unsigned i = 0; i < ENOUGH && atomic_load(&on_visitors) < 10; i++)
        complete_and_wait();
    check_equal(atomic_load(&on_visitors), 10);
    complete_and_wait();
    end(pool);
}

/* A late poller may look at a pool that was made on the record of the one it delivered to. */
TEST(a_pool_that_nobody_posted_to_is_not_visited)
{
    struct sched_pool *pool = pool_make(0);
    struct sched_worker *visitor = sched_visitor_allocate();
    uint64_t state = pool_load_state(pool);

    sched_visitor_begin(visitor);
    check(sched_pool_wants_visitor(pool));
    check(!sched_visit_begin(visitor, pool));
    check(pool_load_state(pool) == state);
    job = job_create(pool, &tally, count_visits, NULL);
    sched_post_quietly(&job->task);
    require(sched_visit_begin(visitor, pool));
    sched_visit(visitor);
    check_equal(atomic_load(&on_visitors), 1);
    check(pool_load_state(pool) == state);
    sched_visitor_end(visitor);
    jobs_end(pool, &job, 1);
}

/* The same for pools that must not be visited, whatever was known of the one before. */
TEST(the_process_own_pools_of_one_thread_are_not_visited)
{
    struct sched_pool *pool = sched_pool_create_immortal(POOL_KEEPS_WORKERS, 1);
    struct sched_worker *visitor = sched_visitor_allocate();

    sched_visitor_begin(visitor);
    job = job_create(pool, &tally, count_visits, NULL);
    sched_post_quietly(&job->task);
    check(!sched_pool_wants_visitor(pool));
    check(!sched_visit_begin(visitor, pool));
    sched_pool_notify(pool);
    check_soon(atomic_load(&tally.ended) == 1);
    check_equal(atomic_load(&on_visitors), 0);
    sched_visitor_end(visitor);
    job_close(job);
}
