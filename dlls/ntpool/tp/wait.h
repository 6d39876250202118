// SPDX-License-Identifier: MIT
/* Wait objects: contract section 7. */
#ifndef NTPOOL_TP_WAIT_H
#define NTPOOL_TP_WAIT_H

#include "tp/types.h"

/** TpAllocWait. NT_INVALID_PARAMETER: bad environment or callback; NT_NO_MEMORY. The wait is unset. */
nt_status tp_wait_create(struct tp_wait **wait, tp_wait_callback *callback, void *context,
                         const struct tp_environ *environ);
/**
 * TpSetWait: waits for handle, once, instead of what it waited for before; NULL for nothing. timeout is in 100 ns as
 * for a timer, NULL for none, and is not looked at when handle is NULL. Raises NT_THREADPOOL_HANDLE_EXCEPTION (status,
 * handle, wait, waiter) for a mutex, a bad handle, or one that cannot be waited for (WAIT-024 to 027); the wait is
 * unset then.
 */
void tp_wait_set(struct tp_wait *wait, nt_handle handle, const void *timeout);
/** TpSetWaitEx: the same, and takes back a callback that has not begun. True: it was set and has been cancelled. */
bool tp_wait_set_ex(struct tp_wait *wait, nt_handle handle, const void *timeout, void *reserved);
/** TpWaitForWait: for callbacks, not for an armed wait; cancel leaves it armed (WAIT-041, WAIT-042). */
void tp_wait_wait(struct tp_wait *wait, bool cancel);
/** TpReleaseWait: stops waiting; what is queued still runs. */
void tp_wait_close(struct tp_wait *wait);

/** Raises what a bad handle raises. */
void tp_raise_bad_handle(nt_status status, nt_handle handle, const void *wait);

#endif
