// SPDX-License-Identifier: MIT
//
// Episodes of single objects of the object API.
#include "stress.h"

#include <string.h>

static void CALLBACK run_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    model_enter(context);
    model_leave(context);
}

struct work_model {
    struct model model;
    const struct level *at;
    volatile LONG again; // the callback posts its own object so often more
};

static void CALLBACK run_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    struct work_model *self = context;
    model_enter(&self->model);
    if (counted(&self->again) > 0 && InterlockedDecrement(&self->again) >= 0) {
        count_up(&self->model.posted);
        self->at->submit(work);
    }
    if (counted(&self->model.ran) % 64 == 1)
        self->at->may_run_long(instance);
    model_leave(&self->model);
}

void work_episode(struct actor *actor)
{
    struct work_model self = {.at = actor->at};
    TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
    PTP_WORK work = actor->at->create_work(run_work, &self, &environment);
    require(work, "no work object: error 0x%lx", why());
    for (uint32_t round = random_below(actor, 8); round; round--) {
        uint32_t posts = random_below(actor, 200);
        bool cancel = chance(actor, 40);
        // Waiting with cancel does not wait for posts of its own making that come later.
        self.again = cancel ? 0 : (LONG)random_below(actor, 20);
        for (uint32_t i = 0; i < posts; i++) {
            count_up(&self.model.posted);
            actor->at->submit(work);
        }
        actor->at->wait_for_work(work, cancel);
        if (cancel)
            model_cancelled(&self.model, "work, cancelled");
        else
            model_complete(&self.model, "work");
    }
    self.again = 0; // a closed object may not be posted
    for (uint32_t i = random_below(actor, 20); i; i--) {
        count_up(&self.model.posted);
        actor->at->submit(work);
    }
    actor->at->close_work(work); // what is posted still runs
    model_awaited(&self.model, "work, closed");
    self.model.over = true;
}

void simple_episode(struct actor *actor)
{
    struct model model = {0};
    for (uint32_t i = random_below(actor, 300); i; i--) {
        TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
        model.posted++;
        require(actor->at->try_submit(run_simple, &model, chance(actor, 20) ? NULL : &environment),
                "refused: error 0x%lx", why());
    }
    model_awaited(&model, "simple callbacks");
    model.over = true;
}

struct series {
    struct model model;
    LONG place;
    struct series_end {
        volatile LONG next;
    } * end;
};

static void CALLBACK run_in_order(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct series *self = context;
    model_enter(&self->model);
    LONG place = count_up(&self->end->next) - 1;
    require(place == self->place, "order: callback %ld of a pool of one came as number %ld", self->place, place);
    model_leave(&self->model);
}

void order_episode(struct actor *actor)
{
    enum { LENGTH = 100 };
    static __thread struct series series[LENGTH];
    struct series_end end = {0};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(actor->at, 1));
    memset(series, 0, sizeof series);
    for (LONG i = 0; i < LENGTH; i++) {
        series[i].model.posted = 1;
        series[i].place = i;
        series[i].end = &end;
        require(actor->at->try_submit(run_in_order, &series[i], &environment), "refused: error 0x%lx", why());
    }
    actor->at->close_pool(environment.Pool); // while most are queued
    for (int i = 0; i < LENGTH; i++)
        model_awaited(&series[i].model, "a series");
}

static void CALLBACK run_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    model_enter(context);
    model_leave(context);
}

void timer_episode(struct actor *actor)
{
    struct model model = {0};
    FILETIME due;
    TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
    PTP_TIMER timer = actor->at->create_timer(run_timer, &model, &environment);
    require(timer, "no timer: error 0x%lx", why());
    for (uint32_t round = random_below(actor, 6); round; round--) {
        bool periodic = chance(actor, 30), withdrawn = chance(actor, 50);
        actor->at->set_timer(timer, due_in(&due, random_below(actor, 4)), periodic, random_below(actor, 3));
        if (periodic)
            await_count(&model.ran, model.posted + 2);
        else if (!withdrawn)
            await_count(&model.ran, model.posted + 1);
        actor->at->set_timer(timer, NULL, 0, 0);
        actor->at->wait_for_timer(timer, withdrawn);
        LONG ran = counted(&model.ran);
        require(periodic || ran <= model.posted + 1, "timer: %ld callbacks of one expiration", ran - model.posted);
        model.posted = ran;
        model_complete(&model, "timer");
        if (chance(actor, 10))
            SwitchToThread();
        model_complete(&model, "timer, after it was stopped");
    }
    model.over = true;
    actor->at->close_timer(timer);
}

static void CALLBACK run_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    model_enter(context);
    model_leave(context);
}

void wait_episode(struct actor *actor)
{
    struct model model = {0};
    FILETIME due;
    HANDLE event = CreateEventA(NULL, FALSE, FALSE, NULL);
    TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
    PTP_WAIT wait = actor->at->create_wait(run_wait, &model, &environment);
    require(event && wait, "no event or no wait object: error 0x%lx", why());
    for (uint32_t round = random_below(actor, 8); round; round--) {
        bool timeout = chance(actor, 30), withdrawn = chance(actor, 40), signal = !timeout || chance(actor, 50);
        actor->at->set_wait(wait, event, timeout ? due_in(&due, random_below(actor, 3)) : NULL);
        if (signal)
            SetEvent(event);
        if (!withdrawn)
            await_count(&model.ran, model.posted + 1);
        actor->at->set_wait(wait, NULL, NULL);
        actor->at->wait_for_wait(wait, withdrawn);
        LONG ran = counted(&model.ran);
        bool still_signalled = WaitForSingleObject(event, 0) == WAIT_OBJECT_0;
        require(ran <= model.posted + 1, "wait: %ld callbacks of one wait", ran - model.posted);
        require(timeout || ran == model.posted || !still_signalled,
                "wait: one signal made a callback and is still there");
        require(!still_signalled || signal, "wait: a signal that nobody gave");
        model.posted = ran;
        model_complete(&model, "wait");
    }
    model.over = true;
    actor->at->close_wait(wait);
    CloseHandle(event);
}

static void CALLBACK run_io(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG result,
                            ULONG_PTR bytes, PTP_IO io)
{
    (void)instance;
    (void)io;
    require(overlapped && result == NO_ERROR && bytes == 1, "I/O: error %lu, %llu bytes", result,
            (unsigned long long)bytes);
    model_enter(context);
    model_leave(context);
}

static void CALLBACK run_nt_io(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, IO_STATUS_BLOCK *result,
                               PTP_IO io)
{
    run_io(instance, context, overlapped, result->Status ? ERROR_GEN_FAILURE : NO_ERROR, result->Information, io);
}

static PTP_IO any_io(struct actor *actor, HANDLE file, struct model *model, TP_CALLBACK_ENVIRON_V3 *environment)
{
    PTP_IO io = NULL;
    if (!actor->at->native)
        return api.CreateThreadpoolIo(file, run_io, model, (PTP_CALLBACK_ENVIRON)environment);
    api.TpAllocIoCompletion(&io, file, run_nt_io, model, (PTP_CALLBACK_ENVIRON)environment);
    return io;
}

void io_episode(struct actor *actor)
{
    enum { MOST = 32 };
    struct model model = {0};
    OVERLAPPED overlapped[MOST] = {0};
    char folder[MAX_PATH], path[MAX_PATH];
    TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
    require(GetTempPathA(sizeof folder, folder), "no folder for files");
    snprintf(path, sizeof path, "%sntpool-stress-%lu-%lu", folder, GetCurrentProcessId(), GetCurrentThreadId());
    HANDLE file = CreateFileA(path, GENERIC_WRITE, 0, NULL, CREATE_ALWAYS,
                              FILE_FLAG_OVERLAPPED | FILE_FLAG_DELETE_ON_CLOSE, NULL);
    require(file != INVALID_HANDLE_VALUE, "no file %s: error %lu", path, GetLastError());
    PTP_IO io = any_io(actor, file, &model, &environment);
    require(io, "no I/O object: error 0x%lx", why());
    for (uint32_t i = random_below(actor, MOST); i; i--) {
        overlapped[i].Offset = i;
        actor->at->start_io(io);
        if (chance(actor, 20)) {
            actor->at->cancel_io(io); // an operation that was not begun after all
            continue;
        }
        model.posted++;
        require(WriteFile(file, "x", 1, NULL, &overlapped[i]) || GetLastError() == ERROR_IO_PENDING,
                "not written: error %lu", GetLastError());
    }
    if (chance(actor, 50)) {
        actor->at->wait_for_io(io, FALSE);
        model_complete(&model, "I/O");
        actor->at->close_io(io);
    } else {
        actor->at->close_io(io); // operations that were started still call back
        model_awaited(&model, "I/O, closed");
    }
    model.over = true;
    CloseHandle(file);
}
