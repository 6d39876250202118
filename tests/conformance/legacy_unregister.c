// SPDX-License-Identifier: MIT
//
// The end of registered waits: UnregisterWait, UnregisterWaitEx, RtlDeregisterWait and RtlDeregisterWaitEx.
#include "legacy.h"
#include "wait_log.h"

// A registered wait whose callback is inside and stays there until the gate is opened. Static in its
// tests: the callback may still look at it when the test is over.
struct outstanding {
    struct legacy_log log;
    HANDLE event;
    HANDLE wait;
};

static void begin_outstanding(const struct level *at, struct outstanding *outstanding)
{
    *outstanding = (struct outstanding){.log = {.entered = gate(), .release = gate()}, .event = auto_reset_event()};
    outstanding->wait = noting_registration(at, &outstanding->log, outstanding->event, INFINITE, WT_EXECUTEDEFAULT);
    SetEvent(outstanding->event);
    pass_gate(outstanding->log.entered);
}

BINDING_AT_BOTH_LEVELS(unregistering_does_not_wait_for_a_callback, "WAITLEG-027 WAITLEG-030 WAITLEG-035",
                       "NT-027 NT-028")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked);
    DWORD error = legacy_at(at)->unregister(blocked.wait);
    check(error == ERROR_IO_PENDING, "unregistering beside a callback gives error %lu", error);
    SetEvent(blocked.event);
    check(stays(&blocked.log.count, 1), "a signal after the unregister gave a callback");
    open_gate(blocked.log.release);
    check(stays(&blocked.log.count, 1), "a signal after the unregister gave a late callback");
    check(takes_signal(blocked.event), "a wait that is unregistered took a signal");
}

BINDING_AT_BOTH_LEVELS(without_an_event_the_ex_form_does_not_wait, "WAITLEG-032 WAITLEG-035", "NT-027 NT-028")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked);
    DWORD error = legacy_at(at)->unregister_ex(blocked.wait, NULL);
    check(error == ERROR_IO_PENDING, "unregistering beside a callback gives error %lu", error);
    SetEvent(blocked.event);
    open_gate(blocked.log.release);
    check(stays(&blocked.log.count, 1), "a signal after the unregister gave a callback");
}

BINDING_AT_BOTH_LEVELS(the_event_is_set_when_the_last_callback_is_over, "WAITLEG-033 WAITLEG-034", "NT-027")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked);
    HANDLE done = gate();
    DWORD error = legacy_at(at)->unregister_ex(blocked.wait, done);
    check(error == ERROR_IO_PENDING, "unregistering beside a callback gives error %lu", error);
    check(!gate_opens(done, BRIEFLY), "the event is set while the callback runs");
    open_gate(blocked.log.release);
    check(gate_opens(done, GENEROUS), "the event is never set");
}

BINDING_AT_BOTH_LEVELS(the_event_is_set_when_nothing_is_outstanding, "WAITLEG-033 WAITLEG-036", "NT-027")
{
    struct legacy_log log = {0};
    HANDLE done = gate();
    HANDLE wait = noting_registration(at, &log, semaphore(0), INFINITE, WT_EXECUTEDEFAULT);
    DWORD error = legacy_at(at)->unregister_ex(wait, done);
    check(!error, "unregistering an idle wait gives error %lu", error);
    check(gate_opens(done, GENEROUS), "the event is never set");
}

struct unregistering {
    const struct level *at;
    HANDLE wait;
    volatile LONG begun;
    DWORD error;
};

static DWORD WINAPI unregister_blocking(void *context)
{
    struct unregistering *unregistering = context;
    count_up(&unregistering->begun);
    unregistering->error = legacy_at(unregistering->at)->unregister_ex(unregistering->wait, INVALID_HANDLE_VALUE);
    return 0;
}

// The thread that is inside the call, or through with it.
static HANDLE start_unregistering(struct unregistering *unregistering)
{
    HANDLE thread = start_thread(unregister_blocking, unregistering);
    await_blocked(thread, &unregistering->begun);
    return thread;
}

BINDING_AT_BOTH_LEVELS(the_blocking_form_waits_for_the_callback, "WAITLEG-031", "NT-027")
{
    static struct outstanding blocked;
    begin_outstanding(at, &blocked);
    struct unregistering unregistering = {.at = at, .wait = blocked.wait, .error = 1};
    HANDLE thread = start_unregistering(&unregistering);
    check(WaitForSingleObject(thread, BRIEFLY) == WAIT_TIMEOUT, "the unregister returned beside the callback");
    open_gate(blocked.log.release);
    join_thread(thread);
    check(!unregistering.error, "the blocking form gives error %lu", unregistering.error);
    SetEvent(blocked.event);
    check(stays(&blocked.log.count, 1), "a signal after the unregister gave a callback");
}

BINDING_AT_BOTH_LEVELS(a_wait_that_is_unregistered_first_never_calls_back, "WAITLEG-036 WAITLEG-026 WAITLEG-035",
                       "NT-027 NT-028")
{
    const HANDLE completion[] = {NULL, gate(), INVALID_HANDLE_VALUE};
    for (int i = 0; i < 3; i++) {
        struct legacy_log log = {0};
        HANDLE event = auto_reset_event();
        HANDLE wait = noting_registration(at, &log, event, INFINITE, WT_EXECUTEDEFAULT);
        DWORD error = legacy_at(at)->unregister_ex(wait, completion[i]);
        check(!error, "mode %d: unregistering an idle wait gives error %lu", i, error);
        SetEvent(event);
        check(stays(&log.count, 0), "mode %d: a signal after the unregister gave a callback", i);
        check(takes_signal(event), "mode %d: a wait that is unregistered took a signal", i);
    }
}

BINDING_AT_BOTH_LEVELS(no_wait_is_an_invalid_handle, "WAITLEG-028", "NT-027")
{
    DWORD error = legacy_at(at)->unregister(NULL);
    check(error == ERROR_INVALID_HANDLE, "no wait gives error %lu", error);
    error = legacy_at(at)->unregister_ex(NULL, NULL);
    check(error == ERROR_INVALID_HANDLE, "no wait and no event give error %lu", error);
    error = legacy_at(at)->unregister_ex(NULL, INVALID_HANDLE_VALUE);
    check(error == ERROR_INVALID_HANDLE, "no wait in the blocking form gives error %lu", error);
}

struct own {
    const struct level *at;
    HANDLE wait;
    HANDLE stored;
    volatile LONG count;
    volatile DWORD error;
    HANDLE done;
};

static void CALLBACK unregister_own(void *context, BOOLEAN timed_out)
{
    struct own *own = context;
    (void)timed_out;
    pass_gate(own->stored);
    if (count_up(&own->count) == 1)
        own->error = legacy_at(own->at)->unregister(own->wait);
    open_gate(own->done);
}

static void unregister_inside(const struct level *at, struct own *own, HANDLE event, ULONG flags)
{
    *own = (struct own){.at = at, .stored = gate(), .done = gate(), .error = 1};
    DWORD error = legacy_at(at)->register_wait(&own->wait, event, unregister_own, own, INFINITE, flags);
    require(!error, "the wait cannot be registered: error %lu", error);
    open_gate(own->stored);
    SetEvent(event);
    pass_gate(own->done);
}

BINDING_AT_BOTH_LEVELS(a_wait_thread_callback_unregisters_its_spent_wait, "WAITLEG-029", "NT-027")
{
    struct own own;
    unregister_inside(at, &own, auto_reset_event(), WT_EXECUTEINWAITTHREAD | WT_EXECUTEONLYONCE);
    check(!own.error, "unregistering its own spent wait gives error %lu", own.error);
    check(stays(&own.count, 1), "one signal gave %ld callbacks", own.count);
}

BINDING_AT_BOTH_LEVELS(a_callback_unregisters_its_own_wait, "WAITLEG-027 WAITLEG-030 WAITLEG-035", "NT-027 NT-028")
{
    struct own own;
    HANDLE event = auto_reset_event();
    unregister_inside(at, &own, event, WT_EXECUTEDEFAULT);
    check(own.error == ERROR_IO_PENDING, "unregistering its own wait gives error %lu", own.error);
    SetEvent(event);
    check(stays(&own.count, 1), "a signal after the unregister gave a callback");
    check(takes_signal(event), "a wait that is unregistered took a signal");
}

OBSERVATION_AT_BOTH_LEVELS(the_blocking_form_ends_with_callbacks_that_have_not_begun, "WAITLEG-037", "NT-027")
{
    struct legacy_log blocked = {.entered = gate(), .release = gate()}, queued = {0};
    HANDLE first = auto_reset_event(), second = auto_reset_event();
    HANDLE one = noting_registration(at, &blocked, first, INFINITE, WT_EXECUTEINWAITTHREAD);
    HANDLE two = noting_registration(at, &queued, second, INFINITE, WT_EXECUTEINWAITTHREAD);
    SetEvent(first);
    pass_gate(blocked.entered);
    SetEvent(second);
    // A thread that waits and calls back at the same time leaves the signal alone meanwhile.
    wait_until(!event_is_set(second), BRIEFLY);
    struct unregistering unregistering = {.at = at, .wait = two, .error = 1};
    HANDLE thread = start_unregistering(&unregistering);
    open_gate(blocked.release);
    join_thread(thread);
    LONG ran = counted(&queued.count);
    check(!unregistering.error, "the blocking form gives error %lu", unregistering.error);
    check(ran <= 1 && stays(&queued.count, ran), "%ld callbacks, then more after the blocking unregister", ran);
    DWORD error = legacy_at(at)->unregister_ex(one, INVALID_HANDLE_VALUE);
    check(!error, "the blocking form gives error %lu", error);
    observe("the callback that had not begun was %s", ran ? "run" : "dropped");
}
