// SPDX-License-Identifier: MIT
/*
 * Pools: the handle that a program holds on a scheduler's pool, and the pools that the process itself has.
 */
#ifndef NTPOOL_TP_POOL_H
#define NTPOOL_TP_POOL_H

#include "sched/pool.h"
#include "tp/types.h"

/** The scheduler's pool of a live pool, or the default pool for NULL. NULL: no memory for the default pool. */
struct sched_pool *tp_pool_scheduler(struct tp_pool *pool);

/**
 * Pools of one thread each that the contract's section 25 names, each made when first needed: callbacks of
 * WT_EXECUTEINWAITTHREAD, of WT_EXECUTEINTIMERTHREAD, and an alertable thread for WT_EXECUTEINIOTHREAD. NULL: no
 * memory.
 */
enum tp_special_pool { TP_WAIT_THREAD, TP_TIMER_THREAD, TP_IO_THREAD, TP_FINALIZATION_THREAD, TP_SPECIAL_POOLS };
struct sched_pool *tp_special_pool(enum tp_special_pool which);

/** Where a legacy callback with these flags runs: a special pool or the default pool. NULL: no memory. */
struct sched_pool *tp_pool_for_flags(uint32_t flags);

/* Contract section 1. Each takes a live pool of ours; anything else raises NT_INVALID_PARAMETER, and a pool of the
 * system's is handed to the system. */

/** TpAllocPool. NT_INVALID_PARAMETER: reserved is not NULL (POOL-004). NT_NO_MEMORY. */
nt_status tp_pool_create(struct tp_pool **pool, void *reserved);
/** TpReleasePool: what is bound or queued keeps the pool working; returns at once (POOL-030 to 032). */
void tp_pool_close(struct tp_pool *pool);
/** TpSetPoolMaxThreads: 0 counts as 1; a larger minimum is lowered (POOL-014, 015). */
void tp_pool_set_maximum(struct tp_pool *pool, uint32_t maximum);
/** TpSetPoolMinThreads: started before it returns; a smaller maximum is raised. The status of a thread not had. */
nt_status tp_pool_set_minimum(struct tp_pool *pool, uint32_t minimum);
/** TpSetPoolStackInformation, TpQueryPoolStackInformation: bytes, stored as given (POOL-040). */
nt_status tp_pool_set_stack(struct tp_pool *pool, const struct tp_stack_information *information);
nt_status tp_pool_query_stack(struct tp_pool *pool, struct tp_stack_information *information);

#endif
