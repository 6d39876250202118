// SPDX-License-Identifier: MIT
//
// Episodes of the older functions.
#include "stress.h"

static DWORD WINAPI run_item(void *context)
{
    model_enter(context);
    model_leave(context);
    return 0;
}

static void CALLBACK run_legacy(void *context, BOOLEAN timed_out)
{
    (void)timed_out;
    model_enter(context);
    model_leave(context);
}

void item_episode(struct actor *actor)
{
    struct model model = {0};
    for (uint32_t i = random_below(actor, 300); i; i--) {
        model.posted++;
        require(api.QueueUserWorkItem(run_item, &model, chance(actor, 20) ? WT_EXECUTELONGFUNCTION : 0),
                "not queued: error %lu", GetLastError());
    }
    model_awaited(&model, "work items");
}

void registered_wait_episode(struct actor *actor)
{
    struct model model = {0};
    bool once = chance(actor, 50);
    HANDLE wait, event = CreateEventA(NULL, FALSE, FALSE, NULL);
    require(api.RegisterWaitForSingleObject(&wait, event, run_legacy, &model, INFINITE,
                                            once ? WT_EXECUTEONLYONCE : WT_EXECUTEDEFAULT),
            "not registered: error %lu", GetLastError());
    for (uint32_t signals = once ? random_below(actor, 2) : random_below(actor, 10); signals; signals--) {
        model.posted++;
        SetEvent(event);
        await_count(&model.ran, model.posted);
    }
    bool last = chance(actor, 30) && !once;
    if (last)
        SetEvent(event);
    require(api.UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "not unregistered: error %lu", GetLastError());
    require(counted(&model.ran) <= model.posted + last, "registered wait: %ld signals, %ld callbacks",
            model.posted + last, counted(&model.ran));
    model.posted += last;
    model_cancelled(&model, "registered wait");
    model.over = true;
    CloseHandle(event);
}

void timer_queue_episode(struct actor *actor)
{
    enum { MOST = 20 };
    struct model model[MOST] = {0};
    HANDLE timer[MOST], queue = api.CreateTimerQueue();
    int count = (int)random_below(actor, MOST);
    require(queue, "no timer queue: error %lu", GetLastError());
    for (int i = 0; i < count; i++) {
        model[i].posted = 1;
        require(api.CreateTimerQueueTimer(&timer[i], queue, run_legacy, &model[i], random_below(actor, 5), 0, 0),
                "no queue timer: error %lu", GetLastError());
    }
    for (int i = 0; i < count; i += 2) {
        if (chance(actor, 50))
            await_count(&model[i].ran, 1);
        require(api.DeleteTimerQueueTimer(queue, timer[i], INVALID_HANDLE_VALUE), "not deleted: error %lu",
                GetLastError());
        model_cancelled(&model[i], "queue timer");
        model[i].over = true;
    }
    require(api.DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE), "not deleted: error %lu", GetLastError());
    for (int i = 0; i < count; i++) {
        model_cancelled(&model[i], "timer queue");
        model[i].over = true;
    }
}
