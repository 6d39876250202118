// SPDX-License-Identifier: MIT
#include "blocked_pool.h"

static void CALLBACK block(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)work;
    struct blocked_pool *blocked = context;
    open_gate(blocked->entered);
    pass_gate(blocked->release);
}

void block_pool(struct blocked_pool *blocked, const struct level *at)
{
    *blocked = (struct blocked_pool){.at = at, .pool = pool_of(at, 1), .entered = gate(), .release = gate()};
    blocked->environment = environment_of(blocked->pool);
    blocked->blocker = at->create_work(block, blocked, &blocked->environment);
    require(blocked->blocker, "no work object could be created: error 0x%lx", why());
    at->submit(blocked->blocker);
    pass_gate(blocked->entered);
}

void unblock_pool(struct blocked_pool *blocked)
{
    open_gate(blocked->release);
    blocked->at->wait_for_work(blocked->blocker, FALSE);
}

static void CALLBACK pass_through(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
}

void drain_pool(struct blocked_pool *blocked)
{
    PTP_WORK last = blocked->at->create_work(pass_through, NULL, &blocked->environment);
    require(last, "no work object could be created: error 0x%lx", why());
    blocked->at->submit(last);
    blocked->at->wait_for_work(last, FALSE);
    blocked->at->close_work(last);
}
