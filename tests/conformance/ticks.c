// SPDX-License-Identifier: MIT
#include "ticks.h"

void CALLBACK note_tick(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    struct ticks *ticks = context;
    LONG position = InterlockedIncrement(&ticks->begun) - 1;
    if (position < TICK_ROOM)
        ticks->at[position] = milliseconds() - ticks->since;
    ticks->timer = timer;
    ticks->thread = GetCurrentThreadId();
    count_up(&ticks->count);
}

PTP_TIMER timer_of(const struct level *at, PTP_TIMER_CALLBACK callback, void *context, PTP_CALLBACK_ENVIRON environment)
{
    PTP_TIMER timer = at->create_timer(callback, context, environment);
    require(timer, "no timer could be created: error 0x%lx", why());
    return timer;
}

PTP_TIMER ticking_timer(const struct level *at, struct ticks *ticks, PTP_CALLBACK_ENVIRON environment)
{
    return timer_of(at, note_tick, ticks, environment);
}

void start_ticks(const struct level *at, PTP_TIMER timer, struct ticks *ticks, LONGLONG due_ms, DWORD period)
{
    FILETIME due;
    ticks->since = milliseconds();
    at->set_timer(timer, due_in(&due, due_ms), period, 0);
}

void let_due_timers_expire(const struct level *at)
{
    struct ticks later = {0};
    PTP_TIMER timer = ticking_timer(at, &later, NULL);
    start_ticks(at, timer, &later, 0, 0);
    await_count(&later.count, 1);
    Sleep(BRIEFLY); // for a pool that has no such order
    retire_timer(at, timer);
}

void retire_timer(const struct level *at, PTP_TIMER timer)
{
    at->set_timer(timer, NULL, 0, 0);
    at->wait_for_timer(timer, TRUE);
    at->close_timer(timer);
}
