// SPDX-License-Identifier: MIT
/* sched/port.h: completions in order, a port that callbacks cannot stall, what cannot be had. */
#include "sched_help.h"
#include "sched/port.h"

enum { FILES = 8, EACH = 500 };

static struct tally tally;
static struct unit_gate gate = UNIT_GATE;
static struct job *jobs[FILES];

static struct {
    _Atomic unsigned delivered;
    _Atomic unsigned wrong;
    unsigned next[FILES]; /* touched by the poller alone */
    char contexts[FILES][EACH];
} seen;

static struct sched_pool *deliver(const struct nt_completion *completion)
{
    unsigned file = (unsigned)completion->key;

    if (file >= FILES) {
        atomic_fetch_add(&seen.wrong, 1);
        return NULL;
    }
    unsigned number = seen.next[file]++;
    nt_status status = number % 7 == 3 ? GROUND_CANCELLED : NT_SUCCESS;
    if (completion->context != &seen.contexts[file][number] || completion->information != number ||
        completion->status != status) {
        atomic_fetch_add(&seen.wrong, 1);
    }
    sched_post_quietly(&jobs[file]->task);
    atomic_fetch_add(&seen.delivered, 1);
    return jobs[file]->pool;
}

static void complete(nt_handle file, unsigned index, unsigned number)
{
    ground_file_complete(file, &seen.contexts[index][number], number % 7 == 3 ? GROUND_CANCELLED : NT_SUCCESS, number);
}

TEST(completions_are_delivered_in_order_each_with_its_key)
{
    struct sched_pool *pool = pool_make(0);
    nt_handle files[FILES];

    for (unsigned i = 0; i < FILES; i++) {
        jobs[i] = job_create(pool, &tally, NULL, NULL);
        files[i] = ground_file_create();
        check_equal(sched_port_bind(files[i], i, deliver), NT_SUCCESS);
    }
    check_equal(ground_live_threads(), 1);
    for (unsigned number = 0; number < EACH; number++) {
        for (unsigned i = 0; i < FILES; i++) {
            complete(files[i], i, number);
        }
    }
    check_soon(atomic_load(&seen.delivered) == FILES * EACH);
    check_equal(atomic_load(&seen.wrong), 0);
    check_soon(atomic_load(&tally.ended) == FILES * EACH);
    for (unsigned i = 0; i < FILES; i++) {
        nt_handle_close(files[i]);
        job_close(jobs[i]);
    }
    pool_end(pool);
}

TEST(blocked_callbacks_do_not_stall_the_port)
{
    struct sched_pool *pool = pool_make(1);
    nt_handle file = ground_file_create();

    jobs[0] = job_create(pool, &tally, job_pass_gate, &gate);
    require(sched_port_bind(file, 0, deliver) == NT_SUCCESS);
    for (unsigned number = 0; number < EACH; number++) {
        complete(file, 0, number);
    }
    check_soon(atomic_load(&seen.delivered) == EACH);
    check_equal(ground_file_backlog(file), 0);
    check_soon(unit_gate_waiting(&gate) == 1);
    check_equal(atomic_load(&tally.ended), 0);
    unit_gate_open(&gate);
    check_soon(atomic_load(&tally.ended) == EACH);
    nt_handle_close(file);
    job_close(jobs[0]);
    pool_end(pool);
}

TEST(what_cannot_be_bound_says_so_and_a_later_bind_works)
{
    struct sched_pool *pool = pool_make(1);
    nt_handle file = ground_file_create();
    nt_handle event = ground_event_create(false, false);

    jobs[0] = job_create(pool, &tally, NULL, NULL);
    ground_fail(GROUND_PORT_CREATE, 1, 1);
    check_equal(sched_port_bind(file, 0, deliver), NT_INSUFFICIENT_RESOURCES);
    ground_fail(GROUND_THREAD, 1, 1);
    check_equal(sched_port_bind(file, 0, deliver), NT_TOO_MANY_THREADS);
    ground_fail(GROUND_PORT_BIND, 1, 1);
    check_equal(sched_port_bind(file, 0, deliver), NT_INSUFFICIENT_RESOURCES);
    ground_fail_nothing();
    check_equal(sched_port_bind(event, 0, deliver), NT_OBJECT_TYPE_MISMATCH);
    check_equal(sched_port_bind(file, 0, deliver), NT_SUCCESS);
    check_equal(sched_port_bind(file, 0, deliver), NT_INVALID_PARAMETER);
    check_equal(ground_live_threads(), 1);
    check_equal(ground_calls(GROUND_PORT_CREATE), 2);
    complete(file, 0, 0);
    check_soon(atomic_load(&tally.ended) == 1);
    check_equal(atomic_load(&seen.wrong), 0);
    nt_handle_close(event);
    nt_handle_close(file);
    job_close(jobs[0]);
    sched_pool_leave(pool);
    check_soon(pools_released() == 1);
}

struct binder {
    struct unit_meeting *meeting;
    nt_handle file;
    unsigned key;
    nt_status status;
};

static void bind_together(void *argument)
{
    struct binder *binder = argument;

    check(unit_meet(binder->meeting));
    binder->status = sched_port_bind(binder->file, binder->key, deliver);
}

TEST(one_port_and_one_poller_serve_everyone)
{
    struct unit_meeting meeting = UNIT_MEETING(FILES);
    struct sched_pool *pool = pool_make(2);
    struct unit_thread threads[FILES];
    struct binder binders[FILES];

    for (unsigned i = 0; i < FILES; i++) {
        jobs[i] = job_create(pool, &tally, NULL, NULL);
        binders[i] = (struct binder){&meeting, ground_file_create(), i, NT_PENDING};
        unit_thread_start(&threads[i], bind_together, &binders[i]);
    }
    for (unsigned i = 0; i < FILES; i++) {
        unit_thread_join(&threads[i]);
        check_equal(binders[i].status, NT_SUCCESS);
    }
    check_equal(ground_live_threads(), 1);
    for (unsigned i = 0; i < FILES; i++) {
        complete(binders[i].file, i, 0);
    }
    check_equal(ground_calls(GROUND_PORT_CREATE), 1);
    check_soon(atomic_load(&tally.ended) == FILES);
    check_equal(atomic_load(&seen.wrong), 0);
    for (unsigned i = 0; i < FILES; i++) {
        nt_handle_close(binders[i].file);
        job_close(jobs[i]);
    }
    pool_end(pool);
}
