// SPDX-License-Identifier: MIT
/*
 * The half of a task that only its worker uses. After each of these the task may be gone.
 */
#ifndef NTPOOL_SCHED_TASK_END_H
#define NTPOOL_SCHED_TASK_END_H

#include "sched/task.h"

/** A callback that still counts for waiters is over. */
void sched_task_ended(struct sched_task *task);
/** A callback goes on, but counts for waiters no more. */
void sched_task_detached(struct sched_task *task);
/** A detached callback is over. */
void sched_task_detached_ended(struct sched_task *task);

#endif
