// SPDX-License-Identifier: MIT
//
// Timers: windows, periods that overlap, large numbers.
#include "ticks.h"

#include <tlhelp32.h>

BINDING_AT_BOTH_LEVELS(a_window_delays_by_no_more_than_its_length, "TMR-024", "NT-018")
{
    struct ticks ticks = {0};
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    FILETIME due;
    ticks.since = milliseconds();
    at->set_timer(timer, due_in(&due, 100), 0, 1000);
    await_count(&ticks.count, 1);
    check(ticks.at[0] >= 100 - TICK, "due after 100 ms, fired after %.1f", ticks.at[0]);
    check(ticks.at[0] <= 1100 + 5000, "due after 100 ms with a window of 1000, fired after %.1f", ticks.at[0]);
    check(stays(&ticks.count, 1), "%ld callbacks came instead of 1", ticks.count);
    retire_timer(at, timer);
}

BINDING_AT_BOTH_LEVELS(a_window_does_not_reach_for_a_timer_beyond_it, "TMR-026", "NT-018")
{
    struct ticks first = {0}, second = {0};
    PTP_TIMER one = ticking_timer(at, &first, NULL), other = ticking_timer(at, &second, NULL);
    FILETIME due, later;
    due_at(&due, 100);
    due_at(&later, 1600);
    first.since = second.since = milliseconds();
    at->set_timer(one, &due, 0, 75);
    at->set_timer(other, &later, 0, 0);
    await_count(&first.count, 1);
    await_count(&second.count, 1);
    check(second.at[0] - first.at[0] >= 75, "timers 1500 ms apart, the first with a window of 75, fired %.1f ms apart",
          second.at[0] - first.at[0]);
    check(first.at[0] >= 100 - TICK && second.at[0] >= 1600 - TICK, "fired after %.1f and %.1f ms instead of 100, 1600",
          first.at[0], second.at[0]);
    retire_timer(at, one);
    retire_timer(at, other);
}

OBSERVATION_AT_BOTH_LEVELS(a_window_keeps_its_bounds_when_a_neighbour_lies_in_it, "TMR-027 TMR-024", "NT-018")
{
    struct ticks first = {0}, second = {0};
    PTP_TIMER one = ticking_timer(at, &first, NULL), other = ticking_timer(at, &second, NULL);
    FILETIME due, later;
    due_at(&due, 100);
    due_at(&later, 300);
    first.since = second.since = milliseconds();
    at->set_timer(one, &due, 0, 1000);
    at->set_timer(other, &later, 0, 0);
    await_count(&first.count, 1);
    await_count(&second.count, 1);
    remark("due 100 ms with a window of 1000 beside one due at 300: fired at %.0f and %.0f", first.at[0], second.at[0]);
    check(first.at[0] >= 100 - TICK && first.at[0] <= 1100 + 5000, "fired at %.1f ms, outside of its window",
          first.at[0]);
    check(second.at[0] >= 300 - TICK, "fired at %.1f ms instead of 300", second.at[0]);
    retire_timer(at, one);
    retire_timer(at, other);
}

#define NEIGHBOURS 10

// The time from the first to the last of timers that are due 20 ms apart, each with a window of a second.
static double spread_of_neighbours(const struct level *at)
{
    struct ticks ticks[NEIGHBOURS] = {0};
    PTP_TIMER timers[NEIGHBOURS];
    double first = 1e9, last = 0, since = milliseconds();
    for (int i = 0; i < NEIGHBOURS; i++) {
        timers[i] = ticking_timer(at, &ticks[i], NULL);
        ticks[i].since = since;
        at->set_timer(timers[i], due_in(&(FILETIME){0}, 100 + 20 * i), 0, 1000);
    }
    for (int i = 0; i < NEIGHBOURS; i++) {
        await_count(&ticks[i].count, 1);
        first = ticks[i].at[0] < first ? ticks[i].at[0] : first;
        last = ticks[i].at[0] > last ? ticks[i].at[0] : last;
        retire_timer(at, timers[i]);
    }
    return last - first;
}

// Now and then a moment that some windows share lies outside of others, and a busy machine spreads any timers.
OBSERVATION_AT_BOTH_LEVELS(timers_whose_windows_overlap_expire_together, "TMR-027", "NT-018")
{
    double spread = 1e9;
    for (int round = 0; round < 8 && spread > 90; round++) {
        double this_time = spread_of_neighbours(at);
        spread = this_time < spread ? this_time : spread;
    }
    remark("%d timers due 20 ms apart with windows of a second fired within %.0f ms", NEIGHBOURS, spread);
    check(spread <= 90, "they fired at times of their own");
}

static void CALLBACK meet_the_next_tick(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    meet(context, GENEROUS);
}

BINDING_AT_BOTH_LEVELS(a_periodic_timer_does_not_wait_for_its_previous_callback, "TMR-014", "NT-018")
{
    PTP_POOL pool = pool_of(at, 8);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct meeting meeting = meeting_of(2);
    PTP_TIMER timer = timer_of(at, meet_the_next_tick, &meeting, &environment);
    at->set_timer(timer, due_in(&(FILETIME){0}, 50), 50, 0);
    check(gate_opens(meeting.complete, GENEROUS), "two callbacks of one periodic timer never overlapped");
    retire_timer(at, timer);
    at->close_pool(pool);
}

struct slow {
    volatile LONG count;
    struct overlap overlap;
};

static void CALLBACK be_slow(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    struct slow *slow = context;
    overlap_enter(&slow->overlap);
    Sleep(60);
    overlap_leave(&slow->overlap);
    count_up(&slow->count);
}

OBSERVATION_AT_BOTH_LEVELS(overdue_ticks_of_a_one_thread_pool_pile_up, "TMR-015", "NT-018")
{
    PTP_POOL pool = pool_of(at, 1);
    TP_CALLBACK_ENVIRON_V3 environment = environment_of(pool);
    struct slow slow = {0};
    PTP_TIMER timer = timer_of(at, be_slow, &slow, &environment);
    at->set_timer(timer, due_in(&(FILETIME){0}, 20), 20, 0);
    await_count(&slow.count, 5);
    at->set_timer(timer, NULL, 0, 0);
    LONG before = counted(&slow.count);
    at->wait_for_timer(timer, FALSE);
    remark("a period of 20 ms with callbacks of 60: %ld callbacks ran after the timer was unset", slow.count - before);
    check(slow.overlap.peak == 1, "%ld callbacks ran at once in a pool of one thread", slow.overlap.peak);
    at->close_timer(timer);
    at->close_pool(pool);
}

static void CALLBACK be_slow_and_note(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    note_tick(instance, context, timer);
    Sleep(20);
}

OBSERVATION_AT_BOTH_LEVELS(periods_are_counted_from_the_due_time, "TMR-016", "NT-018")
{
    static struct ticks ticks;
    double took = 0;
    // A machine that is busy in one round may have time in the next.
    for (int round = 0; round < 4 && (!round || took >= 3500); round++) {
        ticks = (struct ticks){0};
        PTP_TIMER timer = timer_of(at, be_slow_and_note, &ticks, NULL);
        start_ticks(at, timer, &ticks, 20, 20);
        await_count(&ticks.count, 100);
        took = ticks.at[99];
        remark("100 ticks of 20 ms with callbacks of 20 ms took %.0f ms", took);
        retire_timer(at, timer);
    }
    check(took >= 2000 - TICK && took < 3500, "100 ticks of 20 ms took %.0f ms", took);
}

#define MANY 10000
static volatile LONG fired[MANY];
static volatile LONG fired_in_all;

static void CALLBACK note_firing(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)timer;
    count_up((volatile LONG *)context);
    count_up(&fired_in_all);
}

BINDING_AT_BOTH_LEVELS(ten_thousand_timers_fire_once_each, "TMR-051 TMR-022", "NT-018")
{
    static PTP_TIMER timer[MANY];
    for (int i = 0; i < MANY; i++)
        timer[i] = timer_of(at, note_firing, (void *)&fired[i], NULL);
    for (int i = 0; i < MANY; i++)
        at->set_timer(timer[i], due_in(&(FILETIME){0}, 1 + i * 7919 % 500), 0, 0);
    check(wait_until(counted(&fired_in_all) >= MANY, 2 * GENEROUS), "only %ld of %d timers fired", fired_in_all, MANY);
    for (int i = 0; i < MANY; i++) {
        at->wait_for_timer(timer[i], FALSE);
        check(fired[i] == 1, "timer %d fired %ld times", i, fired[i]);
        at->close_timer(timer[i]);
    }
}

#define SETTERS 4
struct contended {
    const struct level *at;
    PTP_TIMER timer;
    volatile LONG seed;
};

static DWORD WINAPI set_often(void *argument)
{
    struct contended *contended = argument;
    FILETIME due;
    for (int i = 0; i < 500; i++) {
        LONG draw = InterlockedIncrement(&contended->seed) * 7919 % 5;
        contended->at->set_timer(contended->timer, draw ? due_in(&due, draw - 1) : NULL, draw > 3, 0);
    }
    return 0;
}

OBSERVATION_AT_BOTH_LEVELS(concurrent_sets_leave_one_setting, "TMR-052", "NT-018")
{
    struct ticks ticks = {0};
    struct contended contended = {.at = at, .timer = ticking_timer(at, &ticks, NULL)};
    HANDLE thread[SETTERS];
    for (int i = 0; i < SETTERS; i++)
        thread[i] = start_thread(set_often, &contended);
    for (int i = 0; i < SETTERS; i++)
        join_thread(thread[i]);
    at->set_timer(contended.timer, NULL, 0, 0);
    at->wait_for_timer(contended.timer, TRUE);
    LONG before = counted(&ticks.count);
    check(stays(&ticks.count, before), "a tick came after the last unset");
    FILETIME due;
    at->set_timer(contended.timer, due_in(&due, 0), 0, 0);
    check(wait_until(counted(&ticks.count) > before, GENEROUS), "the timer does not fire any more");
    check(stays(&ticks.count, before + 1), "one set gave %ld expirations", ticks.count - before);
    retire_timer(at, contended.timer);
}

// Stops all other threads for a while, as a debugger or a starved machine does. Nothing that takes a lock may be called
// meanwhile: one of them may hold it.
static void stop_the_others(DWORD ms)
{
    enum { MOST = 64 };
    HANDLE threads[MOST];
    int count = 0;
    THREADENTRY32 entry = {.dwSize = sizeof entry};
    HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPTHREAD, 0);
    require(snapshot != INVALID_HANDLE_VALUE, "the threads cannot be listed: error %lu", GetLastError());
    for (BOOL more = Thread32First(snapshot, &entry); more && count < MOST; more = Thread32Next(snapshot, &entry))
        if (entry.th32OwnerProcessID == GetCurrentProcessId() && entry.th32ThreadID != GetCurrentThreadId() &&
            (threads[count] = OpenThread(THREAD_SUSPEND_RESUME, FALSE, entry.th32ThreadID)))
            count++;
    CloseHandle(snapshot);
    for (int i = 0; i < count; i++)
        SuspendThread(threads[i]);
    Sleep(ms);
    for (int i = 0; i < count; i++)
        ResumeThread(threads[i]);
}

OBSERVATION_AT_BOTH_LEVELS(ticks_that_were_slept_through_are_not_made_up_for, "TMR-017", "NT-018")
{
    enum { PERIOD = 20, STOPPED = 1500, LOOKED_AT = 10 };
    static struct ticks ticks;
    PTP_TIMER timer = ticking_timer(at, &ticks, NULL);
    LONG soon = LOOKED_AT;
    // Some that come together may have been held up on their way by a busy machine.
    for (int round = 0; round < 3 && soon == LOOKED_AT; round++) {
        ticks = (struct ticks){0};
        start_ticks(at, timer, &ticks, 0, PERIOD);
        await_count(&ticks.count, 3);
        stop_the_others(STOPPED);
        double resumed = milliseconds() - ticks.since;
        LONG before = counted(&ticks.begun);
        await_count(&ticks.count, before + LOOKED_AT);
        soon = 0;
        for (LONG i = before; i < before + LOOKED_AT; i++)
            soon += ticks.at[i] < resumed + PERIOD;
        remark("%ld of %d ticks came within a period", soon, LOOKED_AT);
        at->set_timer(timer, NULL, 0, 0);
        at->wait_for_timer(timer, TRUE);
    }
    observe("missed ticks are %s", soon == LOOKED_AT ? "made up for" : "dropped");
    check(soon < LOOKED_AT, "the missed ticks come one after the other");
    at->close_timer(timer);
}
