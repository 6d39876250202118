// SPDX-License-Identifier: MIT
/* tp/legacy.h over the POSIX ground: work items, registered waits, timer queues, and the races of their ends. */
#include "unit.h"
#include "sched/worker.h"
#include "tp/legacy.h"
#include "tp/legacy_timer.h"
#include "tp/pool.h"

static struct unit_gate gate = UNIT_GATE;
static _Atomic unsigned calls;
static _Atomic unsigned timeouts;
static _Atomic uint32_t last_thread;

static uint32_t count_item(void *context)
{
    atomic_store(&last_thread, nt_thread_id());
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    return 0;
}

static void count_call(void *context, unsigned char timed_out)
{
    atomic_fetch_add(&timeouts, timed_out != 0);
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void pass_gate(void *context, unsigned char timed_out)
{
    (void)timed_out;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    check(unit_gate_pass(&gate));
}

/* ---- work items ------------------------------------------------------------------------------------- */

TEST(work_items_run_each_once)
{
    for (unsigned i = 0; i < 5000; i++) {
        check_equal(tp_queue_work_item(count_item, &calls, i % 2 ? TP_EXECUTE_LONG_FUNCTION : 0), NT_SUCCESS);
    }
    check_soon(atomic_load(&calls) == 5000);
    check_equal(tp_queue_work_item(NULL, NULL, 0), NT_INVALID_PARAMETER);
}

TEST(a_limit_in_the_flags_raises_the_maximum_and_lowers_none)
{
    struct sched_pool *pool = tp_pool_scheduler(NULL);
    static const uint32_t limits[] = {600, 100, 0}, flags = TP_EXECUTE_LONG_FUNCTION;

    require(pool);
    check_equal(atomic_load(&pool->maximum), SCHED_DEFAULT_MAXIMUM);
    for (unsigned i = 0; i < 3; i++) {
        check_equal(tp_queue_work_item(count_item, &calls, flags | limits[i] << 16), NT_SUCCESS);
        check_equal(atomic_load(&pool->maximum), 600);
    }
    check_soon(atomic_load(&calls) == 3);
}

static uint32_t tell_identity(void *context)
{
    atomic_store((_Atomic unsigned *)context, ground_identity());
    return 0;
}

TEST(a_work_item_may_take_its_posters_identity_along)
{
    nt_handle token = ground_token_create(77);
    _Atomic unsigned identity = 1;

    check_equal(nt_token_impersonate(token), NT_SUCCESS);
    check_equal(tp_queue_work_item(tell_identity, &identity, TP_TRANSFER_IMPERSONATION), NT_SUCCESS);
    check_soon(atomic_load(&identity) == 77);
    check_equal(tp_queue_work_item(tell_identity, &identity, 0), NT_SUCCESS);
    check_soon(atomic_load(&identity) == 0);
    check_equal(nt_token_impersonate(NULL), NT_SUCCESS);
    check_soon(ground_open_handles() == 1);
    nt_handle_close(token);
}

TEST(what_cannot_be_had_is_said)
{
    struct tp_legacy_wait *wait = NULL;
    struct tp_timer_queue *queue = NULL;
    struct tp_queue_timer *timer = NULL;
    nt_handle event = ground_event_create(false, false);

    ground_fail(GROUND_RESERVE, 1, GROUND_ALWAYS);
    check_equal(tp_queue_work_item(count_item, &calls, 0), NT_NO_MEMORY);
    check_equal(tp_timer_queue_create(&queue), NT_NO_MEMORY);
    check_equal(tp_queue_timer_create(NULL, &timer, count_call, &calls, 1, 0, 0), NT_NO_MEMORY);
    check_equal(tp_legacy_wait_register(&wait, event, count_call, &calls, TP_INFINITE, 0), NT_NO_MEMORY);
    ground_fail_nothing();
    ground_fail(GROUND_OPEN_FOR_WAIT, 1, 1);
    check_equal(tp_legacy_wait_register(&wait, event, count_call, &calls, TP_INFINITE, 0), NT_INSUFFICIENT_RESOURCES);
    check_equal(ground_open_handles(), 1);
    check_equal(tp_queue_work_item(count_item, &calls, 0), NT_SUCCESS);
    check_soon(atomic_load(&calls) == 1);
    nt_handle_close(event);
}

static uint32_t meet_another(void *context)
{
    check(unit_meet(context));
    atomic_fetch_add(&calls, 1);
    return 0;
}

TEST(io_thread_items_are_items_like_others)
{
    struct unit_meeting meeting = UNIT_MEETING(2);

    check_equal(tp_queue_work_item(meet_another, &meeting, TP_EXECUTE_IN_IO_THREAD), NT_SUCCESS);
    check_equal(tp_queue_work_item(meet_another, &meeting, TP_EXECUTE_IN_IO_THREAD), NT_SUCCESS);
    check_soon(atomic_load(&calls) == 2);
}

/* ---- registered waits --------------------------------------------------------------------------------- */

static struct tp_legacy_wait *register_wait(nt_handle handle, tp_wait_or_timer_callback *callback, void *context,
                                            uint32_t milliseconds, uint32_t flags)
{
    struct tp_legacy_wait *wait = NULL;

    require(tp_legacy_wait_register(&wait, handle, callback, context, milliseconds, flags) == NT_SUCCESS);
    return wait;
}

TEST(a_registered_wait_fires_for_each_signal)
{
    nt_handle semaphore = ground_semaphore_create(0, 1000);
    struct tp_legacy_wait *wait = register_wait(semaphore, count_call, &calls, TP_INFINITE, 0);

    for (unsigned i = 1; i <= 100; i++) {
        nt_semaphore_release(semaphore, 1);
        check_soon(atomic_load(&calls) == i);
    }
    nt_semaphore_release(semaphore, 50);
    check_soon(atomic_load(&calls) == 150);
    check_equal(atomic_load(&timeouts), 0);
    check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    check_equal(tp_legacy_wait_deregister(wait, NULL), NT_INVALID_HANDLE);
    nt_semaphore_release(semaphore, 1);
    check_equal(ground_semaphore_count(semaphore), 1);
    nt_handle_close(semaphore);
    check_equal(ground_bad_handle_uses(), 0);
}

static void count_apc(void *context)
{
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static void note_thread(void *context, unsigned char timed_out)
{
    atomic_store(&last_thread, nt_thread_id());
    count_call(context, timed_out);
}

TEST(the_io_thread_is_one_and_runs_apcs)
{
    nt_handle semaphore = ground_semaphore_create(0, 1000);
    struct tp_legacy_wait *wait = register_wait(semaphore, note_thread, &calls, TP_INFINITE, TP_EXECUTE_IN_IO_THREAD);
    _Atomic unsigned apcs = 0;

    nt_semaphore_release(semaphore, 1);
    require_soon(atomic_load(&calls) == 1);
    uint32_t thread = atomic_load(&last_thread);
    for (unsigned i = 1; i <= 20; i++) {
        ground_queue_apc(thread, count_apc, &apcs);
        check_soon(atomic_load(&apcs) == i);
        nt_semaphore_release(semaphore, 1);
        check_soon(atomic_load(&calls) == i + 1);
        check_equal(atomic_load(&last_thread), thread);
    }
    check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    nt_handle_close(semaphore);
}

TEST(a_once_only_wait_fires_once)
{
    nt_handle event = ground_event_create(true, true);
    struct tp_legacy_wait *wait = register_wait(event, count_call, &calls, TP_INFINITE, TP_EXECUTE_ONLY_ONCE);

    check_soon(atomic_load(&calls) == 1);
    check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    check_equal(atomic_load(&calls), 1);
    nt_handle_close(event);
}

TEST(a_registered_wait_times_out_again_and_again)
{
    nt_handle event = ground_event_create(false, false);
    struct tp_legacy_wait *wait = register_wait(event, count_call, &calls, 1, 0);

    check_soon(atomic_load(&calls) >= 20);
    check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    unsigned after = atomic_load(&calls);
    check_equal(atomic_load(&timeouts), after);
    unit_pause(10 * NT_MILLISECOND);
    check_equal(atomic_load(&calls), after);
    nt_handle_close(event);
}

static struct tp_legacy_wait *_Atomic own_wait;
static _Atomic nt_status own_status = NT_TIMEOUT;

static void deregister_self(void *context, unsigned char timed_out)
{
    (void)timed_out;
    while (atomic_load(&own_wait) == NULL) {
        nt_thread_yield();
    }
    atomic_store(&own_status, tp_legacy_wait_deregister(atomic_load(&own_wait), NULL));
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

TEST(a_registered_wait_may_be_unregistered_from_its_own_callback)
{
    nt_handle event = ground_event_create(false, true);
    unsigned handles = ground_open_handles();

    for (unsigned i = 1; i <= 200; i++) {
        atomic_store(&own_wait, NULL);
        nt_event_set(event);
        atomic_store(&own_wait, register_wait(event, deregister_self, &calls, TP_INFINITE, 0));
        check_soon(atomic_load(&calls) == i);
        check_equal(atomic_load(&own_status), NT_PENDING);
    }
    /* Its own references are gone; the wait thread's control event and the program's stay. */
    check_soon(ground_open_handles() <= handles + 1);
    nt_handle_close(event);
}

TEST(the_event_given_is_set_when_all_is_over)
{
    nt_handle event = ground_event_create(false, false);
    nt_handle done = ground_event_create(false, false);
    struct tp_legacy_wait *wait = register_wait(event, pass_gate, &calls, TP_INFINITE, 0);

    nt_event_set(event);
    require_soon(unit_gate_waiting(&gate) == 1);
    check_equal(tp_legacy_wait_deregister(wait, done), NT_PENDING);
    check(!ground_event_is_set(done));
    unit_gate_open(&gate);
    check(ground_wait_one(done, UNIT_PATIENCE));
    wait = register_wait(event, count_call, &calls, TP_INFINITE, 0);
    check_equal(tp_legacy_wait_deregister(wait, done), NT_SUCCESS);
    check(ground_wait_one(done, UNIT_PATIENCE));
    nt_handle_close(done);
    nt_handle_close(event);
}

struct releaser {
    nt_handle semaphore;
    _Atomic bool over;
};

static void release_on_and_on(void *argument)
{
    struct releaser *releaser = argument;

    while (!atomic_load(&releaser->over)) {
        nt_semaphore_release(releaser->semaphore, 1);
        unit_pause(NT_MILLISECOND / 20);
    }
}

/* Once unregistering has waited, no callback runs, and no signal is taken any more. */
TEST(unregistering_races_with_signals)
{
    struct releaser releaser = {.semaphore = ground_semaphore_create(0, 10000000)};
    struct unit_thread thread;
    static const uint32_t flags[] = {0, TP_EXECUTE_ONLY_ONCE, TP_EXECUTE_IN_WAIT_THREAD, TP_EXECUTE_LONG_FUNCTION};

    ground_disturb(31);
    unit_thread_start(&thread, release_on_and_on, &releaser);
    for (unsigned i = 0; i < 600; i++) {
        struct tp_legacy_wait *wait =
            register_wait(releaser.semaphore, count_call, &calls, i % 5 ? TP_INFINITE : 1, flags[i % 4]);
        for (unsigned spins = i * 37 % 4000; spins > 0; spins--) {
            nt_cpu_relax();
        }
        check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
        unsigned after = atomic_load(&calls);
        nt_thread_yield();
        check_equal(atomic_load(&calls), after);
    }
    atomic_store(&releaser.over, true);
    unit_thread_join(&thread);
    check(atomic_load(&calls) > 0);
    check_equal(ground_bad_handle_uses(), 0);
    nt_handle_close(releaser.semaphore);
}

/* ---- timer queues --------------------------------------------------------------------------------------- */

static struct tp_queue_timer *make_timer(struct tp_timer_queue *queue, tp_wait_or_timer_callback *callback,
                                         uint32_t due, uint32_t period, uint32_t flags)
{
    struct tp_queue_timer *timer = NULL;

    require(tp_queue_timer_create(queue, &timer, callback, &calls, due, period, flags) == NT_SUCCESS);
    return timer;
}

TEST(queue_timers_fire_and_are_deleted)
{
    struct tp_queue_timer *once = make_timer(NULL, count_call, 1, 0, 0);

    check_soon(atomic_load(&calls) == 1);
    check_equal(atomic_load(&timeouts), 1);
    check_equal(tp_queue_timer_update(once, 1, 0), NT_SUCCESS);
    check_equal(tp_queue_timer_delete(once, TP_WAIT_FOR_DONE), NT_SUCCESS);
    check_equal(tp_queue_timer_delete(NULL, NULL), NT_INVALID_PARAMETER_1);
    struct tp_queue_timer *often = make_timer(NULL, count_call, 0, 1, 0);
    check_soon(atomic_load(&calls) >= 20);
    check_equal(tp_queue_timer_delete(often, TP_WAIT_FOR_DONE), NT_SUCCESS);
    unsigned after = atomic_load(&calls);
    unit_pause(10 * NT_MILLISECOND);
    check_equal(atomic_load(&calls), after);
}

TEST(a_timer_due_at_once_may_be_deleted_at_once)
{
    for (unsigned i = 0; i < 2000; i++) {
        struct tp_queue_timer *timer = make_timer(NULL, count_call, 0, i % 2, 0);
        if (i % 3 == 0) {
            nt_status status = tp_queue_timer_delete(timer, NULL);
            check(status == NT_SUCCESS || status == NT_PENDING);
        } else {
            unsigned before = atomic_load(&calls);
            check_equal(tp_queue_timer_delete(timer, TP_WAIT_FOR_DONE), NT_SUCCESS);
            check(atomic_load(&calls) >= before);
        }
    }
    /* A timer due at once is posted by its creation: it runs, deleted or not. */
    check_soon(atomic_load(&calls) >= 2000);
}

static struct tp_queue_timer *_Atomic own_timer;

static void delete_own_in_third_call(void *context, unsigned char timed_out)
{
    count_call(context, timed_out);
    if (atomic_load(&calls) < 3)
        return;
    check(unit_gate_pass(&gate));
    check_equal(tp_queue_timer_delete(atomic_load(&own_timer), NULL), NT_PENDING);
    atomic_store(&own_timer, NULL);
}

TEST(a_timer_that_deletes_itself_late_is_not_called_again)
{
    struct tp_timer_queue *queue;

    require(tp_timer_queue_create(&queue) == NT_SUCCESS);
    struct tp_queue_timer *timer = make_timer(queue, delete_own_in_third_call, 1, 1, TP_EXECUTE_IN_TIMER_THREAD);
    atomic_store(&own_timer, timer);
    require_soon(unit_gate_waiting(&gate) == 1);
    require_soon(task_pending(atomic_load(&tp_queue_timer_task(timer)->counts)) > 2);
    unit_gate_open(&gate);
    check_soon(atomic_load(&own_timer) == NULL);
    tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE);
    check_equal(atomic_load(&calls), 3);
}

TEST(deleting_a_queue_deletes_its_timers_and_waits_for_them)
{
    struct tp_timer_queue *queue = NULL;

    for (unsigned i = 0; i < 50; i++) {
        require(tp_timer_queue_create(&queue) == NT_SUCCESS);
        for (unsigned j = 0; j < 20; j++) {
            make_timer(queue, count_call, j % 3, j % 2, 0);
        }
        check_equal(tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
        unsigned after = atomic_load(&calls);
        nt_thread_yield();
        check_equal(atomic_load(&calls), after);
        check_equal(tp_timer_queue_delete(queue, NULL), NT_INVALID_HANDLE);
    }
}

static void delete_with_event(struct tp_timer_queue *queue, nt_handle event)
{
    nt_status status = tp_timer_queue_delete(queue, event);

    check(status == NT_SUCCESS || status == NT_PENDING);
    check(ground_wait_one(event, UNIT_PATIENCE));
}

TEST(deleting_a_queue_sets_the_event_given)
{
    nt_handle event = ground_event_create(false, false);
    struct tp_timer_queue *queue = NULL;

    ground_disturb(77);
    for (unsigned i = 0; i < 100; i++) {
        require(tp_timer_queue_create(&queue) == NT_SUCCESS);
        for (unsigned j = 0; j < i % 8; j++) {
            make_timer(queue, count_call, j % 3, j % 2, 0);
        }
        delete_with_event(queue, event);
        unsigned after = atomic_load(&calls);
        nt_thread_yield();
        check_equal(atomic_load(&calls), after);
    }
    nt_handle_close(event);
}

struct deleter {
    struct tp_timer_queue *queue;
    struct tp_queue_timer *timers[40];
    _Atomic unsigned deleted;
};

static void delete_timers(void *argument)
{
    struct deleter *deleter = argument;

    for (unsigned i = 0; i < 40; i++) {
        nt_status status = tp_queue_timer_delete(deleter->timers[i], NULL);
        atomic_fetch_add(&deleter->deleted, status == NT_SUCCESS || status == NT_PENDING);
    }
}

/* Each timer is deleted by one of several who try, and by nobody twice. */
TEST(a_timer_is_deleted_once)
{
    ground_disturb(123);
    for (unsigned round = 0; round < 40; round++) {
        struct deleter deleter = {0};
        struct unit_thread threads[3];
        require(tp_timer_queue_create(&deleter.queue) == NT_SUCCESS);
        for (unsigned i = 0; i < 40; i++) {
            deleter.timers[i] = make_timer(deleter.queue, count_call, 3600000, 0, 0);
        }
        for (unsigned i = 0; i < 3; i++) {
            unit_thread_start(&threads[i], delete_timers, &deleter);
        }
        for (unsigned i = 0; i < 3; i++) {
            unit_thread_join(&threads[i]);
        }
        check_equal(atomic_load(&deleter.deleted), 40);
        check_equal(tp_timer_queue_delete(deleter.queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
    }
    check_equal(atomic_load(&calls), 0);
}
