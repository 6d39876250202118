// SPDX-License-Identifier: MIT
/* sched/task.h: posting, order, cancelling, waiting, closing. */
#include "sched_help.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other, third;

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

/* Closes what may still be pending, then ends the pool. */
static void finish(struct sched_pool *pool, struct job **jobs, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        job_close(jobs[i]);
    }
    pool_end(pool);
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
    finish(pool, jobs, 4);
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
    finish(pool, jobs, 3);
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
    finish(pool, jobs, 3);
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
    finish(pool, jobs, 10);
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
    finish(pool, jobs, 3);
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
    finish(pool, jobs, job_count);
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

/* ---- cancelling ------------------------------------------------------------------------------- */

TEST(what_has_not_begun_is_cancelled_and_never_runs)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &other, NULL, NULL);
    check_equal(sched_cancel(&jobs[1]->task), 0);
    for (unsigned i = 0; i < 50; i++) {
        job_post(jobs[1]);
    }
    check_equal(sched_cancel(&jobs[1]->task), 50);
    check_equal(sched_cancel(&jobs[1]->task), 0);
    /* Nothing pending, nothing running: there is nothing to wait for, though a worker is busy. */
    sched_wait_idle(&jobs[1]->task);
    job_post(jobs[1]);
    unit_gate_open(&gate);
    sched_wait_idle(&jobs[1]->task);
    check_equal(atomic_load(&other.begun), 1);
    check_equal(sched_cancel(&jobs[0]->task), 0);
    finish(pool, jobs, 2);
    check_equal(atomic_load(&other.begun), 1);
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
    finish(pool, jobs, 4);
}

static void post_haltingly(void *argument)
{
    for (unsigned i = 0; i < 20000; i++) {
        job_post(argument);
        for (unsigned spins = i % 200; spins > 0; spins--) {
            nt_cpu_relax();
        }
    }
}

struct canceller {
    struct job *job;
    _Atomic bool over;
    uint64_t cancelled;
};

static void cancel_on_and_on(void *argument)
{
    struct canceller *canceller = argument;

    while (!atomic_load(&canceller->over)) {
        canceller->cancelled += sched_cancel(&canceller->job->task);
        unit_pause(NT_MILLISECOND / 10);
    }
}

TEST(each_post_is_either_run_or_cancelled)
{
    struct sched_pool *pool = pool_make(0);
    struct job *job = job_create(pool, &tally, NULL, NULL);
    struct canceller cancellers[2] = {{.job = job}, {.job = job}};
    struct unit_thread threads[3];

    for (unsigned i = 0; i < 2; i++) {
        unit_thread_start(&threads[i], cancel_on_and_on, &cancellers[i]);
    }
    unit_thread_start(&threads[2], post_haltingly, job);
    unit_thread_join(&threads[2]);
    sched_wait_idle(&job->task);
    for (unsigned i = 0; i < 2; i++) {
        atomic_store(&cancellers[i].over, true);
        unit_thread_join(&threads[i]);
    }
    uint64_t cancelled = cancellers[0].cancelled + cancellers[1].cancelled;
    check_equal(atomic_load(&tally.ended) + cancelled, 20000);
    unit_note("%u run, %llu cancelled", atomic_load(&tally.ended), (unsigned long long)cancelled);
    finish(pool, &job, 1);
}

/* ---- waiting ---------------------------------------------------------------------------------- */

struct wait {
    struct job *job;
    void (*how)(struct sched_task *task);
    _Atomic bool begun;
    _Atomic bool over;
    struct unit_thread thread;
};

static void wait_for_job(void *argument)
{
    struct wait *wait = argument;

    atomic_store(&wait->begun, true);
    wait->how(&wait->job->task);
    atomic_store(&wait->over, true);
}

/* Whether threads wait for the job: told by its word, so that a test can act once they do. */
static bool is_waited_for(struct job *job)
{
    return (atomic_load(&job->task.counts) & TASK_WAITED) != 0;
}

TEST(waiting_for_idle_includes_posts_that_arrive_meanwhile)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = occupy(pool, &tally, &gate);
    struct wait wait = {.job = job, .how = sched_wait_idle};

    unit_thread_start(&wait.thread, wait_for_job, &wait);
    require_soon(is_waited_for(job));
    for (unsigned i = 0; i < 10; i++) {
        job_post(job);
    }
    check(!atomic_load(&wait.over));
    unit_gate_open(&gate);
    unit_thread_join(&wait.thread);
    check_equal(atomic_load(&tally.ended), 11);
    finish(pool, &job, 1);
}

static struct unit_gate gates[3] = {UNIT_GATE, UNIT_GATE, UNIT_GATE};

/* The n-th callback passes the n-th gate. */
static void pass_own_gate(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    check(unit_gate_pass(&gates[(atomic_load(&job->tally->begun) - 1) % 3]));
}

TEST(waiting_for_what_has_begun_is_not_prolonged_by_what_begins_later)
{
    struct sched_pool *pool = pool_make(2);
    struct job *job = job_create(pool, &tally, pass_own_gate, NULL);
    struct wait wait = {.job = job, .how = sched_wait_begun};

    job_post(job);
    require_soon(unit_gate_waiting(&gates[0]) == 1);
    unit_thread_start(&wait.thread, wait_for_job, &wait);
    require_soon(is_waited_for(job));
    job_post(job);
    require_soon(unit_gate_waiting(&gates[1]) == 1);
    job_post(job);
    check(!atomic_load(&wait.over));
    unit_gate_open(&gates[0]);
    unit_thread_join(&wait.thread);
    check_equal(unit_gate_waiting(&gates[1]), 1);
    unit_gate_open(&gates[1]);
    unit_gate_open(&gates[2]);
    sched_wait_idle(&job->task);
    check_equal(atomic_load(&tally.ended), 3);
    finish(pool, &job, 1);
}

TEST(waiting_for_what_has_begun_does_not_wait_for_what_is_queued)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &other, NULL, NULL);
    job_post(jobs[1]);
    sched_wait_begun(&jobs[1]->task);
    check_equal(atomic_load(&other.begun), 0);
    unit_gate_open(&gate);
    finish(pool, jobs, 2);
    check_equal(atomic_load(&other.ended), 1);
}

TEST(every_waiter_is_released)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = occupy(pool, &tally, &gate);
    struct wait waits[12];

    for (unsigned i = 0; i < 12; i++) {
        waits[i] = (struct wait){
            .job = job,
            .how = i % 3 == 0   ? sched_wait_idle
                   : i % 3 == 1 ? sched_wait_begun
                                : sched_wait_quiet,
        };
        unit_thread_start(&waits[i].thread, wait_for_job, &waits[i]);
    }
    for (unsigned i = 0; i < 12; i++) {
        require_soon(atomic_load(&waits[i].begun));
    }
    require_soon(is_waited_for(job));
    unit_gate_open(&gate);
    for (unsigned i = 0; i < 12; i++) {
        unit_thread_join(&waits[i].thread);
    }
    check_equal(atomic_load(&tally.ended), 1);
    finish(pool, &job, 1);
}

TEST(a_cancel_releases_those_who_wait_for_idle)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &other, NULL, NULL);
    struct wait wait = {.job = jobs[1], .how = sched_wait_idle};
    job_post(jobs[1]);
    unit_thread_start(&wait.thread, wait_for_job, &wait);
    require_soon(is_waited_for(jobs[1]));
    check_equal(sched_cancel(&jobs[1]->task), 1);
    unit_thread_join(&wait.thread);
    check_equal(atomic_load(&other.begun), 0);
    unit_gate_open(&gate);
    finish(pool, jobs, 2);
}

struct idle_waiter {
    struct job *job;
    struct unit_meeting *meeting;
    unsigned rounds;
};

static void wait_for_idle_on_and_on(void *argument)
{
    struct idle_waiter *waiter = argument;

    for (unsigned i = 0; i < waiter->rounds; i++) {
        if (!unit_meet(waiter->meeting)) {
            return;
        }
        if (i % 2) {
            sched_wait_idle(&waiter->job->task);
        } else {
            sched_wait_quiet(&waiter->job->task);
        }
        if (!unit_meet(waiter->meeting)) {
            return;
        }
    }
}

/* The cancel comes right when somebody has announced to wait but does not sleep yet. */
TEST(a_cancel_never_leaves_a_waiter_behind)
{
    struct unit_meeting meeting = UNIT_MEETING(2);
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};
    struct idle_waiter waiter = {.meeting = &meeting, .rounds = 10000};
    struct unit_thread thread;

    waiter.job = jobs[1] = job_create(pool, &other, NULL, NULL);
    unit_thread_start(&thread, wait_for_idle_on_and_on, &waiter);
    for (unsigned i = 0; i < waiter.rounds; i++) {
        job_post(jobs[1]);
        require(unit_meet(&meeting));
        while (!is_waited_for(jobs[1])) {
            nt_cpu_relax();
        }
        for (unsigned spins = i % 64; spins > 0; spins--) {
            nt_cpu_relax();
        }
        check_equal(sched_cancel(&jobs[1]->task), 1);
        require(unit_meet(&meeting));
    }
    unit_thread_join(&thread);
    check_equal(atomic_load(&other.begun), 0);
    unit_gate_open(&gate);
    finish(pool, jobs, 2);
}

static void detach_and_pass_gate(struct job *job, struct sched_worker *worker)
{
    sched_detach(worker);
    sched_detach(worker);
    check(unit_gate_pass(job->argument));
}

TEST(a_detached_callback_is_waited_for_only_by_who_wants_quiet)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, detach_and_pass_gate, &gate);
    struct wait wait = {.job = job, .how = sched_wait_quiet};

    job_post(job);
    require_soon(unit_gate_waiting(&gate) == 1);
    sched_wait_idle(&job->task);
    sched_wait_begun(&job->task);
    check_equal(sched_running(&job->task), 0);
    check_equal(atomic_load(&tally.ended), 0);
    unit_thread_start(&wait.thread, wait_for_job, &wait);
    require_soon(is_waited_for(job));
    check(!atomic_load(&wait.over));
    unit_gate_open(&gate);
    unit_thread_join(&wait.thread);
    check_equal(atomic_load(&tally.ended), 1);
    finish(pool, &job, 1);
}

TEST(a_detached_callback_keeps_its_task_in_memory)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, detach_and_pass_gate, &gate);

    job_post(job);
    require_soon(unit_gate_waiting(&gate) == 1);
    check(sched_close(&job->task));
    check_equal(atomic_load(&tally.closed), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.closed) == 1);
    pool_end(pool);
    check_equal(atomic_load(&tally.closed), 1);
}

/* ---- closing ---------------------------------------------------------------------------------- */

TEST(a_task_closed_while_queued_runs_first)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);

    for (unsigned i = 0; i < 5; i++) {
        job_post(job);
    }
    check(sched_close(&job->task));
    check_equal(atomic_load(&other.closed), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&other.closed) == 1);
    check_equal(atomic_load(&other.ended), 5);
    finish(pool, &first, 1);
    check_equal(atomic_load(&other.closed), 1);
}

TEST(a_task_closed_while_running_is_closed_at_the_end)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = occupy(pool, &tally, &gate);

    check(sched_close(&job->task));
    check(!sched_close(&job->task));
    check_equal(atomic_load(&tally.closed), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.closed) == 1);
    pool_end(pool);
    check_equal(atomic_load(&tally.closed), 1);
}

static void close_self(struct job *job, struct sched_worker *worker)
{
    (void)worker;
    check(sched_close(&job->task));
    /* This one is not, as long as it runs. */
    check(atomic_load(&job->tally->closed) < atomic_load(&job->tally->begun));
}

TEST(a_task_may_close_itself)
{
    struct sched_pool *pool = pool_make(0);

    for (unsigned i = 0; i < 3000; i++) {
        job_post(job_create(pool, &tally, close_self, NULL));
    }
    check_soon(atomic_load(&tally.closed) == 3000);
    check_equal(atomic_load(&tally.ended), 3000);
    pool_end(pool);
}

TEST(a_cancelled_task_is_closed_at_once_though_every_worker_is_busy)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);
    struct job *between = job_create(pool, &third, NULL, NULL);

    job_post(job);
    job_post(between);
    check_equal(sched_cancel(&job->task), 1);
    check(sched_close(&job->task));
    check_equal(atomic_load(&other.closed), 1);
    unit_gate_open(&gate);
    sched_wait_idle(&between->task);
    check_equal(atomic_load(&third.ended), 1);
    job_close(between);
    finish(pool, &first, 1);
}

TEST(a_held_task_keeps_its_memory_until_released)
{
    struct sched_pool *pool = pool_make(1);
    struct job *first = occupy(pool, &tally, &gate);
    struct job *job = job_create(pool, &other, NULL, NULL);

    job_post(job);
    sched_hold(&job->task);
    check(sched_close(&job->task));
    check_equal(sched_cancel(&job->task), 1);
    sched_wait_quiet(&job->task);
    check_equal(atomic_load(&other.closed), 0);
    sched_release(&job->task);
    check_equal(atomic_load(&other.closed), 1);

    struct job *idle = job_create(pool, &third, NULL, NULL);
    sched_hold(&idle->task);
    check(sched_close(&idle->task));
    check_equal(atomic_load(&third.closed), 0);
    sched_release(&idle->task);
    check_equal(atomic_load(&third.closed), 1);
    unit_gate_open(&gate);
    finish(pool, &first, 1);
    check_equal(atomic_load(&other.closed), 1);
}

/* ---- the rest --------------------------------------------------------------------------------- */

TEST(a_task_that_refuses_drops_posts_until_it_no_longer_does)
{
    struct sched_pool *pool = pool_make(1);
    struct job *jobs[2] = {occupy(pool, &tally, &gate)};

    jobs[1] = job_create(pool, &other, NULL, NULL);
    job_post(jobs[1]);
    sched_refuse(&jobs[1]->task, true);
    job_post(jobs[1]);
    job_post(jobs[1]);
    unit_gate_open(&gate);
    sched_wait_idle(&jobs[1]->task);
    check_equal(atomic_load(&other.ended), 1);
    sched_refuse(&jobs[1]->task, false);
    job_post(jobs[1]);
    sched_wait_idle(&jobs[1]->task);
    check_equal(atomic_load(&other.ended), 2);
    finish(pool, jobs, 2);
}

TEST(a_task_posted_from_the_start_runs_once_and_is_closed)
{
    struct sched_pool *pool = pool_make(0);

    for (unsigned i = 0; i < 5000; i++) {
        job_launch(pool, &tally, NULL, NULL, i % SCHED_PRIORITIES);
    }
    check_soon(atomic_load(&tally.closed) == 5000);
    check_equal(atomic_load(&tally.ended), 5000);
    pool_end(pool);
}

static void note_over(void *argument)
{
    struct tally *noted = argument;

    /* The callback that asked for it does not count as running any more. */
    atomic_fetch_add(&noted->ended, 1);
}

static struct tally noted;

static void ask_for_afterwards(struct job *job, struct sched_worker *worker)
{
    sched_afterwards(worker, note_over, &noted);
    check_equal(atomic_load(&noted.ended), atomic_load(&job->tally->ended));
}

TEST(what_is_to_be_done_afterwards_is_done_once_after_each_callback)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, ask_for_afterwards, NULL);

    for (unsigned i = 0; i < 100; i++) {
        job_post(job);
    }
    check_soon(atomic_load(&noted.ended) == 100);
    check_equal(atomic_load(&tally.ended), 100);
    finish(pool, &job, 1);
}

static void stay(struct job *job, struct sched_worker *worker)
{
    (void)job;
    sched_worker_make_persistent(worker);
}

TEST(a_persistent_worker_stays_until_its_pool_ends)
{
    struct sched_pool *pool = pool_make(1);
    struct job *job = job_create(pool, &tally, stay, NULL);

    ground_speed_clocks(100);
    job_post(job);
    sched_wait_idle(&job->task);
    unit_pause(NT_SECOND);
    check_equal(atomic_load(&sched_workers_now), 1);
    finish(pool, &job, 1);
    check_equal(atomic_load(&sched_workers_created), 1);
}
