// SPDX-License-Identifier: MIT
/* Timer objects: contract section 6. */
#ifndef NTPOOL_TP_TIMER_H
#define NTPOOL_TP_TIMER_H

#include "tp/types.h"

/** TpAllocTimer. NT_INVALID_PARAMETER: bad environment or callback; NT_NO_MEMORY. The timer is unset. */
nt_status tp_timer_create(struct tp_timer **timer, tp_timer_callback *callback, void *context,
                          const struct tp_environ *environ);
/**
 * TpSetTimer: replaces the setting. due (any alignment) is in 100 ns: negative relative, positive absolute UTC, zero at
 * once, NULL unset; period and window are in milliseconds. Callbacks already queued still run (TMR-020). Cannot fail.
 */
void tp_timer_set(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window);
/**
 * TpSetTimerEx: the same, and takes back a callback that has not begun. True: the timer was set, and no callback of
 * that setting is running or will run (TMR-034 to 038).
 */
bool tp_timer_set_ex(struct tp_timer *timer, const void *due, uint32_t period, uint32_t window);
/** TpIsTimerSet: stays true after a one-shot timer has fired (TMR-004). */
bool tp_timer_is_set(struct tp_timer *timer);
/** TpWaitForTimer: for callbacks, not for a timer that is merely armed (TMR-041); cancel leaves it armed (TMR-042). */
void tp_timer_wait(struct tp_timer *timer, bool cancel);
/** TpReleaseTimer: disarms; what is queued still runs. */
void tp_timer_close(struct tp_timer *timer);

/** The deadline for a due time as the API states it, given now on both clocks. */
struct tp_due {
    uint64_t at;
    bool system; /* at is of the system clock */
    bool passed;
};
struct tp_due tp_due_from(const void *due);

#endif
