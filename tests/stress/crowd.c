// SPDX-License-Identifier: MIT
//
// Many objects at a time: thousands of handles that are waited for, of timers that are armed, of work that is posted.
#include "stress.h"

#include <stdlib.h>

#define SLACK ((size_t)4 << 20) // bytes: a pool keeps a few empty slabs of each kind
#define FEW   64                // what a pool makes for the first few is there after so many

struct member {
    HANDLE event;
    PTP_WAIT wait;
    PTP_TIMER timer;
    PTP_WORK work;
    struct model heard, fired, worked;
};

static void CALLBACK hear(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    struct member *member = context;
    require(result == WAIT_OBJECT_0, "a wait without a time limit ended with %lu", result);
    model_enter(&member->heard);
    model_leave(&member->heard);
}

static void CALLBACK fire(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct member *member = context;
    model_enter(&member->fired);
    model_leave(&member->fired);
}

static void CALLBACK work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK self)
{
    (void)instance;
    (void)self;
    struct member *member = context;
    model_enter(&member->worked);
    model_leave(&member->worked);
}

static void join(const struct level *at, struct member *member)
{
    FILETIME due;
    member->event = CreateEventA(NULL, FALSE, FALSE, NULL);
    require(member->event, "no event: error %lu", GetLastError());
    member->wait = at->create_wait(hear, member, NULL);
    member->timer = at->create_timer(fire, member, NULL);
    member->work = at->create_work(work, member, NULL);
    require(member->wait && member->timer && member->work, "an object is refused: error 0x%lx", why());
    at->set_wait(member->wait, member->event, NULL);
    at->set_timer(member->timer, due_in(&due, 3600 * 1000), 0, 0);
}

static void leave(const struct level *at, struct member *member)
{
    model_complete(&member->heard, "a wait of many");
    model_complete(&member->worked, "a work object of many");
    model_complete(&member->fired, "a timer of many");
    member->heard.over = member->worked.over = member->fired.over = true;
    at->close_wait(member->wait);
    at->close_timer(member->timer);
    at->close_work(member->work);
    CloseHandle(member->event);
}

// Every third timer is brought forward while all are armed.
static void be_many(const struct level *at, int count)
{
    struct member *members = calloc((size_t)count, sizeof *members);
    FILETIME due;
    for (int i = 0; i < count; i++)
        join(at, &members[i]);
    for (int i = 0; i < count; i++) {
        struct member *member = &members[i];
        member->heard.posted = member->worked.posted = 1;
        SetEvent(member->event);
        at->submit(member->work);
        if (i % 3)
            continue;
        member->fired.posted = 1;
        at->set_timer(member->timer, due_in(&due, i % 10), 0, 0);
    }
    for (int i = 0; i < count; i++) {
        model_awaited(&members[i].heard, "a wait of many");
        model_awaited(&members[i].fired, "a timer of many");
        at->wait_for_work(members[i].work, FALSE);
    }
    for (int i = 0; i < count; i++)
        leave(at, &members[i]);
    free(members);
}

// What serves many waits at a time stays for the next crowd: it may be a handle for some dozens of them, and no more.
void check_crowd(int count)
{
    be_many(&win32_level, FEW);
    DWORD handles = holdings_now().handles;
    double began = milliseconds();
    be_many(&win32_level, count);
    struct holdings before = holdings_now();
    require(before.handles <= handles + (DWORD)count / 32, "after the first crowd: %lu handles were %lu before",
            before.handles, handles);
    be_many(&nt_level, count);
    holdings_return(&before, SLACK, "after the second crowd");
    printf("%d events, waits, timers and work objects at a time, twice: %.0f ms\n", count, milliseconds() - began);
}
