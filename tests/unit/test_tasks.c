// SPDX-License-Identifier: MIT
/* sched/task.h: posting and order. */
#include "sched_help.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally;

TEST(one_post_is_one_callback_on_another_thread)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);

    job_post(job);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 1);
    check_equal(atomic_load(&tally.closed), 0);
    check_equal(sched_running(&job->task), 0);
    check(sched_close(&job->task));
    check_equal(atomic_load(&tally.closed), 1);
    pool_end(pool);
}

static struct order order;
static struct tally many[1000];

static void append_index(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    order_append(&order, (unsigned)(job->tally - many));
}

TEST(tasks_start_in_the_order_of_their_posts)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *jobs[1000];

    for (unsigned i = 0; i < 1000; i++) {
        jobs[i] = job_create(pool, &many[i], append_index, NULL);
    }
    for (unsigned i = 0; i < 1000; i++) {
        job_post(jobs[(i * 7) % 1000]);
    }
    unit_gate_open(&gate);
    for (unsigned i = 0; i < 1000; i++) {
        job_close(jobs[i]);
    }
    require_soon(atomic_load(&order.count) == 1000);
    for (unsigned i = 0; i < 1000; i++) {
        check_equal(atomic_load(&order.entries[i]), (i * 7) % 1000);
    }
    job_close(first);
    pool_end(pool);
    for (unsigned i = 0; i < 1000; i++) {
        check_equal(atomic_load(&many[i].closed), 1);
    }
}

TEST(a_task_with_more_posts_goes_to_the_tail_after_each)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[4] = {occupy(pool, &tally, &gate)};
    static const unsigned wanted[] = {1, 2, 3, 1, 3, 1};

    for (unsigned i = 1; i < 4; i++) {
        jobs[i] = job_create(pool, &many[i], append_index, NULL);
    }
    job_post(jobs[1]);
    job_post(jobs[1]);
    job_post(jobs[2]);
    job_post(jobs[3]);
    job_post(jobs[1]);
    job_post(jobs[3]);
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 6);
    for (unsigned i = 0; i < 6; i++) {
        check_equal(atomic_load(&order.entries[i]), wanted[i]);
    }
    jobs_end(pool, jobs, 4);
}

TEST(a_task_posted_ten_thousand_times_does_not_hold_up_one_posted_once)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[3] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &many[1], append_index, NULL);
    jobs[2] = job_create(pool, &many[2], append_index, NULL);
    for (unsigned i = 0; i < 10000; i++) {
        job_post(jobs[1]);
    }
    job_post(jobs[2]);
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 10001);
    check_equal(atomic_load(&order.entries[0]), 1);
    check_equal(atomic_load(&order.entries[1]), 2);
    check_equal(atomic_load(&many[1].ended), 10000);
    check_equal(atomic_load(&many[1].peak), 1);
    jobs_end(pool, jobs, 3);
}

static struct job *late_job;

static void post_late_job_once(struct job *job, struct sched_worker *worker)
{
    append_index(job, worker);
    if (atomic_load(&job->tally->begun) == 3) {
        job_post(late_job);
    }
}

/* The worker goes from one callback of the same task to the next without a look at the lane only while it is alone. */
TEST(a_task_that_comes_while_another_repeats_is_next)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[3] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &many[1], post_late_job_once, NULL);
    jobs[2] = late_job = job_create(pool, &many[2], append_index, NULL);
    for (unsigned i = 0; i < 100; i++) {
        job_post(jobs[1]);
    }
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 101);
    unsigned at = 0;
    while (atomic_load(&order.entries[at]) != 2) {
        at++;
    }
    /* Behind what stood in the lane at that moment: the repeating task itself. */
    check(at == 3 || at == 4);
    jobs_end(pool, jobs, 3);
}

TEST(higher_priorities_go_first_whenever_they_were_posted)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[10] = {occupy(pool, &tally, &gate)};
    static const enum sched_priority priorities[] = {
        SCHED_PRIORITY_NORMAL, SCHED_PRIORITY_LOW,  SCHED_PRIORITY_NORMAL, SCHED_PRIORITY_HIGH, SCHED_PRIORITY_LOW,
        SCHED_PRIORITY_NORMAL, SCHED_PRIORITY_HIGH, SCHED_PRIORITY_LOW,    SCHED_PRIORITY_HIGH, SCHED_PRIORITY_NORMAL};
    static const unsigned wanted[] = {3, 6, 8, 2, 5, 9, 1, 4, 7};

    for (unsigned i = 1; i < 10; i++) {
        jobs[i] = job_create_with(pool, &many[i], append_index, NULL, priorities[i], false);
        job_post(jobs[i]);
    }
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 9);
    for (unsigned i = 0; i < 9; i++) {
        check_equal(atomic_load(&order.entries[i]), wanted[i]);
    }
    jobs_end(pool, jobs, 10);
}

TEST(a_high_task_goes_before_the_next_callback_of_a_repeating_one)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[3] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &many[1], post_late_job_once, NULL);
    jobs[2] = late_job = job_create_with(pool, &many[2], append_index, NULL, SCHED_PRIORITY_HIGH, false);
    for (unsigned i = 0; i < 100; i++) {
        job_post(jobs[1]);
    }
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 101);
    check_equal(atomic_load(&order.entries[3]), 2);
    jobs_end(pool, jobs, 3);
}

TEST(a_post_after_a_cancel_stands_behind_what_came_between)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[4] = {occupy(pool, &tally, &gate)};

    for (unsigned i = 1; i < 4; i++) {
        jobs[i] = job_create(pool, &many[i], append_index, NULL);
    }
    job_post(jobs[1]);
    job_post(jobs[2]);
    check_equal(sched_cancel(&jobs[1]->task), 1);
    job_post(jobs[3]);
    job_post(jobs[1]);
    unit_gate_open(&gate);
    require_soon(atomic_load(&order.count) == 3);
    check_equal(atomic_load(&order.entries[0]), 2);
    check_equal(atomic_load(&order.entries[1]), 3);
    check_equal(atomic_load(&order.entries[2]), 1);
    jobs_end(pool, jobs, 4);
}

/* ---- the same task many times ---------------------------------------------------------------- */

static void meet(unsigned count)
{
    struct sched_pool *pool = pool_make(0);
    struct unit_meeting meeting = UNIT_MEETING(count);
    struct job *job = job_create(pool, &tally, job_meet, &meeting);

    for (unsigned i = 0; i < count; i++) {
        job_post(job);
    }
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), count);
    check_equal(atomic_load(&tally.peak), count);
    job_close(job);
    pool_end(pool);
}

TEST(two_callbacks_of_one_task_meet)
{
    meet(2);
}

TEST(four_callbacks_of_one_task_meet)
{
    meet(4);
}

TEST(thirty_two_callbacks_of_one_task_meet)
{
    meet(32);
}

enum { POSTERS = 4 };

struct poster {
    struct job **jobs;
    unsigned job_count;
    unsigned posts;
    uint32_t random;
};

static void post_at_random(void *argument)
{
    struct poster *poster = argument;

    for (unsigned i = 0; i < poster->posts; i++) {
        job_post(poster->jobs[unit_random(&poster->random) % poster->job_count]);
    }
}

static void post_from_many_threads(unsigned job_count, unsigned posts, uint32_t disturbance, uint32_t maximum)
{
    struct sched_pool *pool = pool_make(maximum);
    struct poster posters[POSTERS];
    struct unit_thread threads[POSTERS];
    struct job *jobs[16];

    ground_disturb(disturbance);
    for (unsigned i = 0; i < job_count; i++) {
        jobs[i] = job_create_with(pool, &tally, NULL, NULL, i % SCHED_PRIORITIES, false);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){jobs, job_count, posts, 1000 + i};
        unit_thread_start(&threads[i], post_at_random, &posters[i]);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        unit_thread_join(&threads[i]);
    }
    for (unsigned i = 0; i < job_count; i++) {
        sched_wait_idle(&jobs[i]->task);
    }
    check_equal(atomic_load(&tally.ended), POSTERS * posts);
    jobs_end(pool, jobs, job_count);
    check_equal(atomic_load(&tally.ended), POSTERS * posts);
    check_equal(atomic_load(&tally.closed), job_count);
}

TEST(each_post_of_one_task_is_one_callback)
{
    post_from_many_threads(1, 30000, 0, 0);
}

TEST(each_post_of_many_tasks_is_one_callback)
{
    post_from_many_threads(16, 20000, 0, 0);
}

TEST(each_post_is_one_callback_disturbed)
{
    post_from_many_threads(7, 1500, 31337, 0);
}

TEST(each_post_is_one_callback_on_a_single_worker)
{
    post_from_many_threads(5, 10000, 0, 1);
}
