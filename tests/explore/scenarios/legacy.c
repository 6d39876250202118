// SPDX-License-Identifier: MIT
/* Registered waits and timer queues, at the moment at which they fire and somebody takes them away. */
#include "explore.h"
#include "posix_ground.h"
#include "tp/legacy.h"

static _Atomic unsigned calls, timeouts, inside;
static nt_handle event, finished;
static struct tp_legacy_wait *wait;
static struct tp_timer_queue *queue;
static struct tp_queue_timer *timer, *second;

/* The process's own pool, whose workers may stay, and what its making leaves behind. */
#define LEGACY_SCENARIO(name, ...) SCENARIO(name, .keeps_waiters = true, __VA_ARGS__)

static void sleep_for(uint64_t duration)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_park(&parker, nt_time_now() + duration);
}

static void count(void *context, unsigned char timed_out)
{
    (void)context;
    atomic_fetch_add(&inside, 1);
    atomic_fetch_add(timed_out ? &timeouts : &calls, 1);
    atomic_fetch_sub(&inside, 1);
}

static unsigned fired(void)
{
    return atomic_load(&calls) + atomic_load(&timeouts);
}

static void check_no_more(unsigned seen)
{
    explore_settle();
    sleep_for(50 * NT_MILLISECOND);
    explore_settle();
    explore_check_equal(fired(), seen);
    explore_check_equal(ground_bad_handle_uses(), 0);
}

/* ---- registered waits ------------------------------------------------------------------------------- */

static void signal_event(void *unused)
{
    (void)unused;
    nt_event_set(event);
}

static void register_wait(tp_wait_or_timer_callback *callback, uint32_t milliseconds)
{
    event = ground_event_create(false, false);
    explore_check(tp_legacy_wait_register(&wait, event, callback, NULL, milliseconds,
                                          explore_pick(2) ? TP_EXECUTE_ONLY_ONCE : 0) >= 0);
}

/* Who waits for all callbacks finds them over. A signal is heard, is still there, or was taken for a callback that was
 * withdrawn. */
LEGACY_SCENARIO(a_registered_wait_is_unregistered_when_it_is_signalled, .time_passes = true)
{
    register_wait(count, TP_INFINITE);
    unsigned thread = explore_start(signal_event, NULL);
    explore_check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    unsigned seen = fired();
    explore_check_equal(atomic_load(&inside), 0);
    explore_join(thread);
    explore_check(seen + ground_event_is_set(event) <= 1);
    check_no_more(seen);
    nt_handle_close(event);
}

LEGACY_SCENARIO(a_registered_wait_is_unregistered_without_waiting, .time_passes = true)
{
    register_wait(count, TP_INFINITE);
    unsigned thread = explore_start(signal_event, NULL);
    nt_status status = tp_legacy_wait_deregister(wait, NULL);
    unsigned seen = fired();
    explore_check(status == NT_SUCCESS || status == NT_PENDING);
    explore_join(thread);
    if (status == NT_SUCCESS) {
        check_no_more(seen);
    } else {
        explore_settle();
        check_no_more(1);
    }
    nt_handle_close(event);
}

LEGACY_SCENARIO(a_registered_wait_is_unregistered_with_an_event, .time_passes = true)
{
    register_wait(count, TP_INFINITE);
    finished = ground_event_create(true, false);
    unsigned thread = explore_start(signal_event, NULL);
    nt_status status = tp_legacy_wait_deregister(wait, finished);
    explore_check(status == NT_SUCCESS || status == NT_PENDING);
    explore_check(nt_wait_any(1, &finished, NT_FOREVER) == NT_SUCCESS);
    unsigned seen = fired();
    explore_check_equal(atomic_load(&inside), 0);
    explore_join(thread);
    check_no_more(seen);
    nt_handle_close(event);
    nt_handle_close(finished);
}

static void unregister_self(void *context, unsigned char timed_out)
{
    count(context, timed_out);
    if (fired() == 1)
        explore_check_equal(tp_legacy_wait_deregister(wait, NULL), NT_PENDING);
}

LEGACY_SCENARIO(a_registered_wait_unregisters_itself_when_it_is_signalled_again, .time_passes = true)
{
    register_wait(unregister_self, TP_INFINITE);
    unsigned thread = explore_start(signal_event, NULL);
    nt_event_set(event);
    explore_join(thread);
    explore_settle();
    explore_check(fired() >= 1 && fired() <= 2);
    check_no_more(fired());
    nt_handle_close(event);
}

LEGACY_SCENARIO(a_registered_wait_is_signalled_when_it_times_out, .time_passes = true)
{
    register_wait(count, 1);
    unsigned thread = explore_start(signal_event, NULL);
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    explore_join(thread);
    explore_check_equal(tp_legacy_wait_deregister(wait, TP_WAIT_FOR_DONE), NT_SUCCESS);
    explore_check(atomic_load(&calls) + ground_event_is_set(event) <= 1);
    check_no_more(fired());
    nt_handle_close(event);
}

/* ---- timer queues ------------------------------------------------------------------------------------- */

static void make_timers(tp_wait_or_timer_callback *callback, uint32_t period)
{
    explore_check(tp_timer_queue_create(&queue) >= 0);
    explore_check(tp_queue_timer_create(queue, &timer, callback, NULL, 1, period, 0) >= 0);
    explore_check(tp_queue_timer_create(queue, &second, count, NULL, 2, 0, 0) >= 0);
}

LEGACY_SCENARIO(a_queue_timer_is_deleted_when_it_fires, .time_passes = true)
{
    make_timers(count, explore_pick(2));
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    explore_check_equal(tp_queue_timer_delete(timer, TP_WAIT_FOR_DONE), NT_SUCCESS);
    explore_check_equal(tp_queue_timer_delete(second, TP_WAIT_FOR_DONE), NT_SUCCESS);
    unsigned seen = fired();
    explore_check_equal(atomic_load(&inside), 0);
    check_no_more(seen);
    explore_check_equal(tp_timer_queue_delete(queue, NULL), NT_SUCCESS);
}

LEGACY_SCENARIO(a_queue_is_deleted_when_its_timers_fire, .time_passes = true)
{
    make_timers(count, explore_pick(2));
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    explore_check_equal(tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
    unsigned seen = fired();
    explore_check_equal(atomic_load(&inside), 0);
    check_no_more(seen);
}

LEGACY_SCENARIO(a_queue_is_deleted_with_an_event, .time_passes = true)
{
    make_timers(count, 0);
    finished = ground_event_create(true, false);
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    nt_status status = tp_timer_queue_delete(queue, finished);
    explore_check(status == NT_SUCCESS || status == NT_PENDING);
    explore_check(nt_wait_any(1, &finished, NT_FOREVER) == NT_SUCCESS);
    explore_check_equal(atomic_load(&inside), 0);
    check_no_more(fired());
    nt_handle_close(finished);
}

static void delete_timer(void *unused)
{
    (void)unused;
    explore_check_equal(tp_queue_timer_delete(timer, TP_WAIT_FOR_DONE), NT_SUCCESS);
}

/* Two threads, each with a timer of its own; the queue goes when both are gone. */
LEGACY_SCENARIO(timers_of_a_queue_are_deleted_by_two_threads, .time_passes = true)
{
    make_timers(count, 0);
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    unsigned thread = explore_start(delete_timer, NULL);
    explore_check_equal(tp_queue_timer_delete(second, TP_WAIT_FOR_DONE), NT_SUCCESS);
    explore_join(thread);
    unsigned seen = fired();
    explore_check_equal(tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
    check_no_more(seen);
}

static void delete_self(void *context, unsigned char timed_out)
{
    count(context, timed_out);
    nt_status status = tp_queue_timer_delete(timer, NULL);
    explore_check(status == NT_PENDING || status == NT_INVALID_HANDLE);
}

/* It may be the queue's deletion that has taken it. */
LEGACY_SCENARIO(a_queue_is_deleted_when_a_timer_deletes_itself, .time_passes = true)
{
    explore_check(tp_timer_queue_create(&queue) >= 0);
    explore_check(tp_queue_timer_create(queue, &timer, delete_self, NULL, 1, 0, 0) >= 0);
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    explore_check_equal(tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
    explore_check_equal(atomic_load(&inside), 0);
    explore_check(fired() <= 1);
    check_no_more(fired());
}

LEGACY_SCENARIO(a_queue_timer_is_changed_when_it_fires, .time_passes = true)
{
    make_timers(count, 0);
    sleep_for((1 + explore_pick(2)) * NT_MILLISECOND);
    explore_check_equal(tp_queue_timer_update(timer, 1, 0), NT_SUCCESS);
    sleep_for(10 * NT_MILLISECOND);
    explore_check_equal(tp_timer_queue_delete(queue, TP_WAIT_FOR_DONE), NT_SUCCESS);
    explore_check(fired() <= 3);
    check_no_more(fired());
}
