// SPDX-License-Identifier: MIT
/*
 * The process's completion port and its pollers. The one whose turn it is takes completions off the port in order and
 * hands each to its owner, which posts. If another waits for the turn, it may then visit the pool (visit.h) to run the
 * callback itself, with the turn on lease (turn.h) where visits are short, else it passes the turn on. So no callback
 * can stall the port for longer than some milliseconds. The first poller is started when the first file is bound,
 * others, up to one more than there are processors, when they would be of use.
 */
#ifndef NTPOOL_SCHED_PORT_H
#define NTPOOL_SCHED_PORT_H

#include "sched/roll_call.h"
#include "sched/worker.h"

/**
 * What a file was bound with: finds the owner by completion->key and posts to it, quietly. The pool that was posted to,
 * for the caller to notify, or NULL.
 */
typedef struct sched_pool *sched_port_deliver(const struct nt_completion *completion);

/**
 * Binds file to the port. deliver is the same for every file; key tells them apart. Fails with the system's status:
 * NT_INVALID_PARAMETER for a file that is not open for overlapped I/O or is bound already.
 */
nt_status sched_port_bind(nt_handle file, uint64_t key, sched_port_deliver *deliver);

/**
 * An operation was begun, or somebody waits for one to end, so a poller is wanted: should they have been terminated,
 * which tells nobody, the keeper finds that out in a roll call. Looks at a flag.
 */
static inline void sched_port_expect(void)
{
    sched_roll_call_ask();
}

/** The thread of a poller is no more; visitor is its worker. If nobody else has its turn now, another is started. */
void sched_poller_gone(struct sched_worker *visitor);
/** For the keeper: tries again to start one where none could be. False: that failed again. */
bool sched_port_is_served(void);
/** A poller that visits may take a while: somebody else gets its turn. */
void sched_poller_may_block(struct sched_worker *visitor);

#endif
