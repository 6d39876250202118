// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_BLOCKED_POOL_H
#define CONFORMANCE_BLOCKED_POOL_H

#include "harness/suite.h"

// A pool of one thread that is kept busy by a callback, so that whatever is queued there stays queued.
struct blocked_pool {
    const struct level *at;
    PTP_POOL pool;
    TP_CALLBACK_ENVIRON_V3 environment; // for objects of that pool
    PTP_WORK blocker;
    HANDLE entered;
    HANDLE release;
};

// Gives the pool once its only thread is inside the blocking callback.
void block_pool(struct blocked_pool *blocked, const struct level *at);
// Lets the callback go and waits until it is over.
void unblock_pool(struct blocked_pool *blocked);
// Waits until everything that was queued before this call has run: one more callback goes through the only thread.
void drain_pool(struct blocked_pool *blocked);

#endif
