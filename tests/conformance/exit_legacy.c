// SPDX-License-Identifier: MIT
//
// The end of a process that uses the older functions.
#include "endings.h"
#include "harness/library.h"
#include "harness/suite.h"

#include <string.h>

#define ROUNDS 20

static HANDLE wait, timer, queue;
static volatile LONG inside;

static DWORD WINAPI stay(void *context)
{
    (void)context;
    count_up(&inside);
    Sleep(INFINITE);
    return 0;
}

static void CALLBACK stay_signalled(void *context, BOOLEAN timed_out)
{
    (void)timed_out;
    stay(context);
}

static void CALLBACK tick(void *context, BOOLEAN timed_out)
{
    (void)context;
    (void)timed_out;
}

static void start_legacy(void)
{
    HANDLE signalled = gate(), ticking;
    open_gate(signalled);
    require(api.QueueUserWorkItem(stay, NULL, WT_EXECUTELONGFUNCTION), "refused: error %lu", GetLastError());
    require(api.RegisterWaitForSingleObject(&wait, signalled, stay_signalled, NULL, INFINITE,
                                            WT_EXECUTEONLYONCE | WT_EXECUTELONGFUNCTION),
            "no wait was registered: error %lu", GetLastError());
    queue = api.CreateTimerQueue();
    require(queue && api.CreateTimerQueueTimer(&timer, queue, stay_signalled, NULL, 0, 0, WT_EXECUTELONGFUNCTION) &&
                api.CreateTimerQueueTimer(&ticking, queue, tick, NULL, 1, 1, 0),
            "no timer was created: error %lu", GetLastError());
    await_count(&inside, 3);
}

static void retire_at_the_end(DWORD reason, void *reserved)
{
    if (reason != DLL_PROCESS_DETACH || !reserved)
        return;
    api.UnregisterWaitEx(wait, INVALID_HANDLE_VALUE);
    api.DeleteTimerQueueTimer(queue, timer, INVALID_HANDLE_VALUE);
    api.DeleteTimerQueueEx(queue, INVALID_HANDLE_VALUE);
    say("the calls have returned");
}

SCENARIO(exit_with_legacy)
{
    start_legacy();
    say("written before the end");
    ExitProcess(7);
}

SCENARIO(detach_with_legacy)
{
    library_listen(library_load(), retire_at_the_end);
    start_legacy();
    ExitProcess(7);
}

BINDING(a_process_with_items_waits_and_timer_queues_ends_when_it_says_so, "EXC-010")
{
    check_endings("exit_with_legacy", ROUNDS, &(struct ending){7, "written before the end\n", ""});
}

OBSERVATION(blocking_deletions_return_in_detach_code_at_the_end, "EXC-012")
{
    check_endings("detach_with_legacy", ROUNDS, &(struct ending){7, "", "the calls have returned\n"});
}
