// SPDX-License-Identifier: MIT
/* Work objects and simple callbacks: contract sections 4 and 5. */
#ifndef NTPOOL_TP_WORK_H
#define NTPOOL_TP_WORK_H

#include "tp/types.h"

/** TpAllocWork. NT_INVALID_PARAMETER: bad environment or callback; NT_NO_MEMORY. */
nt_status tp_work_create(struct tp_work **work, tp_work_callback *callback, void *context,
                         const struct tp_environ *environ);
/** TpPostWork: one more callback. Cannot fail; raises NT_INVALID_PARAMETER for a bad object and at process exit. */
void tp_work_post(struct tp_work *work);
/** TpWaitForWork: for all callbacks; with cancel, drops those that have not begun and waits for those that had. */
void tp_work_wait(struct tp_work *work, bool cancel);
/** TpReleaseWork: what is posted still runs. Never blocks. */
void tp_work_close(struct tp_work *work);

/** TpSimpleTryPost: one callback that nobody can wait for but its group. NT_INVALID_PARAMETER, NT_NO_MEMORY. */
nt_status tp_simple_post(tp_simple_callback *callback, void *context, const struct tp_environ *environ);

#endif
