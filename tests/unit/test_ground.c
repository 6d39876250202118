// SPDX-License-Identifier: MIT
/* The POSIX ground keeps nt.h's contract: memory, clocks, threads, parking, faults, raised statuses. */
#include "unit.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static bool is_mapped(void *page)
{
    unsigned char resident;

    return mincore(page, 4096, &resident) == 0;
}

/* Whether the system can read there, without faulting. */
static bool is_readable(const void *address)
{
    int ends[2];
    bool readable = pipe(ends) == 0 && write(ends[1], address, 1) == 1;

    close(ends[0]);
    close(ends[1]);
    return readable;
}

TEST(memory_is_reserved_aligned_and_committed_zeroed)
{
    size_t before = ground_reserved_bytes();
    char *block = nt_memory_reserve(256 * 1024, 256 * 1024);

    require(block != NULL);
    check_equal((uintptr_t)block % (256 * 1024), 0);
    check_equal(ground_reserved_bytes() - before, 256 * 1024);
    check_equal(ground_committed_bytes(), 0);
    check(!is_readable(block));

    require(nt_memory_commit(block + 8192, 5000));
    check_equal(ground_committed_bytes(), 8192);
    check(!is_readable(block));
    check(is_readable(block + 8192 + 4096));
    check_equal(block[8192], 0);
    memset(block + 8192, 7, 8192);
    require(nt_memory_commit(block + 8192, 4096));
    check_equal(block[8192], 7);
    check_equal(ground_committed_bytes(), 8192);

    nt_memory_decommit(block + 8192, 4096);
    check_equal(ground_committed_bytes(), 4096);
    check(!is_readable(block + 8192));
    check_equal(block[8192 + 4096], 7);
    require(nt_memory_commit(block + 8192, 4096));
    check_equal(block[8192], 0);

    nt_memory_release(block, 256 * 1024);
    check(!is_mapped(block));
    check_equal(ground_reserved_bytes(), before);
    check_equal(ground_committed_bytes(), 0);
}

TEST(the_nth_call_fails_and_the_others_do_not)
{
    ground_fail(GROUND_RESERVE, 2, 2);
    void *first = nt_memory_reserve(65536, 4096);
    check(first != NULL);
    check(nt_memory_reserve(65536, 4096) == NULL);
    check(nt_memory_reserve(65536, 4096) == NULL);
    void *fourth = nt_memory_reserve(65536, 4096);
    check(fourth != NULL);
    check_equal(ground_calls(GROUND_RESERVE), 4);

    ground_fail(GROUND_COMMIT, 1, 1);
    check(!nt_memory_commit(first, 4096));
    check(!is_readable(first));
    check(nt_memory_commit(first, 4096));

    nt_handle handle = NULL;
    ground_fail(GROUND_EVENT, 1, GROUND_ALWAYS);
    check_equal(nt_event_create(&handle, false), NT_INSUFFICIENT_RESOURCES);
    check_equal(nt_event_create(&handle, false), NT_INSUFFICIENT_RESOURCES);
    ground_fail_nothing();
    check_equal(nt_event_create(&handle, false), NT_SUCCESS);
    nt_handle_close(handle);
    nt_memory_release(first, 65536);
    nt_memory_release(fourth, 65536);
}

TEST(the_monotonic_clock_ignores_what_moves_the_system_clock)
{
    uint64_t now = nt_time_now();
    uint64_t utc = nt_system_time();

    ground_move_system_clock((int64_t)(3600 * NT_SECOND));
    check(nt_time_now() >= now);
    check(nt_time_now() - now < 600 * NT_SECOND);
    check(nt_system_time() - utc >= 3600 * NT_SECOND);
    ground_move_system_clock(-(int64_t)(7200 * NT_SECOND));
    check(nt_system_time() < utc);
    /* 1 January 2020 and 1 January 2200 in this count. */
    check(utc > UINT64_C(132223104000000000));
    check(utc < UINT64_C(189024192000000000));
}

TEST(fast_clocks_make_long_parks_short)
{
    struct nt_parker parker;

    ground_speed_clocks(1000);
    nt_parker_init(&parker);
    uint64_t real = unit_real_time();
    uint64_t start = nt_time_now();
    check(!nt_park(&parker, start + 60 * NT_SECOND));
    check(nt_time_now() >= start + 60 * NT_SECOND);
    check(unit_real_time() - real < 30 * NT_SECOND);
    check(unit_real_time() - real >= 60 * NT_MILLISECOND);
}

TEST(the_time_of_a_thread_advances_while_it_computes_and_not_while_it_sleeps)
{
    uint64_t before, after = 0, slept = 0;

    require(nt_thread_cpu_time(nt_thread_id(), &before));
    while (after < before + 20 * NT_MILLISECOND)
        require(nt_thread_cpu_time(nt_thread_id(), &after));
    unit_pause(NT_SECOND / 5);
    require(nt_thread_cpu_time(nt_thread_id(), &slept));
    check(slept - after < 20 * NT_MILLISECOND);
    check(!nt_thread_cpu_time(1, &before)); /* not of this process */
}

TEST(the_idle_time_of_the_processors_never_falls)
{
    uint64_t before = nt_system_idle_time();

    /* Others may keep them busy all the time. */
    unit_pause(NT_SECOND / 10);
    check(nt_system_idle_time() >= before);
    ground_pretend_idle_processors(0);
    check_equal(nt_system_idle_time(), 0);
}

static void leave_at_once(void *argument)
{
    _Atomic unsigned *count = argument;

    atomic_fetch_add(count, 1);
}

static void pass_gate(void *argument)
{
    unit_gate_pass(argument);
}

TEST(threads_are_counted_until_they_end)
{
    struct unit_gate gate = UNIT_GATE;
    _Atomic unsigned count = 0;

    check(ground_wait_threads_ended(1));
    for (unsigned i = 0; i < 10; i++) {
        check_equal(nt_thread_start(pass_gate, &gate, NULL), NT_SUCCESS);
    }
    check_equal(ground_live_threads(), 10);
    check(!ground_wait_threads_ended(0));
    unit_gate_open(&gate);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(ground_live_threads(), 0);
    check_equal(ground_peak_threads(), 10);

    struct nt_stack_size stack = {.reserve = 65536, .commit = 4096};
    check_equal(nt_thread_start(leave_at_once, &count, &stack), NT_SUCCESS);
    check_equal(ground_last_stack().reserve, 65536);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(atomic_load(&count), 1);
    check_equal(ground_started_threads(), 11);

    ground_fail(GROUND_THREAD, 1, 1);
    check_equal(nt_thread_start(leave_at_once, &count, NULL), NT_TOO_MANY_THREADS);
    check_equal(ground_live_threads(), 0);
    check_equal(ground_started_threads(), 11);
}

static void raise_some(void)
{
    nt_raise(NT_INVALID_HANDLE, 2, (uintptr_t[]){7, 8});
}

static nt_status seen_by_handler;

static bool go_on(nt_status code, unsigned count, const uintptr_t *parameters)
{
    seen_by_handler = code;
    return count == 2 && parameters[1] == 8;
}

static nt_status caught_inside;
static unsigned went_on;

static void catch_and_raise(void)
{
    caught_inside = ground_raised(raise_some());
    nt_raise(NT_ACCESS_DENIED, 0, NULL);
    went_on++;
}

TEST(a_raised_status_is_caught_by_the_innermost_catcher)
{
    check_equal(ground_raised(raise_some()), NT_INVALID_HANDLE);
    check_equal(ground_raised(went_on++), NT_SUCCESS);
    check_equal(went_on, 1);
    check_equal(ground_raised(catch_and_raise()), NT_ACCESS_DENIED);
    check_equal(caught_inside, NT_INVALID_HANDLE);
    check_equal(went_on, 1);

    ground_set_raise_handler(go_on);
    raise_some();
    check_equal(seen_by_handler, NT_INVALID_HANDLE);
}

TEST(the_environment_is_read_as_it_is)
{
    char buffer[8];

    setenv("NTPOOL_UNIT_TEST", "1234567", 1);
    check_equal(nt_environment("NTPOOL_UNIT_TEST", buffer, sizeof(buffer)), 7);
    check(strcmp(buffer, "1234567") == 0);
    setenv("NTPOOL_UNIT_TEST", "12345678", 1);
    check_equal(nt_environment("NTPOOL_UNIT_TEST", buffer, sizeof(buffer)), 0);
    unsetenv("NTPOOL_UNIT_TEST");
    check_equal(nt_environment("NTPOOL_UNIT_TEST", buffer, sizeof(buffer)), 0);
}

TEST(appending_appends)
{
    char path[] = "/tmp/ntpool-unit-XXXXXX";
    char text[32] = "";
    int file = mkstemp(path);

    require(file >= 0);
    nt_append(path, "one\n", 4);
    nt_append(path, "two\n", 4);
    check_equal(read(file, text, sizeof(text) - 1), 8);
    check(strcmp(text, "one\ntwo\n") == 0);
    close(file);
    unlink(path);
}

TEST(libraries_and_contexts_are_counted)
{
    struct ground_library library = {1};
    struct ground_activation_context context = {1};
    uintptr_t cookie;

    check_equal(nt_library_add_reference(&library), NT_SUCCESS);
    check_equal(nt_library_release(&library), NT_SUCCESS);
    check_equal(nt_library_release(&library), NT_SUCCESS);
    check(nt_library_release(&library) != NT_SUCCESS);

    check(nt_activation_context_capture() == NULL);
    ground_activate(&context);
    check(nt_activation_context_capture() == &context);
    check_equal(atomic_load(&context.references), 2);
    check(nt_activation_context_enter(NULL, &cookie));
    check(ground_active_context() == NULL);
    nt_activation_context_leave(cookie);
    check(ground_active_context() == &context);
    nt_activation_context_release(&context);
    check_equal(atomic_load(&context.references), 1);

    nt_handle token = ground_token_create(42);
    nt_handle copy = NULL;
    check_equal(nt_token_capture(&copy), NT_SUCCESS);
    check(copy == NULL);
    check_equal(nt_token_impersonate(token), NT_SUCCESS);
    check(nt_thread_is_impersonating());
    check_equal(nt_token_capture(&copy), NT_SUCCESS);
    check_equal(nt_token_impersonate(NULL), NT_SUCCESS);
    check_equal(ground_identity(), 0);
    check_equal(nt_token_impersonate(copy), NT_SUCCESS);
    check_equal(ground_identity(), 42);
    nt_handle_close(token);
    nt_handle_close(copy);
    check_equal(ground_open_handles(), 0);
}
