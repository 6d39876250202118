// SPDX-License-Identifier: MIT
//
// Finalization callbacks.
#include "harness/job.h"
#include "harness/suite.h"

struct finalized {
    const struct level *at;
    HANDLE semaphore;
    HANDLE event;
    volatile LONG calls;
    volatile LONG finalizations;
    volatile LONG calls_at_finalization;
    bool event_was_set;
};

static void CALLBACK run(PTP_CALLBACK_INSTANCE instance, void *context)
{
    struct finalized *finalized = context;
    finalized->at->release_semaphore_on_return(instance, finalized->semaphore, 1);
    if (finalized->event)
        finalized->at->set_event_on_return(instance, finalized->event);
    count_up(&finalized->calls);
}

static void CALLBACK run_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    count_up(&((struct finalized *)context)->calls);
}

static void CALLBACK finalize(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct finalized *finalized = context;
    finalized->calls_at_finalization = counted(&finalized->calls);
    finalized->event_was_set = finalized->event && gate_opens(finalized->event, 0);
    count_up(&finalized->finalizations);
    if (finalized->semaphore)
        ReleaseSemaphore(finalized->semaphore, 1, NULL);
}

BINDING_AT_BOTH_LEVELS(a_simple_callback_is_finalized_once_after_it_ran, "ENV-026 ENV-031 ENV-032", "NT-010")
{
    struct finalized finalized = {.at = at, .semaphore = CreateSemaphoreW(NULL, 0, 10, NULL)};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    TpSetCallbackFinalizationCallback(&environment, finalize);
    require(at->try_submit(run, &finalized, &environment), "refused: 0x%lx", why());
    check(gate_opens(finalized.semaphore, GENEROUS), "neither the action nor the finalization released the semaphore");
    check(gate_opens(finalized.semaphore, GENEROUS), "one of action and finalization did not happen");
    struct job later = {0};
    environment.FinalizationCallback = NULL;
    submit_simple(at, &later, &environment);
    await_count(&later.returned, 1);
    check(finalized.finalizations == 1, "%ld finalizations", finalized.finalizations);
    check(finalized.calls_at_finalization == 1, "the finalization came before the callback");
}

OBSERVATION_AT_BOTH_LEVELS(finalization_comes_before_the_actions_on_return, "EPI-017", "")
{
    struct finalized finalized = {.at = at, .semaphore = CreateSemaphoreW(NULL, 0, 10, NULL), .event = gate()};
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    TpSetCallbackFinalizationCallback(&environment, finalize);
    at->try_submit(run, &finalized, &environment);
    pass_gate(finalized.event);
    await_count(&finalized.finalizations, 1);
    observe("at finalization the event %s", finalized.event_was_set ? "was set" : "was not set");
}

OBSERVATION_AT_BOTH_LEVELS(a_work_object_is_finalized_once_at_its_end, "ENV-033", "")
{
    struct finalized finalized = {.at = at};
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(at, 1));
    TpSetCallbackFinalizationCallback(&environment, finalize);
    PTP_WORK work = at->create_work(run_work, &finalized, &environment);
    for (int i = 0; i < 3; i++)
        at->submit(work);
    at->wait_for_work(work, FALSE);
    LONG before = counted(&finalized.finalizations);
    at->close_work(work);
    wait_until(counted(&finalized.finalizations) > before, before ? BRIEFLY : GENEROUS);
    observe("3 posts: %ld finalizations before the close, %ld after", before, counted(&finalized.finalizations));
    check(before == 0 && finalized.finalizations == 1, "expected one, after the close");
}

OBSERVATION_AT_BOTH_LEVELS(a_work_object_that_never_ran_is_finalized_too, "ENV-033", "")
{
    struct finalized finalized = {.at = at};
    TP_CALLBACK_ENVIRON_V3 environment = plain_environment();
    TpSetCallbackFinalizationCallback(&environment, finalize);
    at->close_work(at->create_work(run_work, &finalized, &environment));
    bool came = wait_until(counted(&finalized.finalizations) == 1, GENEROUS / 2);
    observe("%ld finalizations", counted(&finalized.finalizations));
    check(came, "expected one");
}
