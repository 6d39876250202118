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

TEST(process_time_advances_while_computing)
{
    uint64_t before = nt_process_cpu_time();

    check(wait_until(nt_process_cpu_time() > before));
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

struct ping_pong {
    struct nt_parker first;
    struct nt_parker second;
    struct unit_gate ready;
    unsigned ball; /* handed to and fro by the tokens alone */
    unsigned rounds;
    unsigned missed;
};

static void pong(void *argument)
{
    struct ping_pong *game = argument;

    nt_parker_init(&game->second);
    unit_gate_open(&game->ready);
    for (unsigned i = 0; i < game->rounds; i++) {
        game->missed += !nt_park(&game->second, NT_FOREVER);
        game->ball++;
        nt_unpark(&game->first);
    }
}

static void play(uint32_t disturbance, unsigned rounds)
{
    struct ping_pong game = {.ready = UNIT_GATE, .rounds = rounds};

    nt_parker_init(&game.first);
    ground_disturb(disturbance);
    check_equal(nt_thread_start(pong, &game, NULL), NT_SUCCESS);
    require(unit_gate_pass(&game.ready));
    for (unsigned i = 0; i < rounds; i++) {
        game.ball++;
        nt_unpark(&game.second);
        game.missed += !nt_park(&game.first, NT_FOREVER);
    }
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(game.missed, 0);
    check_equal(game.ball, 2 * rounds);
}

TEST(tokens_hand_a_ball_to_and_fro)
{
    play(0, 20000);
}

TEST(tokens_hand_a_ball_to_and_fro_disturbed)
{
    play(12345, 5000);
}

TEST(a_token_is_not_lost_and_two_are_one)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    nt_unpark(&parker);
    nt_unpark(&parker);
    check(nt_park(&parker, NT_FOREVER));
    check(!nt_park(&parker, 0));
    nt_unpark(&parker);
    check(nt_park(&parker, 0));
}

TEST(a_park_ends_at_its_deadline_and_not_before)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    for (unsigned i = 0; i < 20; i++) {
        uint64_t deadline = nt_time_now() + i * NT_MILLISECOND;
        check(!nt_park(&parker, deadline));
        check(nt_time_now() >= deadline);
    }
}

struct race {
    struct nt_parker *parker;
    uint64_t at;
};

static void unpark_at(void *argument)
{
    struct race *race = argument;

    while (nt_time_now() < race->at) {
        nt_cpu_relax();
    }
    nt_unpark(race->parker);
}

/* An unpark that meets the deadline is seen by this park or by the next one, never by both and never by none. */
TEST(an_unpark_at_the_deadline_is_taken_once)
{
    for (unsigned i = 0; i < 300; i++) {
        struct nt_parker parker;
        nt_parker_init(&parker);
        struct race race = {&parker, nt_time_now() + 3 * NT_MILLISECOND};
        uint64_t deadline = race.at + i % 7 * 100;
        require(nt_thread_start(unpark_at, &race, NULL) == NT_SUCCESS);
        bool taken = nt_park(&parker, deadline);
        require(ground_wait_threads_ended(UNIT_PATIENCE));
        check_equal(taken + nt_park(&parker, 0), 1);
    }
}

struct crowd {
    _Atomic(struct nt_parker *) waiting;
    _Atomic bool over;
};

static void unpark_whoever_waits(void *argument)
{
    struct crowd *crowd = argument;

    while (!atomic_load(&crowd->over)) {
        struct nt_parker *parker = atomic_exchange(&crowd->waiting, NULL);
        if (parker != NULL) {
            nt_unpark(parker);
        }
    }
}

static __attribute__((noinline)) bool park_on_own_frame(struct crowd *crowd)
{
    struct nt_parker parker;

    nt_parker_init(&parker);
    atomic_store(&crowd->waiting, &parker);
    return nt_park(&parker, NT_FOREVER);
}

TEST(a_parker_may_go_out_of_scope_once_it_is_unparked)
{
    struct crowd crowd = {0};
    unsigned parked = 0;

    require(nt_thread_start(unpark_whoever_waits, &crowd, NULL) == NT_SUCCESS);
    for (unsigned i = 0; i < 5000; i++) {
        parked += park_on_own_frame(&crowd);
    }
    atomic_store(&crowd.over, true);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    check_equal(parked, 5000);
}

static _Atomic unsigned apcs_run;

static void count_apc(void *argument)
{
    atomic_fetch_add(&apcs_run, *(unsigned *)argument);
}

struct alertable {
    struct nt_parker parker;
    nt_handle event;
    struct unit_gate ready;
};

static void park_alertable(void *argument)
{
    struct alertable *alertable = argument;

    nt_parker_init(&alertable->parker);
    unit_gate_open(&alertable->ready);
    nt_park_alertable(&alertable->parker, alertable->event);
}

TEST(apcs_run_during_an_alertable_park_and_do_not_end_it)
{
    struct alertable alertable = {.ready = UNIT_GATE};
    unsigned one = 1;

    require(nt_event_create(&alertable.event, false) == NT_SUCCESS);
    require(nt_thread_start(park_alertable, &alertable, NULL) == NT_SUCCESS);
    require(unit_gate_pass(&alertable.ready));
    for (unsigned i = 1; i <= 20; i++) {
        ground_queue_apc(alertable.parker.thread, count_apc, &one);
        check_soon(atomic_load(&apcs_run) == i);
    }
    check_equal(ground_live_threads(), 1);
    /* A wake without a token does not end it either. */
    nt_event_set(alertable.event);
    check_soon(!ground_event_is_set(alertable.event) && ground_waiters(alertable.event) == 1);
    check_equal(ground_live_threads(), 1);
    nt_unpark_alertable(&alertable.parker, alertable.event);
    check(ground_wait_threads_ended(UNIT_PATIENCE));
    nt_handle_close(alertable.event);
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
