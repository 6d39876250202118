// SPDX-License-Identifier: MIT
//
// The legacy functions: what they refuse.
#include "legacy.h"
#include "wait_log.h"

struct registration {
    const struct level *at;
    HANDLE object;
    DWORD error;
    struct legacy_log log;
};

// What a late callback looks at outlives its test.
static struct registration registration;

static void register_it(void *argument)
{
    struct registration *wanted = argument;
    HANDLE wait = NULL;
    wanted->error = legacy_at(wanted->at)
                        ->register_wait(&wait, wanted->object, note_legacy, &wanted->log, INFINITE, WT_EXECUTEONLYONCE);
}

static void expect_no_registration(const struct level *at, HANDLE object, const char *what)
{
    registration = (struct registration){.at = at, .object = object};
    struct raised raised = attempt(register_it, &registration);
    observe("%s: error %lu, exception 0x%08lx with first parameter 0x%08lx", what, registration.error, raised.code,
            (DWORD)raised.parameter[0]);
    check(raised.happened || registration.error, "%s can be registered", what);
    check(stays(&registration.log.count, 0), "%s called back", what);
}

BINDING_AT_BOTH_LEVELS(a_mutex_cannot_be_registered, "WAITLEG-012 EXC-001", "NT-026")
{
    expect_no_registration(at, CreateMutexW(NULL, FALSE, NULL), "a mutex");
}

BINDING_AT_BOTH_LEVELS(a_handle_without_the_right_to_wait_cannot_be_registered, "WAITLEG-011", "NT-026")
{
    HANDLE weak;
    require(DuplicateHandle(GetCurrentProcess(), auto_reset_event(), GetCurrentProcess(), &weak, EVENT_MODIFY_STATE,
                            FALSE, 0),
            "the handle cannot be duplicated: error %lu", GetLastError());
    expect_no_registration(at, weak, "an event without SYNCHRONIZE");
}

struct queue_call {
    const struct level *at;
    HANDLE queue;
    HANDLE timer;
    DWORD error;
    struct legacy_log log;
};

static struct queue_call queue_call;

static void delete_no_timer(void *argument)
{
    struct queue_call *wanted = argument;
    wanted->error = legacy_at(wanted->at)->delete_timer(wanted->queue, NULL, NULL);
}

OBSERVATION_AT_BOTH_LEVELS(deleting_no_timer_is_an_invalid_parameter, "TQ-028", "NT-033")
{
    queue_call = (struct queue_call){.at = at, .queue = timer_queue(at)};
    struct raised raised = attempt(delete_no_timer, &queue_call);
    check(!raised.happened, "deleting NULL raises 0x%08lx", raised.code);
    check(queue_call.error == ERROR_INVALID_PARAMETER, "deleting NULL gives error %lu instead of %ld", queue_call.error,
          ERROR_INVALID_PARAMETER);
    legacy_at(at)->delete_queue_ex(queue_call.queue, INVALID_HANDLE_VALUE);
}

static void create_a_timer(void *argument)
{
    struct queue_call *wanted = argument;
    wanted->error =
        legacy_at(wanted->at)->create_timer(&wanted->timer, wanted->queue, note_legacy, &wanted->log, 0, 0, 0);
}

OBSERVATION_AT_BOTH_LEVELS(a_queue_that_is_being_deleted_takes_no_timers, "TQ-013", "NT-030")
{
    static struct legacy_log held;
    held = (struct legacy_log){.entered = gate(), .release = gate()};
    queue_call = (struct queue_call){.at = at, .queue = timer_queue(at)};
    noting_queue_timer(at, &held, queue_call.queue, 0, 0, WT_EXECUTEDEFAULT);
    pass_gate(held.entered);
    legacy_at(at)->delete_queue_ex(queue_call.queue, NULL);
    struct raised raised = attempt(create_a_timer, &queue_call);
    check(!raised.happened, "the creation raises 0x%08lx", raised.code);
    check(queue_call.error == ERROR_INVALID_HANDLE, "the creation gives error %lu instead of %ld", queue_call.error,
          ERROR_INVALID_HANDLE);
    check(stays(&queue_call.log.count, 0), "a timer of a queue that is being deleted fired");
    open_gate(held.release);
}
