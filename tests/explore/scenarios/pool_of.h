// SPDX-License-Identifier: MIT
#ifndef NTPOOL_EXPLORE_POOL_OF_H
#define NTPOOL_EXPLORE_POOL_OF_H

#include "explore.h"
#include "tp/environ.h"
#include "tp/pool.h"

/* A pool of at most so many threads (0: as many as it likes), and an environment that names it. */
static inline struct tp_environ environ_of(struct tp_pool **pool, unsigned maximum)
{
    explore_check(tp_pool_create(pool, NULL) >= 0);
    if (maximum)
        tp_pool_set_maximum(*pool, maximum);
    return (struct tp_environ){.version = 3, .pool = *pool, .priority = 1, .size = sizeof(struct tp_environ)};
}

#endif
