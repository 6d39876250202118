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

/** A poller's thread is no more; visitor is its worker. */
void sched_poller_ends(struct sched_worker *visitor);
/** A poller that visits may take a while: somebody else gets its turn. */
void sched_poller_may_block(struct sched_worker *visitor);

#endif
