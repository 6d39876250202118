// SPDX-License-Identifier: MIT
//
// Timer queues: which callbacks overlap and which do not.
#include "legacy.h"

static void CALLBACK meet_the_next(void *context, BOOLEAN timed_out)
{
    check(timed_out, "a timer reports a signal");
    meet(context, GENEROUS);
}

BINDING_AT_BOTH_LEVELS(a_periodic_queue_timer_does_not_wait_for_its_previous_callback, "TQ-007 TQ-006", "NT-030")
{
    static struct meeting meeting;
    meeting = meeting_of(2);
    HANDLE timer = NULL;
    DWORD error = legacy_at(at)->create_timer(&timer, NULL, meet_the_next, &meeting, 20, 50, WT_EXECUTEDEFAULT);
    require(!error, "the timer cannot be created: error %lu", error);
    check(gate_opens(meeting.complete, GENEROUS), "two callbacks of one periodic timer never overlapped");
    error = legacy_at(at)->delete_timer(NULL, timer, INVALID_HANDLE_VALUE);
    check(!error, "the blocking delete gives error %lu", error);
}

OBSERVATION_AT_BOTH_LEVELS(timer_thread_callbacks_never_overlap, "TQ-009", "NT-030")
{
    static struct legacy_log first, second;
    first = (struct legacy_log){.entered = gate(), .release = gate()};
    second = (struct legacy_log){0};
    HANDLE queue = timer_queue(at);
    noting_queue_timer(at, &first, queue, 0, 0, WT_EXECUTEINTIMERTHREAD);
    pass_gate(first.entered);
    noting_queue_timer(at, &second, queue, 0, 0, WT_EXECUTEINTIMERTHREAD);
    check(stays(&second.count, 0), "a second callback ran while the first was running");
    open_gate(first.release);
    check(wait_until(counted(&second.count), GENEROUS), "the second callback never ran");
    check(second.thread == first.thread, "the callbacks ran on threads %lu and %lu", first.thread, second.thread);
    DWORD error = legacy_at(at)->delete_queue_ex(queue, INVALID_HANDLE_VALUE);
    check(!error, "the blocking delete gives error %lu", error);
}
