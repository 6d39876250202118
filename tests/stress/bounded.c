// SPDX-License-Identifier: MIT
#include "stress.h"

#include <string.h>

#define FIRST 1000

// Bytes: less than an object a cycle. What may be more is slabs of 64 KiB that stay once they were needed: for each
// kind of item a thread of the pool's that came later takes from the shard that belongs to its id, of which there are
// eight.
#define SLACK ((size_t)256 << 10)

#define SHORT 100000 // a run with fewer cycles goes through a twentieth of them where they are slow

static struct model model;
static HANDLE event, file, queue;

static void CALLBACK run_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    count_up(&model.ran);
}

static void CALLBACK run_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    run_simple(instance, context);
}

static void CALLBACK run_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)timer;
    run_simple(instance, context);
}

static void CALLBACK run_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)wait;
    (void)result;
    run_simple(instance, context);
}

static void CALLBACK run_io(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG result,
                            ULONG_PTR bytes, PTP_IO io)
{
    (void)overlapped;
    (void)result;
    (void)bytes;
    (void)io;
    run_simple(instance, context);
}

static DWORD WINAPI run_item(void *context)
{
    run_simple(NULL, context);
    return 0;
}

static void CALLBACK run_legacy(void *context, BOOLEAN timed_out)
{
    (void)timed_out;
    run_simple(NULL, context);
}

// Until the callback of this cycle has run.
static void await_cycle(void)
{
    model.posted++;
    while (counted(&model.ran) < model.posted)
        SwitchToThread();
}

static void cycle_work(void)
{
    PTP_WORK work = api.CreateThreadpoolWork(run_work, NULL, NULL);
    require(work, "no work object: error %lu", GetLastError());
    api.SubmitThreadpoolWork(work);
    api.WaitForThreadpoolWorkCallbacks(work, FALSE);
    api.CloseThreadpoolWork(work);
    await_cycle();
}

static void cycle_simple(void)
{
    require(api.TrySubmitThreadpoolCallback(run_simple, NULL, NULL), "refused: error %lu", GetLastError());
    await_cycle();
}

static void cycle_timer(void)
{
    FILETIME due;
    PTP_TIMER timer = api.CreateThreadpoolTimer(run_timer, NULL, NULL);
    require(timer, "no timer: error %lu", GetLastError());
    api.SetThreadpoolTimer(timer, due_in(&due, 0), 0, 0);
    await_cycle();
    api.CloseThreadpoolTimer(timer);
}

static void cycle_wait(void)
{
    PTP_WAIT wait = api.CreateThreadpoolWait(run_wait, NULL, NULL);
    require(wait, "no wait object: error %lu", GetLastError());
    api.SetThreadpoolWait(wait, event, NULL);
    SetEvent(event);
    await_cycle();
    api.CloseThreadpoolWait(wait);
}

static void cycle_io(void)
{
    static OVERLAPPED overlapped;
    char folder[MAX_PATH], path[MAX_PATH];
    GetTempPathA(sizeof folder, folder);
    snprintf(path, sizeof path, "%sntpool-bounded-%lu", folder, GetCurrentProcessId());
    file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS, FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE,
                       NULL);
    PTP_IO io = api.CreateThreadpoolIo(file, run_io, NULL, NULL);
    require(io, "no I/O object: error %lu", GetLastError());
    api.StartThreadpoolIo(io);
    WriteFile(file, "x", 1, NULL, &overlapped);
    await_cycle();
    api.CloseThreadpoolIo(io);
    CloseHandle(file);
}

static void cycle_group(void)
{
    PTP_CLEANUP_GROUP group = api.CreateThreadpoolCleanupGroup();
    TP_CALLBACK_ENVIRON_V3 environment = environment_in(NULL, group, NULL);
    PTP_WORK work = api.CreateThreadpoolWork(run_work, NULL, (PTP_CALLBACK_ENVIRON)&environment);
    require(work, "no member: error %lu", GetLastError());
    api.SubmitThreadpoolWork(work);
    api.CloseThreadpoolCleanupGroupMembers(group, FALSE, NULL);
    api.CloseThreadpoolCleanupGroup(group);
    await_cycle();
}

static void cycle_pool(void)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(&win32_level, 1));
    require(api.TrySubmitThreadpoolCallback(run_simple, NULL, (PTP_CALLBACK_ENVIRON)&environment), "refused");
    api.CloseThreadpool(environment.Pool);
    await_cycle();
}

static void cycle_item(void)
{
    require(api.QueueUserWorkItem(run_item, NULL, 0), "not queued: error %lu", GetLastError());
    await_cycle();
}

static void cycle_registered_wait(void)
{
    HANDLE wait;
    require(api.RegisterWaitForSingleObject(&wait, event, run_legacy, NULL, INFINITE, WT_EXECUTEONLYONCE),
            "not registered: error %lu", GetLastError());
    SetEvent(event);
    await_cycle();
    require(api.UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "not unregistered: error %lu", GetLastError());
}

static void cycle_queue_timer(void)
{
    HANDLE timer;
    require(api.CreateTimerQueueTimer(&timer, queue, run_legacy, NULL, 0, 0, 0), "no timer: error %lu", GetLastError());
    await_cycle();
    require(api.DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "not deleted: error %lu", GetLastError());
}

static void cycle_timer_queue(void)
{
    queue = api.CreateTimerQueue();
    cycle_queue_timer();
    require(api.DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE), "not deleted: error %lu", GetLastError());
    queue = NULL;
}

static const struct {
    const char *name;
    void (*cycle)(void);
    bool is_slow; // it starts threads, or the system has much to do
} kinds[] = {
    {"work", cycle_work, false},
    {"simple", cycle_simple, false},
    {"timer", cycle_timer, false},
    {"wait", cycle_wait, true},
    {"io", cycle_io, true},
    {"group", cycle_group, false},
    {"pool", cycle_pool, true},
    {"item", cycle_item, false},
    {"registered-wait", cycle_registered_wait, true},
    {"queue-timer", cycle_queue_timer, false},
    {"timer-queue", cycle_timer_queue, false},
};

static void print_holdings(const struct holdings *now, int cycles)
{
    printf("; %d: %lu, %d, %zu", cycles, now->handles, now->threads, now->bytes);
}

// After every ten times as many cycles it says what is held: what grows with them, and what grew once.
static void check_kind(const char *name, void (*cycle)(void), int first, int last)
{
    int done = 0;
    for (; done < first; done++)
        cycle();
    struct holdings before = holdings_now(), now = before;
    printf("%-16s %d cycles: %lu handles, %d threads, %zu bytes", name, first, before.handles, before.threads,
           before.bytes);
    double start = milliseconds();
    for (int next = 10 * first; done < last; next *= 10) {
        for (; done < next && done < last; done++)
            cycle();
        now = holdings_now();
        print_holdings(&now, done);
    }
    double took = milliseconds() - start;
    holdings_return(&before, SLACK, name);
    now = holdings_now();
    printf("; at rest: %lu, %d, %zu; %.1f us each\n", now.handles, now.threads, now.bytes,
           took * 1000 / (done - first + 1));
}

void check_bounded(int cycles, const char *kind)
{
    bool is_known = false;
    event = CreateEventA(NULL, FALSE, FALSE, NULL);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        bool is_short = kinds[i].is_slow && cycles < SHORT;
        if (kind && strcmp(kind, kinds[i].name))
            continue;
        is_known = true;
        check_kind(kinds[i].name, kinds[i].cycle, is_short ? FIRST / 10 : FIRST, is_short ? cycles / 20 : cycles);
    }
    require(is_known, "no kind \"%s\"", kind);
}
