// SPDX-License-Identifier: MIT
//
// What an object costs by how many there are, from one to a million: each size of each kind is a process of its own,
// and all together are a curve.
#include "harness/bench.h"
#include "harness/families.h"
#include "harness/region.h"

#include <math.h>
#include <string.h>

#define HOUR_MS 3.6e6
#define HOURS   1000
// What the pool does once, such as starting a thread, is spread over so many rounds of few objects.
#define ROUNDS_AT_MOST 2000
#define ROUNDS_NS      0.5e9
// A pool that cannot hold as many says how far it came.
#define STEP_LIMIT 30e9

struct step {
    const char *name;
    double start;
    double taken;
};

struct growth {
    size_t count;
    void **objects;
    HANDLE *events;
    uint32_t *order;
    TP_CALLBACK_ENVIRON environment;
    PTP_CLEANUP_GROUP group;
    struct step create, use, close;
    double bytes_before;
    size_t rounds;
};

static struct growth growth = {.create.name = "create", .use.name = "use", .close.name = "close"};

static void begin(struct step *step)
{
    step->start = now();
}

static void end(struct step *step)
{
    step->taken += now() - step->start;
}

static void stop_when_hopeless(const struct step *step, size_t done)
{
    require(done % 64 || now() - step->start < STEP_LIMIT, "%s: only %zu of %zu after %g s", step->name, done,
            growth.count, STEP_LIMIT / 1e9);
}

static void prepare(void)
{
    growth.count = scaled(quantity(), 1);
    growth.objects = zeroed(growth.count, sizeof *growth.objects);
    // Its pages are there before memory is looked at.
    memset(growth.objects, 1, growth.count * sizeof *growth.objects);
    growth.order = shuffled(growth.count);
    InitializeThreadpoolEnvironment(&growth.environment);
}

static bool goes_on(double start)
{
    growth.rounds++;
    return growth.rounds < ROUNDS_AT_MOST && now() - start < ROUNDS_NS * fmin(1, (double)growth.count);
}

static void look_at_memory(void)
{
    if (growth.rounds)
        return;
    region_look();
    if (has_measure("bytes"))
        report_growth("bytes", growth.bytes_before, growth.count);
}

static void finish(void)
{
    if (has_measure("kept"))
        report_growth("kept", growth.bytes_before, growth.count);
    region_end();
    struct step *steps[] = {&growth.create, &growth.use, &growth.close};
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        if (has_measure(steps[i]->name))
            report(steps[i]->name, steps[i]->taken / (double)(growth.count * growth.rounds));
}

// One round for each kind: creates all, uses all in random order, closes all in the same order.
static void run_rounds(void (*create)(size_t index), void (*use)(size_t index), void (*used)(void),
                       void (*close)(size_t index), void (*closed)(void))
{
    // What the first object brings with it is the pool's.
    size_t all = growth.count;
    growth.count = 1;
    create(0);
    use(0);
    used();
    close(0);
    closed();
    growth.count = all;

    region_begin();
    growth.bytes_before = steady_private_bytes();
    double start = now();
    do {
        begin(&growth.create);
        for (size_t i = 0; i < all; i++) {
            create(i);
            stop_when_hopeless(&growth.create, i);
        }
        end(&growth.create);
        begin(&growth.use);
        for (size_t i = 0; i < all; i++) {
            use(growth.order[i]);
            stop_when_hopeless(&growth.use, i);
        }
        used();
        end(&growth.use);
        look_at_memory();
        begin(&growth.close);
        for (size_t i = 0; i < all; i++) {
            close(growth.order[i]);
            stop_when_hopeless(&growth.close, i);
        }
        closed();
        end(&growth.close);
    } while (goes_on(start));
    finish();
}

static void nothing(void)
{
}

static void no_close(size_t index)
{
    (void)index;
}

// ---- Work objects, each posted once; alone, or as members of a cleanup group -----------------------------------

static uint64_t posted;

static void CALLBACK count_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance, (void)context, (void)work;
    tally();
}

static void create_work(size_t index)
{
    growth.objects[index] = api.CreateThreadpoolWork(count_work, NULL, &growth.environment);
    require(growth.objects[index], "work %zu could not be created: error %lu", index, GetLastError());
}

static void submit_work(size_t index)
{
    api.SubmitThreadpoolWork(growth.objects[index]);
    posted++;
}

// The sum over few threads is cheap, and a look once a millisecond would be most of what few objects take.
static void all_ran(void)
{
    double start = now();
    while (tally_total() < posted && now() - start < 1e6)
        SwitchToThread();
    tally_await(posted);
}

static void close_work(size_t index)
{
    api.CloseThreadpoolWork(growth.objects[index]);
}

static void works(void)
{
    prepare();
    run_rounds(create_work, submit_work, all_ran, close_work, nothing);
}

static void close_members(void)
{
    api.CloseThreadpoolCleanupGroupMembers(growth.group, FALSE, NULL);
}

static void group_members(void)
{
    prepare();
    growth.group = api.CreateThreadpoolCleanupGroup();
    require(growth.group, "no cleanup group: error %lu", GetLastError());
    SetThreadpoolCallbackCleanupGroup(&growth.environment, growth.group, NULL);
    run_rounds(create_work, submit_work, all_ran, no_close, close_members);
}

// ---- Timers, far away ------------------------------------------------------------------------------------------

static void CALLBACK no_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance, (void)context, (void)timer;
    fail("a timer that is due in an hour or more was called");
}

static void create_timer(size_t index)
{
    growth.objects[index] = api.CreateThreadpoolTimer(no_timer, NULL, NULL);
    require(growth.objects[index], "timer %zu could not be created: error %lu", index, GetLastError());
}

static void arm_timer(size_t index)
{
    FILETIME due = due_in(HOUR_MS * (1 + (double)(random_number() % 1000000) * HOURS / 1e6));
    api.SetThreadpoolTimer(growth.objects[index], &due, 0, 0);
}

static void close_timer(size_t index)
{
    api.CloseThreadpoolTimer(growth.objects[index]);
}

static void timers(void)
{
    prepare();
    run_rounds(create_timer, arm_timer, nothing, close_timer, nothing);
}

// ---- Waits -----------------------------------------------------------------------------------------------------

static void CALLBACK no_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance, (void)context, (void)wait, (void)result;
    fail("a wait was called that nobody signalled");
}

static void create_wait(size_t index)
{
    growth.objects[index] = api.CreateThreadpoolWait(no_wait, NULL, NULL);
    require(growth.objects[index], "wait %zu could not be created: error %lu", index, GetLastError());
}

static void arm_wait(size_t index)
{
    api.SetThreadpoolWait(growth.objects[index], growth.events[index], NULL);
}

static void close_wait(size_t index)
{
    api.SetThreadpoolWait(growth.objects[index], NULL, NULL);
    api.CloseThreadpoolWait(growth.objects[index]);
}

static void waits(void)
{
    prepare();
    growth.events = zeroed(growth.count, sizeof *growth.events);
    for (size_t i = 0; i < growth.count; i++) {
        growth.events[i] = CreateEventW(NULL, FALSE, FALSE, NULL);
        require(growth.events[i], "event %zu could not be created: error %lu", i, GetLastError());
    }
    run_rounds(create_wait, arm_wait, nothing, close_wait, nothing);
}

// ---- Simple callbacks, queued behind one that blocks -----------------------------------------------------------

static HANDLE opened;

static void CALLBACK count_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance, (void)context;
    tally();
}

static void CALLBACK block(PTP_CALLBACK_INSTANCE instance, void *entered)
{
    (void)instance;
    latch_drop(entered);
    WaitForSingleObject(opened, INFINITE);
}

static void post_simple(PTP_SIMPLE_CALLBACK callback, void *context)
{
    require(api.TrySubmitThreadpoolCallback(callback, context, &growth.environment), "a post was refused: error %lu",
            GetLastError());
}

// "close" is the time in which those that are queued run.
static void simple(void)
{
    prepare();
    PTP_POOL pool = api.CreateThreadpool(NULL);
    require(pool, "no pool: error %lu", GetLastError());
    api.SetThreadpoolThreadMaximum(pool, 1);
    SetThreadpoolCallbackPool(&growth.environment, pool);
    opened = CreateEventW(NULL, FALSE, FALSE, NULL);
    require(opened, "no event: error %lu", GetLastError());
    post_simple(count_simple, NULL);
    posted = 1;
    all_ran();
    region_begin();
    growth.bytes_before = steady_private_bytes();
    double start = now();
    do {
        struct latch entered;
        latch_prepare(&entered, 1);
        post_simple(block, &entered);
        latch_await(&entered);
        begin(&growth.create);
        for (size_t i = 0; i < growth.count; i++) {
            post_simple(count_simple, NULL);
            stop_when_hopeless(&growth.create, i);
        }
        end(&growth.create);
        posted += growth.count;
        look_at_memory();
        begin(&growth.close);
        SetEvent(opened);
        all_ran();
        end(&growth.close);
    } while (goes_on(start));
    finish();
}

// ---- The curves ------------------------------------------------------------------------------------------------

#define NS(measure)                                                                                                    \
    {                                                                                                                  \
        .name = measure, .unit = "ns"                                                                                  \
    }
#define BYTES(measure)                                                                                                 \
    {                                                                                                                  \
        .name = measure, .unit = "bytes"                                                                               \
    }
// A logarithm doubles from a thousand to a million.
#define DOUBLED(kind, measure)                                                                                         \
    {                                                                                                                  \
        .name = measure, .unit = "ns", .limit = "limit-lines-1000000/touch", .than = "growth-" kind "-1000/" measure,  \
        .least = {                                                                                                     \
            .times_other = 2                                                                                           \
        }                                                                                                              \
    }
#define FEW(kind, of, n, body)                                                                                         \
    {                                                                                                                  \
        .name = "growth-" kind "-" #n, .what = of ", " #n " at a time", .run = body, .quantity = n, .measures = {      \
            NS("create"),                                                                                              \
            NS("use"),                                                                                                 \
            NS("close")                                                                                                \
        }                                                                                                              \
    }
#define MANY(kind, of, n, body)                                                                                        \
    {                                                                                                                  \
        .name = "growth-" kind "-" #n, .what = of ", " #n " at a time", .run = body, .quantity = n, .measures = {      \
            NS("create"),                                                                                              \
            NS("use"),                                                                                                 \
            NS("close"),                                                                                               \
            BYTES("bytes"),                                                                                            \
            BYTES("kept")                                                                                              \
        }                                                                                                              \
    }
#define MOST(kind, of, n, body)                                                                                        \
    {                                                                                                                  \
        .name = "growth-" kind "-" #n, .what = of ", " #n " at a time", .run = body, .quantity = n, .measures = {      \
            DOUBLED(kind, "create"),                                                                                   \
            DOUBLED(kind, "use"),                                                                                      \
            DOUBLED(kind, "close"),                                                                                    \
            BYTES("bytes"),                                                                                            \
            BYTES("kept")                                                                                              \
        }                                                                                                              \
    }
#define CURVE(kind, of, body)                                                                                          \
    FEW(kind, of, 1, body), FEW(kind, of, 10, body), FEW(kind, of, 100, body), MANY(kind, of, 1000, body),             \
        MANY(kind, of, 10000, body), MANY(kind, of, 100000, body), MOST(kind, of, 1000000, body)

#define SIMPLE "simple callbacks queued behind one that blocks (close: run)"
#define SIMPLE_ROW(n, ...)                                                                                             \
    {                                                                                                                  \
        .name = "growth-simple-" #n, .what = SIMPLE ", " #n " at a time", .run = simple, .quantity = n, .measures = {  \
            __VA_ARGS__                                                                                                \
        }                                                                                                              \
    }

static const struct workload list[] = {
    CURVE("work", "work objects created, posted once and closed", works),
    CURVE("group", "members of a cleanup group created, posted once and closed together", group_members),
    CURVE("timer", "timers created, armed (far away) and closed", timers),
    SIMPLE_ROW(1, NS("create"), NS("close")),
    SIMPLE_ROW(10, NS("create"), NS("close")),
    SIMPLE_ROW(100, NS("create"), NS("close")),
    SIMPLE_ROW(1000, NS("create"), NS("close"), BYTES("bytes"), BYTES("kept")),
    SIMPLE_ROW(10000, NS("create"), NS("close"), BYTES("bytes"), BYTES("kept")),
    SIMPLE_ROW(100000, NS("create"), NS("close"), BYTES("bytes"), BYTES("kept")),
    SIMPLE_ROW(1000000, DOUBLED("simple", "create"), DOUBLED("simple", "close"), BYTES("bytes"), BYTES("kept")),
    FEW("wait", "waits created, armed, disarmed and closed", 1, waits),
    FEW("wait", "waits created, armed, disarmed and closed", 10, waits),
    FEW("wait", "waits created, armed, disarmed and closed", 100, waits),
    MANY("wait", "waits created, armed, disarmed and closed", 1000, waits),
    MANY("wait", "waits created, armed, disarmed and closed", 10000, waits),
};
FAMILY(growth, list);
