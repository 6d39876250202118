// SPDX-License-Identifier: MIT
/*
 * Every operation of the ground that can fail is made to: the first call, the second, and so on, each in a process of
 * its own; for good; and at random. What creates says why it could not, with nothing left behind; what cannot fail does
 * not.
 */
#include "tp_help.h"
#include "tp/group.h"
#include "tp/io.h"
#include "tp/legacy.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#define WAIT_FOR_DONE ((nt_handle)(intptr_t)-1)

/* How the child of a trial ends. */
enum { TRIAL_DONE = 0, TRIAL_NOT_REACHED = 10, TRIAL_REPORTED = 11 };

static const struct {
    enum ground_operation operation;
    const char *name;
    nt_status status;
} operations[] = {
    {GROUND_RESERVE, "reserving addresses", NT_NO_MEMORY},
    {GROUND_COMMIT, "committing memory", NT_NO_MEMORY},
    {GROUND_THREAD, "starting a thread", NT_TOO_MANY_THREADS},
    {GROUND_EVENT, "making an event", NT_INSUFFICIENT_RESOURCES},
    {GROUND_OPEN_FOR_WAIT, "duplicating a handle", NT_INSUFFICIENT_RESOURCES},
    {GROUND_PORT_CREATE, "making the port", NT_INSUFFICIENT_RESOURCES},
    {GROUND_PORT_BIND, "binding a file", NT_INSUFFICIENT_RESOURCES},
};
enum { KINDS_OF_FAULT = sizeof(operations) / sizeof(operations[0]) };

static bool may_fail_with[KINDS_OF_FAULT]; /* by place in operations */
static unsigned failures;
static _Atomic unsigned runs;
static struct ground_library library = {.references = 1};
static struct ground_activation_context context = {.references = 1};
static const int64_t in_a_millisecond = -(int64_t)NT_MILLISECOND;

/* Whether it worked; if not, the reason has to be that of a fault, and there must be no object. */
static bool worked(nt_status status, const void *object)
{
    if (status >= 0) {
        return true;
    }
    failures++;
    bool is_known = false;
    for (unsigned i = 0; i < KINDS_OF_FAULT; i++) {
        is_known = is_known || (may_fail_with[i] && operations[i].status == status);
    }
    if (!check(is_known)) {
        unit_note("status %08x", (unsigned)status);
    }
    check(object == NULL);
    return false;
}

/* ---- callbacks: all count ------------------------------------------------------------------------- */

static void on_work(struct tp_instance *instance, void *unused, struct tp_work *work)
{
    (void)instance, (void)unused, (void)work;
    atomic_fetch_add(&runs, 1);
}

static void on_simple(struct tp_instance *instance, void *unused)
{
    (void)instance, (void)unused;
    atomic_fetch_add(&runs, 1);
}

static void on_timer(struct tp_instance *instance, void *unused, struct tp_timer *timer)
{
    (void)instance, (void)unused, (void)timer;
    atomic_fetch_add(&runs, 1);
}

static void on_wait(struct tp_instance *instance, void *unused, struct tp_wait *wait, uint32_t result)
{
    (void)instance, (void)unused, (void)wait, (void)result;
    atomic_fetch_add(&runs, 1);
}

static void on_io(struct tp_instance *instance, void *unused, void *apc_context, struct tp_io_status *result,
                  struct tp_io *io)
{
    (void)instance, (void)unused, (void)apc_context, (void)result, (void)io;
    atomic_fetch_add(&runs, 1);
}

static uint32_t on_item(void *unused)
{
    (void)unused;
    atomic_fetch_add(&runs, 1);
    return 0;
}

static void on_event(void *unused, unsigned char timed_out)
{
    (void)unused, (void)timed_out;
    atomic_fetch_add(&runs, 1);
}

/* ---- a life: one of everything, and what could be created works ---------------------------------------- */

static void expect_runs(unsigned more, unsigned before)
{
    require_soon(atomic_load(&runs) >= before + more);
}

static void use_work(const struct tp_environ *environ)
{
    unsigned before = atomic_load(&runs);
    struct tp_work *work = NULL;

    if (!worked(tp_work_create(&work, on_work, NULL, environ), work)) {
        return;
    }
    for (unsigned i = 0; i < 3; i++) {
        tp_work_post(work);
    }
    tp_work_wait(work, false);
    expect_runs(3, before);
    tp_work_close(work);
}

static void use_simple(const struct tp_environ *environ)
{
    unsigned before = atomic_load(&runs);

    if (worked(tp_simple_post(on_simple, NULL, environ), NULL)) {
        expect_runs(1, before);
    }
}

static void use_timer(const struct tp_environ *environ)
{
    unsigned before = atomic_load(&runs);
    struct tp_timer *timer = NULL;

    if (worked(tp_timer_create(&timer, on_timer, NULL, environ), timer)) {
        tp_timer_set(timer, &in_a_millisecond, 0, 0);
        /* A keeper that could not be started is tried again by whoever comes next. */
        expect_runs(1 + worked(tp_simple_post(on_simple, NULL, environ), NULL), before);
        tp_timer_close(timer);
    }
}

static void use_wait(const struct tp_environ *environ)
{
    unsigned before = atomic_load(&runs);
    nt_handle event = ground_event_create(false, false);
    struct tp_wait *wait = NULL;

    if (worked(tp_wait_create(&wait, on_wait, NULL, environ), wait)) {
        nt_status raised = ground_raised(tp_wait_set(wait, event, NULL));
        if (raised == NT_SUCCESS) {
            nt_event_set(event);
            expect_runs(1, before);
        } else {
            failures++;
            check_equal(raised, NT_THREADPOOL_HANDLE_EXCEPTION);
        }
        tp_wait_close(wait);
    }
    nt_handle_close(event);
}

static void use_io(const struct tp_environ *environ)
{
    unsigned before = atomic_load(&runs);
    nt_handle file = ground_file_create();
    struct tp_io *io = NULL;

    if (worked(tp_io_create(&io, file, on_io, NULL, environ), io)) {
        tp_io_start(io);
        ground_file_complete(file, &io, NT_SUCCESS, 1);
        tp_io_wait(io, false);
        expect_runs(1, before);
        tp_io_close(io);
    }
    nt_handle_close(file);
}

static void use_legacy(void)
{
    static const uint32_t flags[] = {0, TP_EXECUTE_IN_IO_THREAD, TP_EXECUTE_IN_TIMER_THREAD, TP_EXECUTE_LONG_FUNCTION};
    unsigned before = atomic_load(&runs);
    nt_handle event = ground_event_create(false, true);
    struct tp_legacy_wait *wait = NULL;
    struct tp_timer_queue *queue = NULL;
    struct tp_queue_timer *timer = NULL;

    for (unsigned i = 0; i < sizeof(flags) / sizeof(flags[0]); i++) {
        before = atomic_load(&runs);
        if (worked(tp_queue_work_item(on_item, NULL, flags[i]), NULL)) {
            expect_runs(1, before);
        }
    }
    before = atomic_load(&runs);
    if (worked(tp_legacy_wait_register(&wait, event, on_event, NULL, UINT32_MAX, TP_EXECUTE_ONLY_ONCE), wait)) {
        expect_runs(1, before);
        check(tp_legacy_wait_deregister(wait, WAIT_FOR_DONE) >= 0);
    }
    if (worked(tp_timer_queue_create(&queue), queue)) {
        before = atomic_load(&runs);
        if (worked(tp_queue_timer_create(queue, &timer, on_event, NULL, 1, 0, 0), timer)) {
            expect_runs(1 + worked(tp_queue_work_item(on_item, NULL, 0), NULL), before);
        }
        check(tp_timer_queue_delete(queue, WAIT_FOR_DONE) >= 0);
    }
    nt_handle_close(event);
}

/* In a group, with a library, a context and a finalization callback, which cannot fail either. */
static void use_group(const struct tp_environ *plain)
{
    struct tp_environ environ = *plain;
    unsigned before = atomic_load(&runs), expected = 0;
    struct tp_work *work = NULL;

    if (!worked(tp_group_create(&environ.group), environ.group)) {
        return;
    }
    environ.library = &library;
    environ.activation_context = &context;
    environ.finalization = on_simple;
    if (worked(tp_work_create(&work, on_work, NULL, &environ), work)) {
        tp_work_post(work);
        expected += 2;
    }
    if (worked(tp_simple_post(on_simple, NULL, &environ), NULL)) {
        expected += 2;
    }
    tp_group_close_members(environ.group, false, NULL);
    check_equal(atomic_load(&runs) - before, expected);
    tp_group_close(environ.group);
}

static void live(void)
{
    struct tp_pool *pool = NULL;
    bool has_pool = worked(tp_pool_create(&pool, NULL), pool);
    struct tp_environ environ = in_pool(pool);

    if (has_pool) {
        worked(tp_pool_set_minimum(pool, 2), NULL);
    }
    use_work(&environ);
    use_simple(&environ);
    use_timer(&environ);
    use_wait(&environ);
    use_io(&environ);
    use_group(&environ);
    use_legacy();
    if (has_pool) {
        tp_pool_close(pool);
    }
    check_soon(atomic_load(&library.references) == 1);
    check_soon(atomic_load(&context.references) == 1);
    check_equal(ground_bad_handle_uses(), 0);
}

/* ---- the n-th call fails ---------------------------------------------------------------------------------- */

/* Shared with the children: handles that a life without faults leaves open. */
static unsigned *usual_handles;

static int in_child(void (*trial)(unsigned, uint64_t), unsigned kind, uint64_t first)
{
    int status = 0;

    fflush(NULL);
    pid_t child = fork();
    require(child >= 0);
    if (child == 0) {
        alarm(300);
        trial(kind, first);
        fflush(NULL);
        bool is_reached = ground_calls(operations[kind].operation) >= first;
        _exit(!is_reached ? TRIAL_NOT_REACHED : failures != 0 ? TRIAL_REPORTED : TRIAL_DONE);
    }
    while (waitpid(child, &status, 0) != child) {
    }
    if (!check(WIFEXITED(status))) {
        unit_note("%s, call %llu: signal %d", operations[kind].name, (unsigned long long)first, WTERMSIG(status));
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void live_without_faults(unsigned kind, uint64_t first)
{
    (void)kind, (void)first;
    live();
    check_equal(failures, 0);
    *usual_handles = ground_open_handles();
}

static void live_with_fault(unsigned kind, uint64_t first)
{
    may_fail_with[kind] = true;
    ground_fail(operations[kind].operation, first, 1);
    live();
    check(failures <= 1);
    check_soon(ground_open_handles() <= *usual_handles);
}

TEST_WITHIN(each_call_may_fail, 600)
{
    usual_handles = mmap(NULL, sizeof(*usual_handles), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    require(usual_handles != MAP_FAILED);
    require(in_child(live_without_faults, 0, 0) == TRIAL_DONE);
    for (unsigned kind = 0; kind < KINDS_OF_FAULT; kind++) {
        uint64_t first = 1;
        unsigned reported = 0;
        int result;
        while ((result = in_child(live_with_fault, kind, first)) == TRIAL_DONE || result == TRIAL_REPORTED) {
            reported += result == TRIAL_REPORTED;
            first++;
        }
        check_equal(result, TRIAL_NOT_REACHED);
        check(first > 1);
        check(reported > 0 ||
              operations[kind].operation == GROUND_EVENT); /* nobody asks for these: they are made later */
        unit_note("%s: %llu calls, %u failures reported", operations[kind].name, (unsigned long long)first - 1,
                  reported);
    }
}

/* ---- everything fails --------------------------------------------------------------------------------------- */

static void fail_for_good(void)
{
    for (unsigned i = 0; i < KINDS_OF_FAULT; i++) {
        may_fail_with[i] = true;
        ground_fail(operations[i].operation, 1, GROUND_ALWAYS);
    }
}

TEST(with_nothing_to_be_had_nothing_is_created)
{
    struct tp_pool *pool = NULL;

    fail_for_good();
    check(!worked(tp_pool_create(&pool, NULL), pool));
    live();
    /* The default pool could not be made, so there was nothing that could run. */
    check_equal(atomic_load(&runs), 0);
    check_equal(ground_live_threads(), 0);
    check_equal(ground_open_handles(), 0);
    ground_fail_nothing();
    failures = 0;
    live();
    check_equal(failures, 0);
}

/* Without memory, threads or handles, with one worker alive. */
TEST(what_was_created_goes_on_when_nothing_is_to_be_had)
{
    struct tp_pool *pool = make_pool(8);
    struct tp_environ environ = in_pool(pool);
    struct tp_work *work;
    struct tp_timer *timer;

    ground_set_processor_count(4);
    require(tp_work_create(&work, on_work, NULL, &environ) == NT_SUCCESS);
    require(tp_timer_create(&timer, on_timer, NULL, &environ) == NT_SUCCESS);
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
    expect_runs(1, 0);
    fail_for_good();
    for (unsigned i = 0; i < 1000; i++) {
        tp_work_post(work);
    }
    tp_work_wait(work, false);
    check_equal(atomic_load(&runs), 1001);
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
    expect_runs(1, 1001);
    tp_work_close(work);
    tp_timer_close(timer);
    end_pool(pool);
}

/* Whatever was posted, set and armed while no thread could be made runs when one can. */
TEST(what_found_no_thread_runs_when_there_is_one)
{
    struct tp_pool *pool = make_pool(2);
    struct tp_environ environ = in_pool(pool);
    nt_handle event = ground_event_create(false, true);
    struct tp_work *work;
    struct tp_timer *timer;
    struct tp_wait *wait;

    require(tp_timer_create(&timer, on_timer, NULL, &environ) == NT_SUCCESS);
    ground_fail(GROUND_THREAD, 1, GROUND_ALWAYS);
    require(tp_work_create(&work, on_work, NULL, &environ) == NT_SUCCESS);
    require(tp_wait_create(&wait, on_wait, NULL, &environ) == NT_SUCCESS);
    tp_work_post(work);
    tp_timer_set(timer, &in_a_millisecond, 0, 0);
    tp_wait_set(wait, event, NULL);
    require(tp_simple_post(on_simple, NULL, &environ) == NT_SUCCESS);
    check_equal(atomic_load(&runs), 0);
    ground_fail_nothing();
    check_soon(atomic_load(&runs) == 4);
    tp_work_close(work);
    tp_timer_close(timer);
    tp_wait_close(wait);
    nt_handle_close(event);
    end_pool(pool);
}

/* ---- at random ------------------------------------------------------------------------------------------------ */

TEST_WITHIN(lives_with_faults_at_random, 300)
{
    uint32_t random = 4711;
    unsigned with_faults = 0, handles = 0;

    for (unsigned i = 0; i < KINDS_OF_FAULT; i++) {
        may_fail_with[i] = true;
    }
    for (unsigned round = 0; round < 40; round++) {
        for (unsigned i = 0; i < KINDS_OF_FAULT; i++) {
            ground_fail(operations[i].operation, 1 + unit_random(&random) % 8, unit_random(&random) % 4);
        }
        failures = 0;
        live();
        with_faults += failures != 0;
        if (round == 20) {
            handles = ground_open_handles();
        }
    }
    unit_note("%u of 40 lives with faults", with_faults);
    check(with_faults > 10);
    check(ground_open_handles() <= handles + 8); /* events of wait threads are kept */
}
