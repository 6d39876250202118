// SPDX-License-Identifier: MIT
/* sched/waiter.h: each signal fires one wait, once; timeouts; exact disarming. */
#include "watch.h"

TEST(a_signal_fires_an_armed_wait_once_and_is_consumed)
{
    struct watch one;

    begin();
    watch(&one, ground_event_create(false, false));
    for (unsigned i = 1; i <= 50; i++) {
        arm(&one, NT_FOREVER);
        check_equal(atomic_load(&one.signalled), i - 1);
        nt_event_set(one.handle);
        check_soon(is_over(&one));
        check_equal(atomic_load(&one.signalled), i);
        check(!ground_event_is_set(one.handle));
        /* Not armed any more: a further signal is nobody's. */
        nt_event_set(one.handle);
        check(!sched_wait_disarm(&one.wait));
        check(ground_event_is_set(one.handle));
        ground_event_reset(one.handle);
    }
    check_soon(atomic_load(&tally.ended) == 50);
    check_equal(atomic_load(&one.timed_out), 0);
    unwatch(&one);
    end();
}

TEST(what_is_signalled_already_fires_at_once)
{
    struct watch one;

    begin();
    watch(&one, ground_process_create());
    ground_process_end(one.handle);
    for (unsigned i = 1; i <= 20; i++) {
        arm(&one, NT_FOREVER);
        check_soon(atomic_load(&one.signalled) == i);
        check_soon(is_over(&one));
    }
    unwatch(&one);
    end();
}

TEST(a_wait_times_out_at_its_time)
{
    struct watch one;

    begin();
    watch(&one, ground_event_create(false, false));
    for (unsigned i = 1; i <= 20; i++) {
        arm(&one, nt_time_now() + i * NT_MILLISECOND);
        check_soon(is_over(&one));
        check_equal(atomic_load(&one.timed_out), i);
    }
    check_equal(atomic_load(&one.signalled), 0);
    check_equal(atomic_load(&one.early), 0);
    nt_event_set(one.handle);
    check(ground_event_is_set(one.handle));
    unwatch(&one);
    end();
}

TEST(a_deadline_in_the_past_takes_a_signal_or_times_out_at_once)
{
    struct watch one;

    begin();
    watch(&one, ground_event_create(false, false));
    arm(&one, 0);
    check_soon(is_over(&one));
    check_equal(atomic_load(&one.timed_out), 1);
    for (unsigned i = 0; i < 200; i++) {
        unsigned signalled = atomic_load(&one.signalled);
        nt_event_set(one.handle);
        arm(&one, 0);
        check_soon(is_over(&one));
        check_equal(atomic_load(&one.signalled), signalled + 1);
    }
    check_equal(atomic_load(&one.timed_out), 1);
    unwatch(&one);
    end();
}

struct disturber {
    struct watch watch;
    _Atomic bool over;
    unsigned fired;
};

static void arm_and_disarm_on_and_on(void *argument)
{
    struct disturber *disturber = argument;

    while (!atomic_load(&disturber->over)) {
        arm(&disturber->watch, NT_FOREVER);
        disturber->fired += !sched_wait_disarm(&disturber->watch.wait);
    }
}

/* Others come and go on the same wait thread all the time; that must not hide a signal. */
TEST(a_signal_is_seen_among_others_that_come_and_go)
{
    struct disturber disturbers[3] = {0};
    struct unit_thread threads[3];
    struct watch one;

    begin();
    watch(&one, ground_event_create(false, false));
    for (unsigned i = 0; i < 3; i++) {
        watch(&disturbers[i].watch, ground_event_create(false, false));
        unit_thread_start(&threads[i], arm_and_disarm_on_and_on, &disturbers[i]);
    }
    for (unsigned i = 0; i < 200; i++) {
        unsigned signalled = atomic_load(&one.signalled);
        nt_event_set(one.handle);
        arm(&one, 0);
        require_soon(is_over(&one));
        check_equal(atomic_load(&one.signalled), signalled + 1);
        arm(&one, NT_FOREVER);
        check(sched_wait_disarm(&one.wait));
    }
    check_equal(atomic_load(&one.timed_out), 0);
    for (unsigned i = 0; i < 3; i++) {
        atomic_store(&disturbers[i].over, true);
        unit_thread_join(&threads[i]);
        check_equal(disturbers[i].fired, 0);
        unwatch(&disturbers[i].watch);
    }
    unwatch(&one);
    end();
}

TEST(a_disarmed_wait_leaves_the_signal_alone)
{
    struct watch one;

    begin();
    watch(&one, ground_semaphore_create(0, 10));
    check(!sched_wait_disarm(&one.wait));
    arm(&one, NT_FOREVER);
    check(sched_wait_disarm(&one.wait));
    check(!sched_wait_disarm(&one.wait));
    nt_semaphore_release(one.handle, 2);
    check_equal(ground_semaphore_count(one.handle), 2);
    check_equal(atomic_load(&one.signalled), 0);
    /* Armed anew it takes one. */
    arm(&one, NT_FOREVER);
    check_soon(is_over(&one));
    check_equal(ground_semaphore_count(one.handle), 1);
    check_equal(atomic_load(&one.signalled), 1);
    unwatch(&one);
    end();
}

struct signaller {
    nt_handle semaphore;
    unsigned spins;
    struct unit_gate ready;
};

static void release_soon(void *argument)
{
    struct signaller *signaller = argument;

    unit_gate_open(&signaller->ready);
    for (unsigned i = 0; i < signaller->spins; i++) {
        nt_cpu_relax();
    }
    nt_semaphore_release(signaller->semaphore, 1);
}

static void race_signal_against_disarm(unsigned rounds, bool with_timeout)
{
    uint32_t random = 8;
    unsigned outcomes[2] = {0};
    struct watch one;

    begin();
    watch(&one, ground_semaphore_create(0, 10));
    for (unsigned i = 0; i < rounds; i++) {
        struct signaller signaller = {one.handle, unit_random(&random) % 3000, UNIT_GATE};
        struct unit_thread thread;
        unsigned signalled = atomic_load(&one.signalled);
        unsigned timed_out = atomic_load(&one.timed_out);
        arm(&one, with_timeout ? nt_time_now() + unit_random(&random) % 1000 : NT_FOREVER);
        unit_thread_start(&thread, release_soon, &signaller);
        check(unit_gate_pass(&signaller.ready));
        for (uint32_t spins = unit_random(&random) % 3000; spins > 0; spins--) {
            nt_cpu_relax();
        }
        bool disarmed = sched_wait_disarm(&one.wait);
        signalled = atomic_load(&one.signalled) - signalled;
        timed_out = atomic_load(&one.timed_out) - timed_out;
        unit_thread_join(&thread);
        check_equal(disarmed + signalled + timed_out, 1);
        check_equal(ground_semaphore_count(one.handle), 1 - signalled);
        if (signalled == 0) {
            check(ground_wait_one(one.handle, 1));
        }
        outcomes[disarmed]++;
    }
    unit_note("%u disarmed, %u fired", outcomes[1], outcomes[0]);
    check_equal(atomic_load(&one.early), 0);
    unwatch(&one);
    end();
}

TEST(a_signal_and_a_disarm_agree_on_who_came_first)
{
    race_signal_against_disarm(1500, false);
}

TEST(a_signal_a_disarm_and_a_timeout_agree_on_who_came_first)
{
    race_signal_against_disarm(1500, true);
}
