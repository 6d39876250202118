// SPDX-License-Identifier: MIT
/* tp/: work, simple callbacks, groups, and the actions of callbacks, over the POSIX ground. */
#include "tp_help.h"
#include "tp/group.h"
#include "tp/instance.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

static struct unit_gate gate = UNIT_GATE;
static _Atomic unsigned calls, others;

static void count_work(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)work;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void count_simple(struct tp_instance *instance, void *context)
{
    (void)instance;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void pass_gate(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance, (void)work;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    check(unit_gate_pass(&gate));
}

static struct tp_work *make_work(tp_work_callback *callback, void *context, const struct tp_environ *environ)
{
    struct tp_work *work = NULL;

    require(tp_work_create(&work, callback, context, environ) == NT_SUCCESS);
    return work;
}

/* ---- work and simple callbacks ------------------------------------------------------------------ */

TEST(posted_work_runs_as_often_as_posted)
{
    struct tp_work *work = make_work(count_work, &calls, NULL);

    for (unsigned i = 0; i < 1000; i++) {
        tp_work_post(work);
    }
    tp_work_wait(work, false);
    check_equal(atomic_load(&calls), 1000);
    tp_work_close(work);
}

TEST(waiting_with_cancel_drops_what_has_not_begun)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = in_pool(pool);
    struct tp_work *blocked = make_work(pass_gate, &others, &environ);
    struct tp_work *work = make_work(count_work, &calls, &environ);

    tp_work_post(blocked);
    require_soon(unit_gate_waiting(&gate) == 1);
    for (unsigned i = 0; i < 100; i++) {
        tp_work_post(work);
    }
    tp_work_wait(work, true);
    check_equal(atomic_load(&calls), 0);
    tp_work_post(work);
    unit_gate_open(&gate);
    tp_work_wait(work, false);
    check_equal(atomic_load(&calls), 1);
    tp_work_close(work);
    tp_work_close(blocked);
    end_pool(pool);
}

static struct tp_work *_Atomic self;

static void close_self(struct tp_instance *instance, void *context, struct tp_work *work)
{
    (void)instance;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    tp_work_close(work);
}

TEST(work_may_close_itself_and_is_known_as_closed_then)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = in_pool(pool);
    struct tp_work *work = make_work(close_self, &calls, &environ);

    tp_work_post(work);
    check_soon(atomic_load(&calls) == 1);
    check_soon(!slab_is_live(work, SLAB_WORK));
    atomic_store(&self, work);
    check_equal(ground_raised(tp_work_post(atomic_load(&self))), NT_INVALID_PARAMETER);
    check_equal(ground_raised(tp_work_wait(atomic_load(&self), false)), NT_INVALID_PARAMETER);
    check_equal(ground_raised(tp_work_close(atomic_load(&self))), NT_INVALID_PARAMETER);
    end_pool(pool);
}

TEST(foreign_and_wrong_kinds_of_object_are_turned_away)
{
    struct tp_timer *timer = NULL;
    static char foreign[256];

    require(tp_timer_create(&timer, (tp_timer_callback *)(uintptr_t)count_simple, NULL, NULL) == NT_SUCCESS);
    check_equal(ground_raised(tp_work_post((struct tp_work *)timer)), NT_INVALID_PARAMETER);
    check_equal(ground_raised(tp_work_post((struct tp_work *)foreign)), NT_INVALID_PARAMETER);
    check_equal(ground_raised(tp_work_post(NULL)), NT_INVALID_PARAMETER);
    check_equal(ground_raised(tp_pool_close((struct tp_pool *)timer)), NT_INVALID_PARAMETER);
    tp_timer_close(timer);
}

static void *served;

static void serve_elsewhere(void *work)
{
    served = work;
}

TEST(what_is_the_systems_goes_to_the_system)
{
    static char foreign[256];

    ground_set_system_function("TpPostWork", (void *)(uintptr_t)serve_elsewhere);
    tp_work_post((struct tp_work *)foreign);
    check(served == foreign);
}

TEST(simple_callbacks_run_each_once)
{
    for (unsigned i = 0; i < 5000; i++) {
        check_equal(tp_simple_post(count_simple, &calls, NULL), NT_SUCCESS);
    }
    check_soon(atomic_load(&calls) == 5000);
    check_equal(tp_simple_post(NULL, NULL, NULL), NT_INVALID_PARAMETER);
}

TEST(bad_environments_are_refused)
{
    struct tp_work *work = NULL;
    struct tp_environ environ = {.version = 7};

    check_equal(tp_work_create(&work, count_work, &calls, &environ), NT_INVALID_PARAMETER);
    environ = in_pool(NULL);
    environ.priority = 99;
    check_equal(tp_work_create(&work, count_work, &calls, &environ), NT_INVALID_PARAMETER);
    check_equal(tp_work_create(&work, NULL, &calls, NULL), NT_INVALID_PARAMETER);
    check(work == NULL);
}

TEST(the_worker_of_a_persistent_callback_stays)
{
    struct tp_environ environ = in_pool(make_pool(1));

    ground_speed_clocks(100);
    check_equal(tp_simple_post(count_simple, &calls, &environ), NT_SUCCESS);
    check_soon(atomic_load(&calls) == 1);
    check_soon(atomic_load(&sched_workers_now) == 0); /* one that is not asked to stay goes */
    environ.flags = TP_ENVIRON_PERSISTENT;
    check_equal(tp_simple_post(count_simple, &calls, &environ), NT_SUCCESS);
    check_soon(atomic_load(&calls) == 2);
    unit_pause(NT_SECOND);
    check_equal(atomic_load(&sched_workers_now), 1);
    end_pool(environ.pool);
}

static _Atomic uint32_t identities[2];

static void become_somebody(struct tp_instance *instance, void *token)
{
    (void)instance;
    check_equal(nt_token_impersonate(token), NT_SUCCESS);
    atomic_store(&identities[0], ground_identity());
}

static void tell_identity(struct tp_instance *instance, void *context)
{
    (void)instance, (void)context;
    atomic_store(&identities[1], ground_identity() + 1);
}

TEST(an_identity_that_a_callback_keeps_does_not_reach_the_next)
{
    struct tp_environ environ = in_pool(make_pool(1));
    nt_handle token = ground_token_create(77);

    check_equal(tp_simple_post(become_somebody, token, &environ), NT_SUCCESS);
    check_equal(tp_simple_post(tell_identity, NULL, &environ), NT_SUCCESS);
    check_soon(atomic_load(&identities[1]) == 1);
    check_equal(atomic_load(&identities[0]), 77);
    end_pool(environ.pool);
    nt_handle_close(token);
}

/* ---- what happens when a callback returns ---------------------------------------------------------- */

static struct {
    pthread_mutex_t section;
    nt_handle mutex;
    nt_handle semaphore;
    nt_handle event;
    struct ground_library library;
} left;

static void leave_all(struct tp_instance *instance, void *context)
{
    (void)context;
    pthread_mutex_lock(&left.section);
    check_equal(nt_wait_any(1, &left.mutex, NT_FOREVER), 0);
    tp_instance_leave_critical_section(instance, &left.section);
    tp_instance_release_mutex(instance, left.mutex);
    tp_instance_release_semaphore(instance, left.semaphore, 3);
    tp_instance_set_event(instance, left.event);
    tp_instance_unload_library(instance, &left.library);
    check_equal(ground_semaphore_count(left.semaphore), 0);
    check(!ground_event_is_set(left.event));
    check_equal(atomic_load(&left.library.references), 2);
}

TEST(what_a_callback_asked_for_happens_when_it_returns)
{
    pthread_mutex_init(&left.section, NULL);
    left.mutex = ground_mutex_create(false);
    left.semaphore = ground_semaphore_create(0, 10);
    left.event = ground_event_create(true, false);
    atomic_store(&left.library.references, 2);
    check_equal(tp_simple_post(leave_all, NULL, NULL), NT_SUCCESS);
    check_soon(atomic_load(&left.library.references) == 1);
    check(ground_event_is_set(left.event));
    check_equal(ground_semaphore_count(left.semaphore), 3);
    check_equal(nt_wait_any(1, &left.mutex, 0), 0);
    check_equal(pthread_mutex_trylock(&left.section), 0);
    pthread_mutex_unlock(&left.section);
    nt_mutex_release(left.mutex);
    nt_handle_close(left.mutex);
    nt_handle_close(left.semaphore);
    nt_handle_close(left.event);
}

static struct ground_library library = {1};

TEST(a_library_is_held_while_callbacks_are_queued_or_running)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = in_pool(pool);

    environ.library = &library;
    struct tp_work *work = make_work(pass_gate, &calls, &environ);
    check_equal(atomic_load(&library.references), 1);
    tp_work_post(work);
    tp_work_post(work);
    require_soon(unit_gate_waiting(&gate) == 1);
    check(atomic_load(&library.references) > 1);
    unit_gate_open(&gate);
    tp_work_wait(work, false);
    check_soon(atomic_load(&library.references) == 1);
    check_equal(atomic_load(&calls), 2);

    unit_gate_shut(&gate);
    tp_work_post(work);
    require_soon(unit_gate_waiting(&gate) == 1);
    tp_work_post(work);
    unit_gate_open(&gate);
    tp_work_wait(work, true);
    check_soon(atomic_load(&library.references) == 1);
    tp_work_close(work);
    end_pool(pool);
}

/* ---- cleanup groups ---------------------------------------------------------------------------------------- */

static void count_cancel(void *object_context, void *cleanup_context)
{
    (void)object_context;
    atomic_fetch_add((_Atomic unsigned *)cleanup_context, 1);
}

TEST(closing_a_group_waits_for_its_members)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_group *group = NULL;
    struct tp_environ environ = in_pool(pool);

    require(tp_group_create(&group) == NT_SUCCESS);
    environ.group = group;
    for (unsigned i = 0; i < 100; i++) {
        tp_work_post(make_work(count_work, &calls, &environ));
        check_equal(tp_simple_post(count_simple, &calls, &environ), NT_SUCCESS);
    }
    tp_group_close_members(group, false, NULL);
    check_equal(atomic_load(&calls), 200);
    tp_group_close(group);
    end_pool(pool);
}

TEST(closing_a_group_with_cancel_drops_and_tells)
{
    struct tp_pool *pool = make_pool(1);
    struct tp_group *group = NULL;
    struct tp_environ environ = in_pool(pool);
    struct tp_work *blocked = make_work(pass_gate, &others, &environ);
    _Atomic unsigned cancelled = 0;

    require(tp_group_create(&group) == NT_SUCCESS);
    environ.group = group;
    environ.cancel = count_cancel;
    tp_work_post(blocked);
    require_soon(unit_gate_waiting(&gate) == 1);
    for (unsigned i = 0; i < 50; i++) {
        tp_work_post(make_work(count_work, &calls, &environ));
        check_equal(tp_simple_post(count_simple, &calls, &environ), NT_SUCCESS);
    }
    tp_group_close_members(group, true, &cancelled);
    check_equal(atomic_load(&calls), 0);
    check_equal(atomic_load(&cancelled), 100);
    unit_gate_open(&gate);
    tp_work_close(blocked);
    tp_group_close(group);
    end_pool(pool);
    check_equal(atomic_load(&calls), 0);
}

TEST(members_that_close_themselves_race_with_their_group)
{
    struct tp_pool *pool = make_pool(3);
    struct tp_environ environ = in_pool(pool);

    ground_disturb(4242);
    for (unsigned round = 0; round < 200; round++) {
        struct tp_group *group = NULL;
        _Atomic unsigned cancelled = 0;
        unsigned before = atomic_load(&calls);
        require(tp_group_create(&group) == NT_SUCCESS);
        environ.group = group;
        for (unsigned i = 0; i < 6; i++) {
            tp_work_post(make_work(close_self, &calls, &environ));
        }
        tp_group_close_members(group, round % 2, &cancelled);
        unsigned called = atomic_load(&calls) - before;
        check(round % 2 ? called <= 6 : called == 6);
        tp_group_close(group);
    }
    end_pool(pool);
}

TEST(without_memory_creation_fails_and_what_exists_works)
{
    struct tp_work *work = NULL;
    struct tp_pool *pool = NULL;
    struct tp_group *group = NULL;
    struct tp_timer *timer = NULL;
    struct tp_wait *wait = NULL;

    ground_fail(GROUND_RESERVE, 1, GROUND_ALWAYS);
    ground_fail(GROUND_COMMIT, 1, GROUND_ALWAYS);
    check_equal(tp_work_create(&work, count_work, &calls, NULL), NT_NO_MEMORY);
    check_equal(tp_pool_create(&pool, NULL), NT_NO_MEMORY);
    check_equal(tp_group_create(&group), NT_NO_MEMORY);
    check_equal(tp_timer_create(&timer, (tp_timer_callback *)(uintptr_t)count_simple, &calls, NULL), NT_NO_MEMORY);
    check_equal(tp_wait_create(&wait, (tp_wait_callback *)(uintptr_t)count_simple, &calls, NULL), NT_NO_MEMORY);
    check_equal(tp_simple_post(count_simple, &calls, NULL), NT_NO_MEMORY);
    ground_fail_nothing();
    work = make_work(count_work, &calls, NULL);
    tp_work_post(work);
    tp_work_wait(work, false);
    check_equal(atomic_load(&calls), 1);
    tp_work_close(work);
}
