// SPDX-License-Identifier: MIT
/* tp/: timers, waits and I/O over the POSIX ground. */
#include "tp_help.h"
#include "tp/io.h"
#include "tp/timer.h"
#include "tp/wait.h"

static _Atomic unsigned calls;

/* ---- timers ------------------------------------------------------------------------------------------ */

static void count_timer(struct tp_instance *instance, void *context, struct tp_timer *timer)
{
    (void)instance, (void)timer;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

static struct tp_timer *make_timer(tp_timer_callback *callback, void *context)
{
    struct tp_timer *timer = NULL;

    require(tp_timer_create(&timer, callback, context, NULL) == NT_SUCCESS);
    return timer;
}

TEST(a_timer_fires_once_or_again_and_again)
{
    struct tp_timer *timer = make_timer(count_timer, &calls);
    int64_t due = -(int64_t)NT_MILLISECOND;

    check(!tp_timer_is_set(timer));
    tp_timer_set(timer, &due, 0, 0);
    check(tp_timer_is_set(timer));
    check_soon(atomic_load(&calls) == 1);
    check(tp_timer_is_set(timer));
    due = 0;
    tp_timer_set(timer, &due, 2, 0);
    check_soon(atomic_load(&calls) >= 20);
    tp_timer_set(timer, NULL, 0, 0);
    check(!tp_timer_is_set(timer));
    tp_timer_wait(timer, true);
    unsigned before = atomic_load(&calls);
    unit_pause(20 * NT_MILLISECOND);
    check_equal(atomic_load(&calls), before);
    tp_timer_close(timer);
}

static _Atomic bool may_rearm = true;

static void rearm_self(struct tp_instance *instance, void *context, struct tp_timer *timer)
{
    int64_t now = 0;

    (void)instance;
    atomic_fetch_add((_Atomic unsigned *)context, 1);
    if (atomic_load(&may_rearm)) {
        tp_timer_set(timer, &now, 0, 0);
    }
}

TEST(a_timer_that_arms_itself_again_can_be_stopped)
{
    for (unsigned round = 0; round < 20; round++) {
        struct tp_timer *timer = make_timer(rearm_self, &calls);
        int64_t now = 0;
        atomic_store(&may_rearm, true);
        tp_timer_set(timer, &now, 0, 0);
        unsigned goal = atomic_load(&calls) + 5;
        check_soon(atomic_load(&calls) >= goal);
        atomic_store(&may_rearm, false);
        tp_timer_set(timer, NULL, 0, 0);
        tp_timer_wait(timer, true);
        /* The last callback may have armed it once more; none does from now on. */
        tp_timer_set(timer, NULL, 0, 0);
        tp_timer_wait(timer, true);
        unsigned after = atomic_load(&calls);
        tp_timer_wait(timer, false);
        unit_pause(NT_MILLISECOND);
        check_equal(atomic_load(&calls), after);
        tp_timer_close(timer);
    }
}

TEST(setting_a_timer_anew_tells_whether_it_was_stopped)
{
    struct tp_timer *timer = make_timer(count_timer, &calls);
    int64_t far = -(int64_t)(3600 * NT_SECOND);
    unsigned stopped = 0;

    check(!tp_timer_set_ex(timer, &far, 0, 0));
    check(tp_timer_set_ex(timer, NULL, 0, 0));
    check(!tp_timer_set_ex(timer, NULL, 0, 0));
    /* Told that it was stopped, no callback is running or will run; told otherwise, one is or will. */
    for (unsigned i = 0; i < 2000; i++) {
        int64_t soon = -(int64_t)(i % 50 * 10);
        unsigned before = atomic_load(&calls);
        tp_timer_set(timer, &soon, 0, 0);
        for (unsigned spins = i % 3000; spins > 0; spins--) {
            nt_cpu_relax();
        }
        bool is_stopped = tp_timer_set_ex(timer, NULL, 0, 0);
        unsigned then = atomic_load(&calls);
        tp_timer_wait(timer, false);
        check(atomic_load(&calls) - before <= 1);
        check(is_stopped ? atomic_load(&calls) == then : atomic_load(&calls) == before + 1);
        stopped += is_stopped;
    }
    unit_note("%u fired, %u stopped", atomic_load(&calls), stopped);
    tp_timer_close(timer);
}

/* ---- waits -------------------------------------------------------------------------------------------- */

static _Atomic uint32_t last_result;

static void count_wait(struct tp_instance *instance, void *context, struct tp_wait *wait, uint32_t result)
{
    (void)instance, (void)wait;
    atomic_store(&last_result, result);
    atomic_fetch_add((_Atomic unsigned *)context, 1);
}

TEST(a_wait_tells_a_signal_from_a_timeout)
{
    struct tp_wait *wait = NULL;
    nt_handle event = ground_event_create(false, false);
    int64_t soon = -(int64_t)NT_MILLISECOND;

    require(tp_wait_create(&wait, count_wait, &calls, NULL) == NT_SUCCESS);
    tp_wait_set(wait, event, NULL);
    nt_event_set(event);
    check_soon(atomic_load(&calls) == 1);
    check_equal(atomic_load(&last_result), TP_WAIT_SIGNALLED);
    check(!ground_event_is_set(event));
    tp_wait_set(wait, event, &soon);
    check_soon(atomic_load(&calls) == 2);
    check_equal(atomic_load(&last_result), TP_WAIT_TIMED_OUT);
    int64_t now = 0;
    tp_wait_set(wait, event, &now);
    check_soon(atomic_load(&calls) == 3);
    check_equal(atomic_load(&last_result), TP_WAIT_TIMED_OUT);

    /* The handle may be closed while it is waited for. */
    nt_handle other = NULL;
    require(nt_handle_open_for_wait(event, &other) == NT_SUCCESS);
    tp_wait_set(wait, event, NULL);
    nt_handle_close(event);
    nt_event_set(other);
    check_soon(atomic_load(&calls) == 4);
    tp_wait_wait(wait, false);
    tp_wait_close(wait);
    nt_handle_close(other);
    check_soon(!slab_is_live(wait, SLAB_WAIT));
    check_equal(ground_bad_handle_uses(), 0);
}

static void set_bad(struct tp_wait *wait, nt_handle handle)
{
    tp_wait_set(wait, handle, NULL);
}

TEST(handles_that_cannot_be_waited_for_raise)
{
    struct tp_wait *wait = NULL;
    nt_handle mutex = ground_mutex_create(false);

    require(tp_wait_create(&wait, count_wait, &calls, NULL) == NT_SUCCESS);
    check_equal(ground_raised(set_bad(wait, mutex)), NT_THREADPOOL_HANDLE_EXCEPTION);
    check_equal(ground_raised(set_bad(wait, (nt_handle)0x1234)), NT_THREADPOOL_HANDLE_EXCEPTION);
    nt_handle event = ground_event_create(true, true);
    tp_wait_set(wait, event, NULL);
    check_soon(atomic_load(&calls) == 1);
    tp_wait_wait(wait, false);
    tp_wait_close(wait);
    nt_handle_close(event);
    nt_handle_close(mutex);
}

TEST(a_signal_just_before_a_disarm_is_either_seen_or_left)
{
    struct tp_wait *wait = NULL;
    nt_handle semaphore = ground_semaphore_create(0, 10);

    require(tp_wait_create(&wait, count_wait, &calls, NULL) == NT_SUCCESS);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned before = atomic_load(&calls);
        tp_wait_set(wait, semaphore, NULL);
        nt_semaphore_release(semaphore, 1);
        for (unsigned spins = i % 500; spins > 0; spins--) {
            nt_cpu_relax();
        }
        tp_wait_set(wait, NULL, NULL);
        tp_wait_wait(wait, false);
        unsigned called = atomic_load(&calls) - before;
        check_equal(called + ground_semaphore_count(semaphore), 1);
        while (ground_semaphore_count(semaphore) != 0) {
            require(ground_wait_one(semaphore, 1));
        }
    }
    tp_wait_close(wait);
    nt_handle_close(semaphore);
}

/* ---- I/O ------------------------------------------------------------------------------------------------ */

static struct {
    _Atomic unsigned count;
    _Atomic unsigned wrong;
} io_seen;

static void see_io(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                   struct tp_io *io)
{
    (void)instance, (void)io;
    unsigned number = atomic_fetch_add(&io_seen.count, 1);
    if (apc_context != (char *)context + number || result->information != number) {
        atomic_fetch_add(&io_seen.wrong, 1);
    }
}

TEST(completions_reach_their_object_in_order)
{
    static char contexts[1000];
    struct tp_pool *pool = make_pool(1);
    struct tp_environ environ = in_pool(pool);
    nt_handle file = ground_file_create();
    struct tp_io *io = NULL;

    require(tp_io_create(&io, file, see_io, contexts, &environ) == NT_SUCCESS);
    for (unsigned i = 0; i < 1000; i++) {
        tp_io_start(io);
        ground_file_complete(file, &contexts[i], NT_SUCCESS, i);
    }
    tp_io_wait(io, false);
    check_equal(atomic_load(&io_seen.count), 1000);
    check_equal(atomic_load(&io_seen.wrong), 0);
    struct tp_io *again = NULL;
    check_equal(tp_io_create(&again, file, see_io, contexts, &environ), NT_INVALID_PARAMETER);
    tp_io_close(io);
    nt_handle_close(file);
    end_pool(pool);
}
