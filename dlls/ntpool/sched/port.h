// SPDX-License-Identifier: MIT
/*
 * The process's completion port and its poller: one thread, started when the first file is bound, that takes
 * completions off the port in order and hands each to its owner, which posts. It runs no callback, so none can stall
 * the port.
 */
#ifndef NTPOOL_SCHED_PORT_H
#define NTPOOL_SCHED_PORT_H

#include "sched/pool.h"

/** What a file was bound with: finds the owner by completion->key and posts to it. On the poller, without locks. */
typedef void sched_port_deliver(const struct nt_completion *completion);

/**
 * Binds file to the port. deliver is the same for every file; key tells them apart. Fails with the system's status:
 * NT_INVALID_PARAMETER for a file that is not open for overlapped I/O or is bound already.
 */
nt_status sched_port_bind(nt_handle file, uint64_t key, sched_port_deliver *deliver);

#endif
