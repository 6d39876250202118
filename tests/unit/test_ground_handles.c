// SPDX-License-Identifier: MIT
/* The POSIX ground keeps nt.h's contract: handles, waits, the completion port. */
#include "unit.h"

TEST(a_duplicate_keeps_its_object_and_a_closed_handle_names_nothing)
{
    nt_handle event = ground_event_create(true, true);
    nt_handle own = NULL;

    check_equal(nt_handle_open_for_wait(event, &own), NT_SUCCESS);
    check(own != event);
    check_equal(ground_open_handles(), 2);
    check_equal(nt_handle_close(event), NT_SUCCESS);
    check_equal(nt_wait_any(1, &own, 0), 0);
    check_equal(nt_wait_any(1, &event, 0), NT_INVALID_HANDLE);
    check_equal(nt_handle_close(event), NT_INVALID_HANDLE);
    check_equal(nt_handle_close(own), NT_SUCCESS);
    check_equal(ground_open_handles(), 0);
    /* Not even when its slot is used again. */
    nt_handle next = ground_event_create(true, true);
    check_equal(nt_event_set(event), NT_INVALID_HANDLE);
    check_equal(nt_event_set(own), NT_INVALID_HANDLE);
    nt_handle_close(next);
}

TEST(what_cannot_be_waited_for_is_turned_away)
{
    nt_handle mutex = ground_mutex_create(false);
    nt_handle key = ground_key_create();
    nt_handle event = ground_event_create(false, false);
    nt_handle own = NULL;

    check_equal(nt_handle_open_for_wait(mutex, &own), NT_INVALID_PARAMETER_3);
    check_equal(nt_handle_open_for_wait(key, &own), NT_OBJECT_TYPE_MISMATCH);
    check_equal(nt_handle_open_for_wait(NULL, &own), NT_INVALID_HANDLE);
    check_equal(nt_handle_open_for_wait((nt_handle)0x1234, &own), NT_INVALID_HANDLE);
    ground_forbid_waiting(event);
    check_equal(nt_handle_open_for_wait(event, &own), NT_ACCESS_DENIED);
    check(own == NULL);
    check_equal(ground_open_handles(), 3);
    check_equal(nt_event_set(key), NT_OBJECT_TYPE_MISMATCH);
    check_equal(nt_event_set(event), NT_SUCCESS);
    nt_handle_close(mutex);
    nt_handle_close(key);
    nt_handle_close(event);
}

TEST(the_lowest_signalled_index_wins_and_only_it_is_consumed)
{
    nt_handle handles[4] = {
        ground_event_create(false, false),
        ground_semaphore_create(0, 10),
        ground_event_create(true, false),
        ground_event_create(false, false),
    };

    check_equal(nt_wait_any(4, handles, 0), NT_TIMEOUT);
    nt_event_set(handles[3]);
    nt_event_set(handles[2]);
    nt_semaphore_release(handles[1], 2);
    check_equal(nt_wait_any(4, handles, 0), 1);
    check_equal(nt_wait_any(4, handles, 0), 1);
    check_equal(nt_wait_any(4, handles, 0), 2);
    check_equal(nt_wait_any(4, handles, 0), 2);
    ground_event_reset(handles[2]);
    check_equal(nt_wait_any(4, handles, 0), 3);
    check_equal(nt_wait_any(4, handles, 0), NT_TIMEOUT);
    check_equal(nt_semaphore_release(handles[1], 11), GROUND_SEMAPHORE_LIMIT);
    for (unsigned i = 0; i < 4; i++) {
        nt_handle_close(handles[i]);
    }
    check_equal(ground_open_handles(), 0);
}

TEST(a_wait_ends_at_its_deadline)
{
    nt_handle event = ground_event_create(false, false);
    uint64_t deadline = nt_time_now() + 30 * NT_MILLISECOND;

    check_equal(nt_wait_any(1, &event, deadline), NT_TIMEOUT);
    check(nt_time_now() >= deadline);
    check_equal(ground_waiters(event), 0);
    check_equal(nt_wait_any(0, &event, 0), NT_INVALID_PARAMETER_1);
    check_equal(nt_wait_any(NT_WAIT_MAXIMUM + 1, &event, 0), NT_INVALID_PARAMETER_1);
    nt_handle_close(event);
}

struct consumers {
    nt_handle handles[NT_WAIT_MAXIMUM];
    nt_handle stop;
    _Atomic unsigned consumed;
    _Atomic unsigned failed;
};

static void consume(void *argument)
{
    struct consumers *consumers = argument;
    nt_handle handles[NT_WAIT_MAXIMUM];

    handles[0] = consumers->stop;
    for (unsigned i = 1; i < NT_WAIT_MAXIMUM; i++) {
        handles[i] = consumers->handles[i];
    }
    for (unsigned round = 0;; round++) {
        uint64_t deadline = round % 3 == 0 ? nt_time_now() + NT_MILLISECOND / 10 : NT_FOREVER;
        nt_status status = nt_wait_any(NT_WAIT_MAXIMUM, handles, deadline);
        if (status == 0) {
            return;
        }
        if (status > 0 && status < NT_WAIT_MAXIMUM) {
            atomic_fetch_add(&consumers->consumed, 1);
        } else if (status != NT_TIMEOUT) {
            atomic_fetch_add(&consumers->failed, 1);
        }
    }
}

/* Semaphores count each release, so what was consumed must equal what was released, however waits time out meanwhile.
 */
TEST(each_signal_is_consumed_exactly_once)
{
    struct consumers consumers = {.stop = ground_event_create(true, false)};
    uint32_t random = 1;

    ground_disturb(77);
    for (unsigned i = 1; i < NT_WAIT_MAXIMUM; i++) {
        consumers.handles[i] = ground_semaphore_create(0, 1000000);
    }
    for (unsigned i = 0; i < 4; i++) {
        require(nt_thread_start(consume, &consumers, NULL) == NT_SUCCESS);
    }
    for (unsigned i = 0; i < 5000; i++) {
        unsigned which = 1 + unit_random(&random) % (NT_WAIT_MAXIMUM - 1);
        check_equal(nt_semaphore_release(consumers.handles[which], 1 + i % 2), NT_SUCCESS);
    }
    check_soon(atomic_load(&consumers.consumed) == 7500);
    nt_event_set(consumers.stop);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&consumers.consumed), 7500);
    check_equal(atomic_load(&consumers.failed), 0);
    for (unsigned i = 1; i < NT_WAIT_MAXIMUM; i++) {
        check_equal(ground_semaphore_count(consumers.handles[i]), 0);
        nt_handle_close(consumers.handles[i]);
    }
    nt_handle_close(consumers.stop);
    check_equal(ground_open_handles(), 0);
}

struct one_wait {
    nt_handle handle;
    _Atomic nt_status result;
};

static void wait_forever(void *argument)
{
    struct one_wait *wait = argument;

    atomic_store(&wait->result, nt_wait_any(1, &wait->handle, NT_FOREVER));
}

TEST(a_wait_outlives_the_handle_it_began_with)
{
    struct one_wait wait = {.handle = ground_process_create(), .result = NT_PENDING};
    nt_handle own = NULL;

    require(nt_handle_open_for_wait(wait.handle, &own) == NT_SUCCESS);
    require(nt_thread_start(wait_forever, &wait, NULL) == NT_SUCCESS);
    require_soon(ground_waiters(own) == 1);
    check_equal(nt_handle_close(wait.handle), NT_SUCCESS);
    ground_process_end(own);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&wait.result), 0);
    /* It stays signalled. */
    check_equal(nt_wait_any(1, &own, 0), 0);
    nt_handle_close(own);
}

TEST(a_mutex_belongs_to_its_owner)
{
    nt_handle mutex = ground_mutex_create(true);
    struct one_wait wait = {.handle = mutex, .result = NT_PENDING};

    check_equal(nt_wait_any(1, &mutex, 0), 0);
    require(nt_thread_start(wait_forever, &wait, NULL) == NT_SUCCESS);
    require_soon(ground_waiters(mutex) == 1);
    check_equal(nt_mutex_release(mutex), NT_SUCCESS);
    check_equal(ground_waiters(mutex), 1);
    check_equal(nt_mutex_release(mutex), NT_SUCCESS);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(nt_mutex_release(mutex), GROUND_MUTANT_NOT_OWNED);
    check_equal(nt_wait_any(1, &mutex, 0), NT_TIMEOUT);
    nt_handle_close(mutex);
}

TEST(completions_come_in_order_with_the_key_of_their_file)
{
    nt_handle port = NULL;
    nt_handle files[2] = {ground_file_create(), ground_file_create()};
    struct nt_completion completion;
    char contexts[8];

    require(nt_port_create(&port) == NT_SUCCESS);
    check_equal(nt_port_bind(port, files[0], 100), NT_SUCCESS);
    check_equal(nt_port_bind(port, files[1], 101), NT_SUCCESS);
    check_equal(nt_port_bind(port, files[1], 102), NT_INVALID_PARAMETER);
    check_equal(nt_port_bind(port, port, 102), NT_OBJECT_TYPE_MISMATCH);
    for (unsigned i = 0; i < 8; i++) {
        ground_file_complete(files[i % 2], &contexts[i], i == 3 ? GROUND_CANCELLED : NT_SUCCESS, i * 10);
    }
    check_equal(ground_file_backlog(files[0]), 8);
    for (unsigned i = 0; i < 8; i++) {
        check_equal(nt_port_remove(port, &completion), NT_SUCCESS);
        check_equal(completion.key, 100 + i % 2);
        check(completion.context == &contexts[i]);
        check_equal(completion.status, i == 3 ? GROUND_CANCELLED : NT_SUCCESS);
        check_equal(completion.information, i * 10);
    }
    nt_handle_close(files[0]);
    nt_handle_close(files[1]);
    nt_handle_close(port);
    check_equal(ground_open_handles(), 0);

    ground_fail(GROUND_PORT_CREATE, 1, 1);
    check_equal(nt_port_create(&port), NT_INSUFFICIENT_RESOURCES);
    check_equal(ground_open_handles(), 0);
}

struct removal {
    nt_handle port;
    struct nt_completion completion;
};

static void remove_one(void *argument)
{
    struct removal *removal = argument;

    nt_port_remove(removal->port, &removal->completion);
}

TEST(a_waiting_remover_gets_the_completion)
{
    struct removal removal = {0};
    nt_handle file = ground_file_create();

    require(nt_port_create(&removal.port) == NT_SUCCESS);
    require(nt_port_bind(removal.port, file, 9) == NT_SUCCESS);
    require(nt_thread_start(remove_one, &removal, NULL) == NT_SUCCESS);
    require_soon(ground_waiters(removal.port) == 1);
    ground_file_complete(file, &removal, NT_SUCCESS, 5);
    require(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(removal.completion.key, 9);
    check(removal.completion.context == &removal);
    check_equal(ground_file_backlog(file), 0);
    nt_handle_close(file);
    nt_handle_close(removal.port);
}
