// SPDX-License-Identifier: MIT
//
// Episodes of cleanup groups, and of callbacks that use the pool themselves.
#include "stress.h"

enum { MEMBERS = 12 };

struct member {
    struct model model;
    volatile LONG cancelled;
};

struct grouped {
    struct member work[MEMBERS], timer[MEMBERS], simple[MEMBERS];
};

static void CALLBACK run_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    struct member *member = context;
    model_enter(&member->model);
    model_leave(&member->model);
}

static void CALLBACK run_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)work;
    run_simple(instance, context);
}

static void CALLBACK run_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)timer;
    run_simple(instance, context);
}

static void CALLBACK note_cancelled(void *context, void *cleanup_context)
{
    (void)cleanup_context;
    count_up(&((struct member *)context)->cancelled);
}

static void check_member(struct member *member, bool cancel, bool exact, const char *what)
{
    LONG cancelled = counted(&member->cancelled);
    if (cancel)
        model_cancelled(&member->model, what);
    else if (exact)
        model_complete(&member->model, what);
    require(cancel ? cancelled <= 1 : cancelled == 0, "%s: %ld cancel callbacks", what, cancelled);
    member->model.over = true;
}

void group_episode(struct actor *actor)
{
    const struct level *at = actor->at;
    struct grouped grouped = {0};
    FILETIME due;
    PTP_CLEANUP_GROUP group = at->create_group();
    PTP_WORK closed = NULL;
    bool cancel = chance(actor, 50);
    for (int i = 0; i < MEMBERS; i++) {
        TP_CALLBACK_ENVIRON_V3 environment = any_environment(actor);
        environment.CleanupGroup = group;
        environment.CleanupGroupCancelCallback = note_cancelled;
        PTP_WORK work = at->create_work(run_work, &grouped.work[i], &environment);
        PTP_TIMER timer = at->create_timer(run_timer, &grouped.timer[i], &environment);
        require(work && timer, "no members: error 0x%lx", why());
        for (uint32_t posts = random_below(actor, 40); posts; posts--) {
            grouped.work[i].model.posted++;
            at->submit(work);
        }
        grouped.timer[i].model.posted = 1;
        at->set_timer(timer, due_in(&due, random_below(actor, 2)), 0, 0);
        grouped.simple[i].model.posted = 1;
        require(at->try_submit(run_simple, &grouped.simple[i], &environment), "refused: error 0x%lx", why());
        if (i == 0 && chance(actor, 30))
            closed = work;
    }
    if (closed)
        at->close_work(closed); // what it has posted still runs, and the group no longer waits for it
    at->close_members(group, cancel, NULL);
    if (closed)
        model_awaited(&grouped.work[0].model, "a member that was closed");
    for (int i = 0; i < MEMBERS; i++) {
        check_member(&grouped.work[i], cancel && !(i == 0 && closed), true, "a work member");
        check_member(&grouped.simple[i], cancel, true, "a simple member");
        require(counted(&grouped.timer[i].model.ran) <= 1, "a timer member: %ld callbacks of one expiration",
                counted(&grouped.timer[i].model.ran));
        check_member(&grouped.timer[i], cancel, false, "a timer member");
    }
    at->close_group(group);
}

// ---- A chain: each callback makes the next object, uses it, waits for it or not, and closes its own
// ------------------

struct chain {
    struct model model;
    const struct level *at;
    PTP_CALLBACK_ENVIRON environment;
    LONG length;
    HANDLE end;
};

static void CALLBACK run_link(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    struct chain *chain = context;
    model_enter(&chain->model);
    LONG place = chain->model.ran;
    if (place < chain->length) {
        PTP_WORK next = chain->at->create_work(run_link, chain, (TP_CALLBACK_ENVIRON_V3 *)chain->environment);
        require(next, "no work object: error 0x%lx", why());
        count_up(&chain->model.posted);
        // The next link may run before this one has left.
        chain->at->submit(next);
        chain->at->close_work(work);
    } else {
        chain->at->close_work(work);
        chain->at->set_event_on_return(instance, chain->end);
    }
    model_leave(&chain->model);
}

// In a pool of one thread: it must not wait for a second one.
void chain_episode(struct actor *actor)
{
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool_of(actor->at, 1));
    struct chain chain = {.at = actor->at,
                          .environment = (PTP_CALLBACK_ENVIRON)&environment,
                          .length = (LONG)random_below(actor, 50) + 1,
                          .end = CreateEventA(NULL, TRUE, FALSE, NULL)};
    PTP_WORK first = actor->at->create_work(run_link, &chain, &environment);
    chain.model.posted = 1;
    actor->at->submit(first);
    pass_gate(chain.end);
    model_awaited(&chain.model, "a chain");
    actor->at->close_pool(environment.Pool);
    CloseHandle(chain.end);
}
