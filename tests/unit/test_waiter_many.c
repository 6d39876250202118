// SPDX-License-Identifier: MIT
/* sched/waiter.h: many handles, handles that go away, threads that cannot be had. */
#include "watch.h"

enum { MANY = 200 };

static struct watch many[MANY];

static void watch_many(void)
{
    for (unsigned i = 0; i < MANY; i++) {
        watch(&many[i], ground_event_create(false, false));
    }
}

TEST(two_hundred_waits_fire_each_once_and_need_few_threads)
{
    begin();
    ground_speed_clocks(20);
    watch_many();
    for (unsigned round = 1; round <= 5; round++) {
        for (unsigned i = 0; i < MANY; i++) {
            arm(&many[i], NT_FOREVER);
        }
        /* Four wait threads, and maybe the keeper, whose stack is trimmed too. */
        check(ground_trimmed_stacks() <= 5);
        for (unsigned i = 0; i < MANY; i++) {
            nt_event_set(many[i * 77 % MANY].handle);
        }
        check_soon(atomic_load(&tally.ended) == round * MANY);
        for (unsigned i = 0; i < MANY; i++) {
            check_equal(atomic_load(&many[i].signalled), round);
            check(is_over(&many[i]));
        }
    }
    /* With nothing left to wait for, the wait threads go; the others' handles are closed by then. */
    check_soon(ground_live_threads() == 0);
    for (unsigned i = 0; i < MANY; i++) {
        unwatch(&many[i]);
    }
    end();
}

TEST(two_hundred_waits_can_be_disarmed_and_armed_anew)
{
    uint32_t random = 3;

    begin();
    watch_many();
    for (unsigned i = 0; i < MANY; i++) {
        arm(&many[i], NT_FOREVER);
    }
    for (unsigned step = 0; step < 3000; step++) {
        struct watch *one = &many[unit_random(&random) % MANY];
        check(sched_wait_disarm(&one->wait));
        arm(one, NT_FOREVER);
    }
    for (unsigned i = 0; i < MANY; i++) {
        nt_event_set(many[i].handle);
    }
    check_soon(atomic_load(&tally.ended) == MANY);
    for (unsigned i = 0; i < MANY; i++) {
        check_equal(atomic_load(&many[i].signalled), 1);
        unwatch(&many[i]);
    }
    end();
}

static void rearm(struct job *again, struct sched_worker *worker)
{
    struct watch *one = again->argument;

    (void)worker;
    if (!atomic_load(&one->early)) {
        sched_wait_arm(&one->wait, one->own, NT_FOREVER, false);
    }
}

/* The lowest slots are signalled all the time. */
TEST(high_slots_do_not_starve)
{
    static struct watch busy[8];
    struct job *jobs[8];
    static struct tally tallies[8];
    struct watch last;

    begin();
    for (unsigned i = 0; i < 8; i++) {
        watch(&busy[i], ground_event_create(true, true));
        jobs[i] = busy[i].job = job_create(pool, &tallies[i], rearm, &busy[i]);
        arm(&busy[i], NT_FOREVER);
    }
    for (unsigned i = 0; i < 40; i++) {
        watch(&many[i], ground_event_create(false, false));
        arm(&many[i], NT_FOREVER);
    }
    watch(&last, ground_event_create(false, false));
    for (unsigned i = 1; i <= 100; i++) {
        arm(&last, NT_FOREVER);
        nt_event_set(last.handle);
        require_soon(atomic_load(&last.signalled) == i);
        require_soon(is_over(&last));
    }
    for (unsigned i = 0; i < 8; i++) {
        atomic_store(&busy[i].early, 1);
        require_soon(is_over(&busy[i]));
        sched_wait_idle(&jobs[i]->task);
        check(atomic_load(&busy[i].signalled) > 1);
        sched_wait_disarm(&busy[i].wait);
        unwatch(&busy[i]);
        job_close(jobs[i]);
    }
    for (unsigned i = 0; i < 40; i++) {
        check(sched_wait_disarm(&many[i].wait));
        unwatch(&many[i]);
    }
    unwatch(&last);
    end();
}

TEST(many_timeouts_come_in_time)
{
    begin();
    watch_many();
    uint64_t start = nt_time_now();
    for (unsigned i = 0; i < MANY; i++) {
        arm(&many[i], start + i % 50 * NT_MILLISECOND);
    }
    check_soon(atomic_load(&tally.ended) == MANY);
    for (unsigned i = 0; i < MANY; i++) {
        check_equal(atomic_load(&many[i].timed_out), 1);
        check_equal(atomic_load(&many[i].early), 0);
        unwatch(&many[i]);
    }
    end();
}

TEST(absolute_timeouts_follow_the_system_clock)
{
    struct watch one;

    begin();
    ground_speed_clocks(200);
    watch(&one, ground_event_create(false, false));
    sched_wait_arm(&one.wait, one.own, nt_system_time() + 5 * 3600 * NT_SECOND, true);
    require_soon(ground_waiters(one.handle) == 1);
    check(!is_over(&one));
    ground_move_system_clock((int64_t)(6 * 3600 * NT_SECOND));
    check_soon(is_over(&one));
    check_equal(atomic_load(&one.timed_out), 1);
    unwatch(&one);
    end();
}

TEST(the_program_may_close_its_handle_while_the_wait_is_armed)
{
    struct watch one;
    nt_handle second = NULL;

    begin();
    watch(&one, ground_event_create(false, false));
    require(nt_handle_open_for_wait(one.handle, &second) == NT_SUCCESS);
    arm(&one, NT_FOREVER);
    check_equal(nt_handle_close(one.handle), NT_SUCCESS);
    one.handle = second;
    nt_event_set(second);
    check_soon(is_over(&one));
    check_equal(atomic_load(&one.signalled), 1);
    unwatch(&one);
    end();
}

/* A program may even close the wait's own handle, by mistake. The wait never fires then; the others go on. */
TEST(a_handle_that_goes_bad_harms_no_other)
{
    begin();
    for (unsigned i = 0; i < 10; i++) {
        watch(&many[i], ground_event_create(false, false));
        arm(&many[i], NT_FOREVER);
    }
    check_equal(nt_handle_close(many[4].own), NT_SUCCESS);
    for (unsigned round = 1; round <= 200; round++) {
        for (unsigned i = 0; i < 10; i++) {
            if (i != 4) {
                nt_event_set(many[i].handle);
            }
        }
        for (unsigned i = 0; i < 10; i++) {
            if (i != 4) {
                require_soon(is_over(&many[i]));
                check_equal(atomic_load(&many[i].signalled), round);
                arm(&many[i], NT_FOREVER);
            }
        }
    }
    check_equal(atomic_load(&many[4].signalled), 0);
    check_equal(atomic_load(&many[4].timed_out), 0);
    for (unsigned i = 0; i < 10; i++) {
        check(sched_wait_disarm(&many[i].wait));
        nt_handle_close(many[i].handle);
        if (i != 4) {
            nt_handle_close(many[i].own);
        }
    }
    job_close(job);
    sched_pool_leave(pool);
    check_soon(pools_released() == 1);
}

TEST(a_wait_for_which_no_thread_can_be_had_is_placed_later)
{
    begin();
    watch_many();
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    arm(&many[0], NT_FOREVER);
    arm(&many[1], NT_FOREVER);
    nt_event_set(many[0].handle);
    check(!is_over(&many[0]));
    check(sched_wait_disarm(&many[1].wait));
    ground_fail_nothing();
    arm(&many[2], NT_FOREVER);
    check_soon(is_over(&many[0]));
    check_equal(atomic_load(&many[0].signalled), 1);
    check_equal(atomic_load(&many[1].signalled), 0);
    check(sched_wait_disarm(&many[2].wait));
    for (unsigned i = 0; i < MANY; i++) {
        unwatch(&many[i]);
    }
    end();
}

TEST(a_wait_for_which_no_event_can_be_had_is_placed_later)
{
    struct watch one;

    begin();
    watch(&one, ground_event_create(false, true));
    ground_fail(GROUND_EVENT, 1, 3);
    arm(&one, NT_FOREVER);
    check_soon(is_over(&one));
    check_equal(atomic_load(&one.signalled), 1);
    unwatch(&one);
    end();
}

TEST(armed_waits_cost_no_wake_ups)
{
    begin();
    watch_many();
    job_post(job);
    sched_wait_idle(&job->task);
    for (unsigned i = 0; i < MANY; i++) {
        arm(&many[i], i % 2 ? NT_FOREVER : nt_time_now() + 3600 * NT_SECOND);
    }
    unit_pause(NT_SECOND / 5);
    uint64_t wake_ups = ground_wake_ups();
    unit_pause(NT_SECOND);
    check_equal(ground_wake_ups() - wake_ups, 0);
    for (unsigned i = 0; i < MANY; i++) {
        check(sched_wait_disarm(&many[i].wait));
        unwatch(&many[i]);
    }
    end();
}

struct gambler {
    struct watch watch;
    uint32_t random;
    unsigned released;
    unsigned lost;
};

static void gamble(void *argument)
{
    struct gambler *gambler = argument;
    struct watch *one = &gambler->watch;

    for (unsigned i = 0; i < 1000; i++) {
        unsigned fired_before = atomic_load(&one->signalled) + atomic_load(&one->timed_out);
        arm(one, unit_random(&gambler->random) % 3 ? NT_FOREVER : nt_time_now() + unit_random(&gambler->random) % 500);
        if (unit_random(&gambler->random) % 2) {
            nt_semaphore_release(one->handle, 1);
            gambler->released++;
        }
        if (unit_random(&gambler->random) % 2) {
            nt_thread_yield();
        }
        bool disarmed = sched_wait_disarm(&one->wait);
        unsigned fired_now = atomic_load(&one->signalled) + atomic_load(&one->timed_out) - fired_before;
        gambler->lost += disarmed + fired_now != 1;
    }
}

TEST(many_threads_arm_disarm_and_signal_disturbed)
{
    static struct gambler gamblers[6];
    struct unit_thread threads[6];

    begin();
    ground_disturb(1234);
    for (unsigned i = 0; i < 6; i++) {
        watch(&gamblers[i].watch, ground_semaphore_create(0, 100000));
        gamblers[i].random = i + 1;
        unit_thread_start(&threads[i], gamble, &gamblers[i]);
    }
    for (unsigned i = 0; i < 6; i++) {
        unit_thread_join(&threads[i]);
        check_equal(gamblers[i].lost, 0);
        check_equal(ground_semaphore_count(gamblers[i].watch.handle) + atomic_load(&gamblers[i].watch.signalled),
                    gamblers[i].released);
        unwatch(&gamblers[i].watch);
    }
    sched_wait_idle(&job->task);
    end();
}
