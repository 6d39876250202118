// SPDX-License-Identifier: MIT
/* Pools and environments for the tests of the objects. */
#ifndef NTPOOL_TESTS_TP_HELP_H
#define NTPOOL_TESTS_TP_HELP_H

#include "unit.h"
#include "sched/worker.h"
#include "tp/pool.h"

static inline struct tp_pool *make_pool(uint32_t maximum)
{
    struct tp_pool *pool = NULL;

    require(tp_pool_create(&pool, NULL) == NT_SUCCESS);
    tp_pool_set_maximum(pool, maximum);
    return pool;
}

static inline struct tp_environ in_pool(struct tp_pool *pool)
{
    return (struct tp_environ){.version = 3, .pool = pool, .priority = 1, .size = sizeof(struct tp_environ)};
}

/* Private pools' workers end at once; those of the default pool after a while. */
static inline void end_pool(struct tp_pool *pool)
{
    tp_pool_close(pool);
    check_soon(atomic_load(&sched_workers_now) == 0);
}

#endif
