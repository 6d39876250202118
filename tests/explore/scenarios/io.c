// SPDX-License-Identifier: MIT
/* Bound files and I/O objects, at the moment at which an operation completes. The port's poller stays. */
#include "pool_of.h"
#include "posix_ground.h"
#include "tp/group.h"
#include "tp/io.h"

static struct tp_pool *pool;
static struct tp_environ environ;
static nt_handle file;
static _Atomic unsigned calls, failures, order;

static void done(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                 struct tp_io *self)
{
    (void)instance, (void)context, (void)self;
    explore_check_equal(result->information, (uintptr_t)apc_context);
    atomic_fetch_add(result->status ? &failures : &calls, 1);
}

static void complete(void *number)
{
    ground_file_complete(file, number, NT_SUCCESS, (uintptr_t)number);
}

static void abort_operation(void *number)
{
    ground_file_complete(file, number, GROUND_CANCELLED, (uintptr_t)number);
}

static struct tp_io *make_io(unsigned maximum, tp_io_callback *callback)
{
    struct tp_io *io;

    environ = environ_of(&pool, maximum);
    file = ground_file_create();
    explore_check(tp_io_create(&io, file, callback, NULL, &environ) >= 0);
    return io;
}

static void end_io(struct tp_io *io)
{
    tp_io_close(io);
    tp_pool_close(pool);
    explore_settle();
}

/* One operation was announced and not begun after all. */
SCENARIO(an_operation_completes_when_another_is_taken_back, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), done);
    tp_io_start(io);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_cancel(io);
    tp_io_wait(io, false);
    explore_check_equal(atomic_load(&calls), 1);
    explore_join(thread);
    end_io(io);
    explore_check_equal(atomic_load(&calls), 1);
}

/* One of two was announced and never begun; who gives all up does not wait for it, nor does the close. */
SCENARIO(an_operation_that_was_never_begun_is_given_up, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), done);
    tp_io_start(io);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_wait(io, true);
    unsigned seen = atomic_load(&calls);
    explore_join(thread);
    end_io(io);
    explore_check(seen <= 1);
    explore_check_equal(atomic_load(&calls), seen);
}

/* The program takes back what completes all the same: one callback or none, and the object is free in the end. */
SCENARIO(an_operation_completes_when_it_is_taken_back, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), done);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_cancel(io);
    tp_io_wait(io, false);
    unsigned seen = atomic_load(&calls);
    explore_join(thread);
    explore_settle();
    explore_check(seen <= 1 && atomic_load(&calls) == seen);
    tp_io_start(io);
    complete((void *)2);
    tp_io_wait(io, false);
    explore_check_equal(atomic_load(&calls), seen + 1);
    end_io(io);
}

/* As when the file's handle is closed with an operation in progress. */
SCENARIO(an_operation_is_aborted_when_its_object_is_closed, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), done);
    tp_io_start(io);
    unsigned thread = explore_start(abort_operation, (void *)1);
    end_io(io);
    explore_join(thread);
    explore_settle();
    explore_check_equal(atomic_load(&failures), 1);
    explore_check_equal(atomic_load(&calls), 0);
}

static void close_file(void *unused)
{
    (void)unused;
    nt_handle_close(file);
}

SCENARIO(a_file_is_closed_when_its_completion_is_delivered, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), done);
    tp_io_start(io);
    complete((void *)1);
    unsigned thread = explore_start(close_file, NULL);
    tp_io_wait(io, false);
    explore_check_equal(atomic_load(&calls), 1);
    explore_join(thread);
    end_io(io);
    explore_check_equal(ground_bad_handle_uses(), 0);
}

static void note_order(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                       struct tp_io *self)
{
    explore_check_equal(atomic_fetch_add(&order, 1) + 1, (uintptr_t)apc_context);
    done(instance, context, apc_context, result, self);
}

SCENARIO(completions_keep_their_order_in_a_pool_of_one, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1, note_order);
    for (uintptr_t i = 1; i <= 3; i++)
        tp_io_start(io);
    for (uintptr_t i = 1; i <= 3; i++)
        complete((void *)i);
    tp_io_wait(io, false);
    explore_check_equal(atomic_load(&calls), 3);
    end_io(io);
}

static void restart(struct tp_instance *instance, void *context, void *apc_context, struct tp_io_status *result,
                    struct tp_io *self)
{
    done(instance, context, apc_context, result, self);
    if ((uintptr_t)apc_context == 3)
        return;
    tp_io_start(self);
    complete((char *)apc_context + 1);
}

/* As a server reads on: each callback begins the next operation, and somebody waits for all. */
SCENARIO(each_completion_begins_the_next_operation, .keeps_waiters = true)
{
    struct tp_io *io = make_io(1 + explore_pick(2), restart);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_io_wait(io, false);
    explore_join(thread);
    explore_check_equal(atomic_load(&calls), 3);
    end_io(io);
}

/* The same, and a group's close waits for all. */
SCENARIO(a_group_closes_while_each_completion_begins_the_next_operation, .keeps_waiters = true)
{
    struct tp_io *io;
    environ = environ_of(&pool, 0);
    explore_check(tp_group_create(&environ.group) >= 0);
    file = ground_file_create();
    explore_check(tp_io_create(&io, file, restart, NULL, &environ) >= 0);
    tp_io_start(io);
    unsigned thread = explore_start(complete, (void *)1);
    tp_group_close_members(environ.group, false, NULL);
    explore_join(thread);
    explore_check_equal(atomic_load(&calls), 3);
    tp_group_close(environ.group);
    tp_pool_close(pool);
    explore_settle();
}

static void bound_done(uint32_t error, uint32_t bytes, void *overlapped)
{
    explore_check_equal(bytes, error ? 0 : (uintptr_t)overlapped);
    atomic_fetch_add(error ? &failures : &calls, 1);
}

SCENARIO(operations_on_a_bound_file_complete, .keeps_waiters = true, .keeps_items = true)
{
    file = ground_file_create();
    explore_check(tp_bind_io(file, bound_done, explore_pick(2)) >= 0);
    unsigned threads[] = {explore_start(complete, (void *)1), explore_start(abort_operation, (void *)2)};
    complete((void *)3);
    explore_join(threads[0]);
    explore_join(threads[1]);
    explore_settle();
    explore_check_equal(atomic_load(&calls), 2);
    explore_check_equal(atomic_load(&failures), 1);
}
