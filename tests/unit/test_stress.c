// SPDX-License-Identifier: MIT
/*
 * Everything at once: threads that use objects of every kind at random, in a pool of their own and in a shared one,
 * each with a model beside it that knows how often its callbacks may run. NTPOOL_STRESS_SEED and NTPOOL_STRESS_SECONDS
 * say which run, and for how long.
 */
#include "tp_help.h"
#include "tp/group.h"
#include "tp/io.h"
#include "tp/legacy.h"
#include "tp/timer.h"
#include "tp/wait.h"
#include "tp/work.h"

#include <stdlib.h>

enum { ACTORS = 4, MEMBERS = 6, MOST_UNFINISHED = 32 };

/* What the callbacks of one object tell. It is freed when none may come any more, so a late one is found. */
struct record {
    _Atomic unsigned begun, ended;
    unsigned expected;
};

struct actor {
    uint32_t random;
    struct tp_pool *pool; /* of its own */
    struct record *unfinished[MOST_UNFINISHED];
    unsigned unfinished_count;
    unsigned long long episodes;
};

static struct tp_pool *shared_pool;
static _Atomic bool over;

static unsigned pick(struct actor *actor, unsigned limit)
{
    return unit_random(&actor->random) % limit;
}

static struct tp_environ some_place(struct actor *actor)
{
    struct tp_environ environ = in_pool(pick(actor, 2) ? shared_pool : pick(actor, 2) ? actor->pool : NULL);

    environ.priority = pick(actor, 3);
    environ.flags = pick(actor, 8) ? 0 : TP_ENVIRON_LONG;
    return environ;
}

/* ---- records -------------------------------------------------------------------------------------- */

static struct record *record_make(void)
{
    struct record *record = calloc(1, sizeof(*record));

    require(record != NULL);
    return record;
}

/* All that was to come has come, and nothing is in progress. */
static void record_end(struct record *record)
{
    check_equal(atomic_load(&record->begun), record->expected);
    check_equal(atomic_load(&record->ended), record->expected);
    free(record);
}

static void finish(struct actor *actor, unsigned most)
{
    while (actor->unfinished_count > most) {
        struct record *record = actor->unfinished[--actor->unfinished_count];
        require_soon(atomic_load(&record->ended) == record->expected);
        record_end(record);
    }
}

/* Nobody waits for it; it is looked at later. */
static void record_leave(struct actor *actor, struct record *record)
{
    finish(actor, MOST_UNFINISHED - 1);
    actor->unfinished[actor->unfinished_count++] = record;
}

static void pass(struct record *record)
{
    unsigned begun = atomic_fetch_add(&record->begun, 1);

    if (begun % 7 == 3) {
        nt_thread_yield();
    }
    atomic_fetch_add(&record->ended, 1);
}

/* ---- work and simple callbacks ---------------------------------------------------------------------- */

static void on_work(struct tp_instance *instance, void *record, struct tp_work *work)
{
    (void)instance, (void)work;
    pass(record);
}

static void on_simple(struct tp_instance *instance, void *record)
{
    (void)instance;
    pass(record);
}

static void use_work(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *record = record_make();
    struct tp_work *work;

    require(tp_work_create(&work, on_work, record, &environ) == NT_SUCCESS);
    for (unsigned rounds = 1 + pick(actor, 3); rounds > 0; rounds--) {
        unsigned posts = pick(actor, pick(actor, 4) ? 8 : 300);
        for (unsigned i = 0; i < posts; i++) {
            tp_work_post(work);
        }
        record->expected += posts;
        bool cancel = pick(actor, 3) == 0;
        if (rounds == 1 && pick(actor, 2)) {
            tp_work_close(work);
            record_leave(actor, record);
            return;
        }
        tp_work_wait(work, cancel);
        unsigned ended = atomic_load(&record->ended);
        check(cancel ? ended <= record->expected : ended == record->expected);
        record->expected = ended;
    }
    tp_work_close(work);
    record_end(record);
}

static void use_simple(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *record = record_make();

    record->expected = 1 + pick(actor, 20);
    for (unsigned i = 0; i < record->expected; i++) {
        require(tp_simple_post(on_simple, record, &environ) == NT_SUCCESS);
    }
    record_leave(actor, record);
}

/* ---- timers and waits ----------------------------------------------------------------------------------- */

static void on_timer(struct tp_instance *instance, void *record, struct tp_timer *timer)
{
    (void)instance, (void)timer;
    pass(record);
}

static void on_wait(struct tp_instance *instance, void *record, struct tp_wait *wait, uint32_t result)
{
    (void)instance, (void)wait, (void)result;
    pass(record);
}

static void set_somehow(struct actor *actor, struct tp_timer *timer)
{
    int64_t due = -(int64_t)pick(actor, 3) * (int64_t)NT_MILLISECOND;

    if (pick(actor, 2)) {
        tp_timer_set(timer, &due, pick(actor, 3), pick(actor, 2));
    } else {
        tp_timer_set_ex(timer, &due, pick(actor, 3), pick(actor, 2));
    }
}

static void use_timer(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *record = record_make();
    struct tp_timer *timer;

    require(tp_timer_create(&timer, on_timer, record, &environ) == NT_SUCCESS);
    for (unsigned rounds = 1 + pick(actor, 3); rounds > 0; rounds--) {
        set_somehow(actor, timer);
        if (pick(actor, 2)) {
            check_soon(atomic_load(&record->ended) > record->expected);
        }
        tp_timer_set(timer, NULL, 0, 0);
        tp_timer_wait(timer, pick(actor, 2));
        record->expected = atomic_load(&record->ended);
        check_equal(atomic_load(&record->begun), record->expected);
    }
    tp_timer_close(timer);
    record_end(record);
}

/* Each signal is one callback, or is still there, and it is known which. */
static void use_wait(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *record = record_make();
    nt_handle event = ground_event_create(false, false);
    int64_t timeout = -(int64_t)(1 + pick(actor, 3)) * (int64_t)NT_MILLISECOND;
    struct tp_wait *wait;

    require(tp_wait_create(&wait, on_wait, record, &environ) == NT_SUCCESS);
    for (unsigned rounds = 1 + pick(actor, 4); rounds > 0; rounds--) {
        bool times_out = pick(actor, 4) == 0;
        tp_wait_set(wait, event, times_out ? &timeout : NULL);
        if (pick(actor, 4)) {
            nt_event_set(event);
        } else if (!times_out) {
            check(tp_wait_set_ex(wait, NULL, NULL, NULL));
            continue;
        }
        if (pick(actor, 3)) {
            record->expected++;
            check_soon(atomic_load(&record->ended) == record->expected);
        } else if (!tp_wait_set_ex(wait, NULL, NULL, NULL)) {
            record->expected++;
        }
        tp_wait_set(wait, NULL, NULL);
        tp_wait_wait(wait, false);
        check_equal(atomic_load(&record->ended), record->expected);
        ground_event_reset(event);
    }
    tp_wait_close(wait);
    record_end(record);
    nt_handle_close(event);
}

/* ---- I/O -------------------------------------------------------------------------------------------------- */

static void on_io(struct tp_instance *instance, void *record, void *apc_context, struct tp_io_status *result,
                  struct tp_io *io)
{
    (void)instance, (void)io;
    check_equal(result->information, (uintptr_t)apc_context);
    pass(record);
}

static void use_io(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *record = record_make();
    nt_handle file = ground_file_create();
    unsigned operations = pick(actor, 20), completed = 0;
    bool gives_up = pick(actor, 4) == 0;
    struct tp_io *io;

    require(tp_io_create(&io, file, on_io, record, &environ) == NT_SUCCESS);
    for (uintptr_t i = 0; i < operations; i++) {
        tp_io_start(io);
        if (pick(actor, 8) == 0) {
            tp_io_cancel(io);
        } else {
            ground_file_complete(file, (void *)i, NT_SUCCESS, i);
            completed++;
        }
    }
    tp_io_wait(io, gives_up);
    record->expected = atomic_load(&record->ended);
    /* What was given up may still be on its way, and is ignored; so may be one that comes for another's cancel. */
    check(record->expected <= completed);
    tp_io_close(io);
    nt_handle_close(file);
    record_end(record);
}

/* ---- groups ------------------------------------------------------------------------------------------------- */

static void on_cancel(void *record, void *cleanup_context)
{
    (void)record;
    atomic_fetch_add((_Atomic unsigned *)cleanup_context, 1);
}

static void use_group(struct actor *actor)
{
    struct tp_environ environ = some_place(actor);
    struct record *records[MEMBERS];
    struct tp_timer *timer;
    struct tp_work *work;
    _Atomic unsigned cancels = 0;
    bool cancel = pick(actor, 2), closes_some = pick(actor, 2);
    unsigned works = 0, others = 0;

    require(tp_group_create(&environ.group) == NT_SUCCESS);
    environ.cancel = on_cancel;
    for (unsigned i = 0; i < MEMBERS; i++) {
        records[i] = record_make();
        switch (pick(actor, 3)) {
        case 0:
            require(tp_simple_post(on_simple, records[i], &environ) == NT_SUCCESS);
            records[i]->expected = 1;
            break;
        case 1:
            require(tp_timer_create(&timer, on_timer, records[i], &environ) == NT_SUCCESS);
            set_somehow(actor, timer);
            others++;
            break;
        default:
            require(tp_work_create(&work, on_work, records[i], &environ) == NT_SUCCESS);
            records[i]->expected = pick(actor, 10);
            for (unsigned posts = 0; posts < records[i]->expected; posts++) {
                tp_work_post(work);
            }
            if (closes_some && pick(actor, 2)) {
                tp_work_close(work);
                record_leave(actor, records[i]);
                records[i] = NULL;
            } else {
                works++;
            }
        }
    }
    tp_group_close_members(environ.group, cancel, (void *)&cancels);
    tp_group_close(environ.group);
    check(cancel ? atomic_load(&cancels) >= works + others : atomic_load(&cancels) == 0);
    for (unsigned i = 0; i < MEMBERS; i++) {
        if (records[i] == NULL) {
            continue;
        }
        unsigned ended = atomic_load(&records[i]->ended);
        check(cancel || ended >= records[i]->expected);
        records[i]->expected = ended;
        record_end(records[i]);
    }
}

/* ---- the older API -------------------------------------------------------------------------------------------- */

static uint32_t on_item(void *record)
{
    pass(record);
    return 0;
}

static void on_event(void *record, unsigned char timed_out)
{
    (void)timed_out;
    pass(record);
}

#define WAIT_FOR_DONE ((nt_handle)(intptr_t)-1)

static void use_legacy_wait(struct actor *actor, struct record *record)
{
    nt_handle event = ground_event_create(false, false);
    struct tp_legacy_wait *wait;

    require(tp_legacy_wait_register(&wait, event, on_event, record, UINT32_MAX, TP_EXECUTE_ONLY_ONCE) == NT_SUCCESS);
    if (pick(actor, 2)) {
        nt_event_set(event);
    }
    nt_status status = tp_legacy_wait_deregister(wait, WAIT_FOR_DONE);
    check(status == NT_SUCCESS || status == NT_PENDING);
    record->expected = atomic_load(&record->ended);
    check(record->expected + ground_event_is_set(event) <= 1);
    nt_handle_close(event);
}

static void use_timer_queue(struct actor *actor, struct record *record)
{
    struct tp_timer_queue *queue;
    struct tp_queue_timer *timer;

    require(tp_timer_queue_create(&queue) == NT_SUCCESS);
    for (unsigned i = pick(actor, 4); i > 0; i--) {
        require(tp_queue_timer_create(queue, &timer, on_event, record, pick(actor, 3), pick(actor, 3), 0) ==
                NT_SUCCESS);
        if (pick(actor, 3) == 0) {
            tp_queue_timer_delete(timer, WAIT_FOR_DONE);
        }
    }
    tp_timer_queue_delete(queue, WAIT_FOR_DONE);
    record->expected = atomic_load(&record->ended);
}

static void use_legacy(struct actor *actor)
{
    struct record *record = record_make();

    switch (pick(actor, 3)) {
    case 0:
        record->expected = 1 + pick(actor, 20);
        for (unsigned i = 0; i < record->expected; i++) {
            require(tp_queue_work_item(on_item, record, pick(actor, 8) ? 0 : TP_EXECUTE_LONG_FUNCTION) == NT_SUCCESS);
        }
        record_leave(actor, record);
        return;
    case 1:
        use_legacy_wait(actor, record);
        break;
    default:
        use_timer_queue(actor, record);
    }
    record_end(record);
}

/* ---- pools ------------------------------------------------------------------------------------------------------ */

static void use_pool(struct actor *actor)
{
    switch (pick(actor, 4)) {
    case 0:
        tp_pool_set_maximum(shared_pool, 1 + pick(actor, 6));
        break;
    case 1:
        check_equal(tp_pool_set_minimum(shared_pool, pick(actor, 4)), NT_SUCCESS);
        break;
    default:
        tp_pool_close(actor->pool);
        actor->pool = make_pool(1 + pick(actor, 4));
    }
}

static void act(void *argument)
{
    static void (*const episodes[])(struct actor *) = {use_work,  use_work, use_simple, use_timer, use_wait,
                                                       use_group, use_io,   use_legacy, use_pool};
    struct actor *actor = argument;

    actor->pool = make_pool(1 + pick(actor, 4));
    while (!atomic_load(&over)) {
        episodes[pick(actor, sizeof(episodes) / sizeof(episodes[0]))](actor);
        actor->episodes++;
    }
    finish(actor, 0);
    tp_pool_close(actor->pool);
}

static unsigned long number_from(const char *name, unsigned long otherwise)
{
    const char *text = getenv(name);

    return text != NULL && *text != '\0' ? strtoul(text, NULL, 10) : otherwise;
}

/* The port, and the wait threads' events: records of those are kept. */
enum { HANDLES_KEPT = 64 };

static void stress(uint32_t seed, unsigned long seconds)
{
    struct actor actors[ACTORS] = {0};
    struct unit_thread threads[ACTORS];
    unsigned handles = ground_open_handles();
    unsigned long long episodes = 0;

    unit_note("seed %u, %lu seconds", seed, seconds);
    ground_set_processor_count(1 + seed % 4);
    ground_disturb(seed % 3 ? seed : 0);
    shared_pool = make_pool(4);
    for (unsigned i = 0; i < ACTORS; i++) {
        actors[i].random = seed * 16 + i + 1;
        unit_thread_start(&threads[i], act, &actors[i]);
    }
    unit_pause(seconds * NT_SECOND);
    atomic_store(&over, true);
    for (unsigned i = 0; i < ACTORS; i++) {
        unit_thread_join(&threads[i]);
        episodes += actors[i].episodes;
    }
    tp_pool_close(shared_pool);
    unit_note("%llu episodes, at most %u threads", episodes, ground_peak_threads());
    check(episodes > 0);
    check_soon(ground_open_handles() <= handles + HANDLES_KEPT);
    check_equal(ground_bad_handle_uses(), 0);
}

TEST_WITHIN(everything_at_random, 36000)
{
    stress((uint32_t)number_from("NTPOOL_STRESS_SEED", 20261), number_from("NTPOOL_STRESS_SECONDS", 3));
}
