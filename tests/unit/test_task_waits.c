// SPDX-License-Identifier: MIT
/* sched/task.h: cancelling and waiting. */
#include "sched_help.h"

static struct unit_gate gate = UNIT_GATE;
static struct tally tally, other;

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
    jobs_end(pool, jobs, 2);
    check_equal(atomic_load(&other.begun), 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, jobs, 2);
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
    jobs_end(pool, &job, 1);
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
    jobs_end(pool, jobs, 2);
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
    jobs_end(pool, jobs, 2);
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
    jobs_end(pool, &job, 1);
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
