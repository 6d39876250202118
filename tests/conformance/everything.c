// SPDX-License-Identifier: MIT
#include "everything.h"

#include "harness/job.h"

static volatile LONG inside;

static void CALLBACK compute(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    struct everything *everything = context;
    count_up(&inside);
    for (;;)
        count_up(&everything->computed);
}

static void CALLBACK block(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    struct everything *everything = context;
    count_up(&inside);
    WaitForSingleObject(everything->gate, INFINITE);
    count_up(&everything->passed);
}

static void CALLBACK go_to_sleep(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    struct everything *everything = context;
    count_up(&inside);
    Sleep(INFINITE);
    count_up(&everything->out_of_bed);
}

static void CALLBACK run_queued(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    struct everything *everything = context;
    count_up(&everything->passed);
}

static PTP_WORK submitted(const struct level *at, PTP_WORK_CALLBACK callback, struct everything *everything,
                          TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_WORK work = at->create_work(callback, everything, environment);
    require(work, "no work object: error 0x%lx", why());
    at->submit(work);
    return work;
}

static void park_workers(const struct level *at)
{
    struct meeting meeting = meeting_of(4);
    struct job job = {.meeting = &meeting};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 4));
    for (int i = 0; i < 4; i++)
        submit_simple(at, &job, &environment);
    await_count(&job.returned, 4);
}

void start_everything(const struct level *at, struct everything *everything)
{
    static struct job ticks, never;
    static struct io_log io_log;
    static char buffer[16];
    static OVERLAPPED overlapped;
    FILETIME due;

    everything->gate = gate();
    everything->group = at->create_group();
    park_workers(at);
    TP_CALLBACK_ENVIRON_V3 shared = environment_of(pool_of(at, 16));
    everything->pool = shared.Pool;
    TP_CALLBACK_ENVIRON_V3 narrow = environment_of(pool_of(at, 1));
    TP_CALLBACK_ENVIRON_V3 grouped = environment_in(narrow.Pool, everything->group, NULL);
    everything->computing = submitted(at, compute, everything, &shared);
    everything->sleeping = submitted(at, go_to_sleep, everything, &shared);
    everything->blocked = submitted(at, block, everything, &narrow);
    await_count(&inside, 3);
    everything->queued = submitted(at, run_queued, everything, &narrow);
    everything->member = submitted(at, run_queued, everything, &grouped);

    everything->ticking = timer_for(at, &ticks, &shared);
    at->set_timer(everything->ticking, due_in(&due, 0), 1, 0);
    await_count(&ticks.returned, 1);
    everything->armed = timer_for(at, &never, &shared);
    at->set_timer(everything->armed, due_in(&due, 3600000), 0, 0);
    everything->wait = wait_for(at, &never, &shared);
    at->set_wait(everything->wait, everything->gate, due_in(&due, 3600000));
    everything->pipe = pipe_of(PIPE_TYPE_BYTE);
    everything->io = logging_io(at, everything->pipe.server, &io_log, &shared);
    begin_read(at, everything->io, &everything->pipe, buffer, sizeof buffer, &overlapped);
}

static const struct level *storm_level;
static struct job storm_job;
static volatile LONG storm_rounds;

static DWORD WINAPI rage(void *pool)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    FILETIME due;
    while (counted(&storm_rounds) >= 0) {
        PTP_WORK work = work_for(storm_level, &storm_job, &environment);
        PTP_TIMER timer = timer_for(storm_level, &storm_job, &environment);
        storm_level->set_timer(timer, due_in(&due, 0), 0, 0);
        for (int i = 0; i < 4; i++)
            storm_level->submit(work);
        storm_level->wait_for_work(work, TRUE);
        storm_level->close_work(work);
        storm_level->close_timer(timer);
        count_up(&storm_rounds);
    }
    return 0;
}

void start_storm(const struct level *at)
{
    storm_level = at;
    PTP_POOL pool = pool_of(at, 4);
    for (int i = 0; i < 3; i++)
        start_thread(rage, pool);
    await_count(&storm_rounds, 30);
}
