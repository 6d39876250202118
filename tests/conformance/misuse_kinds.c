// SPDX-License-Identifier: MIT
//
// Every function that takes an object, with NULL, with objects that are closed, and with those of every other kind.
#include "harness/host.h"
#include "harness/job.h"
#include "io_log.h"

#include <string.h>

#define INVALID_PARAMETER_STATUS 0xC000000D

enum kind { POOL, GROUP, WORK, TIMER, WAIT, IO, KINDS };

static const char *const kind_names[KINDS] = {"pool", "group", "work object", "timer", "wait object", "I/O object"};

struct use {
    const struct level *at;
    void *object;
};

#define CALL(name, statement)                                                                                          \
    static void name(void *context)                                                                                    \
    {                                                                                                                  \
        const struct level *at = ((struct use *)context)->at;                                                          \
        void *object = ((struct use *)context)->object;                                                                \
        statement;                                                                                                     \
    }

CALL(set_maximum, at->pool_maximum(object, 4))
CALL(set_minimum, at->pool_minimum(object, 1))
CALL(close_pool, at->close_pool(object))
CALL(close_members, at->close_members(object, FALSE, NULL))
CALL(close_group, at->close_group(object))
CALL(submit, at->submit(object))
CALL(wait_for_work, at->wait_for_work(object, FALSE))
CALL(cancel_work, at->wait_for_work(object, TRUE))
CALL(close_work, at->close_work(object))
CALL(set_timer, at->set_timer(object, NULL, 0, 0))
CALL(set_timer_ex, at->set_timer_ex(object, NULL, 0, 0))
CALL(timer_is_set, at->timer_is_set(object))
CALL(wait_for_timer, at->wait_for_timer(object, TRUE))
CALL(close_timer, at->close_timer(object))
CALL(set_wait, at->set_wait(object, NULL, NULL))
CALL(set_wait_ex, at->set_wait_ex(object, NULL, NULL, NULL))
CALL(wait_for_wait, at->wait_for_wait(object, TRUE))
CALL(close_wait, at->close_wait(object))
CALL(start_io, at->start_io(object))
CALL(cancel_io, at->cancel_io(object))
CALL(wait_for_io, at->wait_for_io(object, TRUE))
CALL(close_io, at->close_io(object))

static const struct {
    const char *name;
    void (*call)(void *);
    enum kind kind;
} calls[] = {
    {"setting the maximum", set_maximum, POOL},
    {"setting the minimum", set_minimum, POOL},
    {"closing a pool", close_pool, POOL},
    {"closing a group's members", close_members, GROUP},
    {"closing a group", close_group, GROUP},
    {"posting work", submit, WORK},
    {"waiting for work", wait_for_work, WORK},
    {"cancelling work", cancel_work, WORK},
    {"closing work", close_work, WORK},
    {"setting a timer", set_timer, TIMER},
    {"setting a timer, extended", set_timer_ex, TIMER},
    {"asking a timer", timer_is_set, TIMER},
    {"waiting for a timer", wait_for_timer, TIMER},
    {"closing a timer", close_timer, TIMER},
    {"setting a wait", set_wait, WAIT},
    {"setting a wait, extended", set_wait_ex, WAIT},
    {"waiting for a wait", wait_for_wait, WAIT},
    {"closing a wait", close_wait, WAIT},
    {"starting I/O", start_io, IO},
    {"cancelling I/O", cancel_io, IO},
    {"waiting for I/O", wait_for_io, IO},
    {"closing I/O", close_io, IO},
};

// Its own pool takes what it is given for an object of the right kind, and then crashes or hangs.
static void skip_on_wines_pool(void)
{
    if (host_is_wine() && module_under_test() == GetModuleHandleA("kernel32.dll"))
        skip("Wine's own pool trusts its callers");
}

static void make_all(const struct level *at, void *objects[KINDS])
{
    static struct job job;
    static struct io_log io_log;
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    objects[POOL] = at->create_pool();
    objects[GROUP] = at->create_group();
    objects[WORK] = work_for(at, &job, NULL);
    objects[TIMER] = timer_for(at, &job, NULL);
    objects[WAIT] = wait_for(at, &job, NULL);
    objects[IO] = logging_io(at, pipe.server, &io_log, NULL);
}

static void close_all(const struct level *at, void *objects[KINDS])
{
    at->close_pool(objects[POOL]);
    at->close_group(objects[GROUP]);
    at->close_work(objects[WORK]);
    at->close_timer(objects[TIMER]);
    at->close_wait(objects[WAIT]);
    at->close_io(objects[IO]);
}

static void check_refused(const struct level *at, size_t call, void *object, const char *what)
{
    struct use use = {at, object};
    struct raised raised = attempt(calls[call].call, &use);
    check(raised.happened && raised.code == INVALID_PARAMETER_STATUS, "%s, given %s: raised 0x%lx", calls[call].name,
          what, raised.code);
}

#define EACH_CALL (size_t call = 0; call < sizeof calls / sizeof *calls; call++)

OBSERVATION_AT_BOTH_LEVELS(every_function_refuses_null, "EXC-016", "")
{
    skip_on_wines_pool();
    for
        EACH_CALL
    check_refused(at, call, NULL, "NULL");
}

OBSERVATION_AT_BOTH_LEVELS(every_function_refuses_what_is_closed, "EXC-007 EXC-017", "")
{
    skip_on_wines_pool();
    void *objects[KINDS];
    make_all(at, objects);
    close_all(at, objects);
    for
        EACH_CALL
    check_refused(at, call, objects[calls[call].kind], "one that is closed");
}

OBSERVATION_AT_BOTH_LEVELS(every_function_refuses_other_kinds, "EXC-018", "")
{
    skip_on_wines_pool();
    void *objects[KINDS];
    make_all(at, objects);
    for
        EACH_CALL
    for (int kind = 0; kind < KINDS; kind++)
        if (kind != (int)calls[call].kind)
            check_refused(at, call, objects[kind], kind_names[kind]);
    close_all(at, objects); // and they have come to no harm
}

// ---- Handles of the older functions
// ------------------------------------------------------------------------------------

static void CALLBACK ignore(void *context, BOOLEAN timed_out)
{
    (void)context;
    (void)timed_out;
}

OBSERVATION(older_functions_refuse_handles_of_other_kinds, "EXC-018")
{
    HANDLE wait, timer, queue = api.CreateTimerQueue();
    HANDLE event = CreateEventA(NULL, TRUE, FALSE, NULL);
    require(api.RegisterWaitForSingleObject(&wait, event, ignore, NULL, INFINITE, 0) &&
                api.CreateTimerQueueTimer(&timer, queue, ignore, NULL, 100000, 0, 0),
            "no objects: error %lu", GetLastError());
    check(!api.UnregisterWaitEx(timer, NULL), "a timer was unregistered as a wait");
    check(!api.UnregisterWaitEx(queue, NULL), "a queue was unregistered as a wait");
    check(!api.DeleteTimerQueueTimer(queue, wait, NULL), "a wait was deleted as a timer");
    check(!api.ChangeTimerQueueTimer(queue, wait, 1, 1), "a wait was changed as a timer");
    check(!api.DeleteTimerQueueEx(wait, NULL), "a wait was deleted as a queue");
    check(!api.DeleteTimerQueueEx(timer, NULL), "a timer was deleted as a queue");
    check(!api.CreateTimerQueueTimer(&event, wait, ignore, NULL, 1, 0, 0), "a wait took a timer as a queue");
    check(api.UnregisterWaitEx(wait, INVALID_HANDLE_VALUE), "the wait came to harm: error %lu", GetLastError());
    check(!api.UnregisterWaitEx(wait, NULL), "a wait was unregistered twice");
    check(api.DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE), "the timer came to harm: error %lu",
          GetLastError());
    check(!api.DeleteTimerQueueTimer(queue, timer, NULL), "a timer was deleted twice");
    check(api.DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE), "the queue came to harm: error %lu", GetLastError());
    check(!api.DeleteTimerQueueEx(queue, NULL), "a queue was deleted twice");
}
