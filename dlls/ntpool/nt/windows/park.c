// SPDX-License-Identifier: MIT
/*
 * One thread, one token. The word goes EMPTY -> TOKEN -> EMPTY when nobody waits, and EMPTY -> PARKED -> TOKEN ->
 * EMPTY when the thread does. Only the parker writes PARKED and EMPTY, only unparkers write TOKEN, all by
 * read-modify-write:
 *
 * - Exactly one unparker sees PARKED, for it replaced it; that one owes the wake-up, and nobody else sends any.
 * - The unparker's exchange releases, the parker's taking acquires. Of two unparks that make one token, the second's
 *   exchange continues the first's release sequence, so the parker sees what was written before either.
 * - Between the parker's PARKED and its system call no wake-up gets lost: an alert is remembered by the thread, a
 *   keyed release waits for its waiter, an event stays set.
 *
 * How the parker sleeps:
 *
 * Alerts. Each thread has one alert flag, shared with ntdll's own users of it (RtlWaitOnAddress, slim locks), so
 * alerts can be stray: the parker believes its word only, as they do theirs. The parker may return, on a time-out or a
 * stray alert, between the unparker's exchange and its alert. Therefore the unparker copies the thread's id first
 * and touches nothing of the parker after; the late alert is one more stray, for this thread or a later bearer of
 * its id.
 *
 * Keyed events. A release and a wait meet in pairs on the same key, the parker's address. The parker never returns
 * with a release owed to it: when it sees TOKEN after PARKED it has consumed the release or does so then. So
 * releases and waits stay in balance, and an address that is used again starts even.
 *
 * Alertable. The same pairing as with keyed events, with the caller's event in the place of the release.
 */
#include "host.h"

enum {
    EMPTY,
    TOKEN,
    PARKED,
    PARKED_ALERTABLE,
};

/* Neither right has a name in the headers: wait and wake, and the standard ones. */
#define KEYED_EVENT_ALL_ACCESS (STANDARD_RIGHTS_REQUIRED | 3)

static HANDLE keyed_event;
static bool has_alerts;

void nt_park_initialize(void)
{
    has_alerts = nt_host.optional.NtWaitForAlertByThreadId != NULL && nt_host.optional.NtAlertThreadByThreadId != NULL;
    // Without an event of our own the null handle remains, which means the one the system keeps for all.
    if (!has_alerts && NtCreateKeyedEvent(&keyed_event, KEYED_EVENT_ALL_ACCESS, NULL, 0) < 0)
        keyed_event = NULL;
}

void nt_parker_init(struct nt_parker *parker)
{
    parker->thread = nt_thread_id();
    atomic_store_explicit(&parker->token, EMPTY, memory_order_relaxed);
}

/* Takes the token if there is one, else leaves the word in state waiting. */
static bool take_or_wait(struct nt_parker *parker, uint32_t waiting)
{
    uint32_t found = EMPTY;

    if (atomic_compare_exchange_strong_explicit(&parker->token, &found, waiting, memory_order_acquire,
                                                memory_order_acquire))
        return false;
    // The word is TOKEN, and only this thread takes it away.
    atomic_store_explicit(&parker->token, EMPTY, memory_order_relaxed);
    return true;
}

static bool take(struct nt_parker *parker)
{
    uint32_t found = TOKEN;

    return atomic_compare_exchange_strong_explicit(&parker->token, &found, EMPTY, memory_order_acquire,
                                                   memory_order_relaxed);
}

static bool has_passed(uint64_t deadline)
{
    return deadline != NT_FOREVER && nt_time_now() >= deadline;
}

static bool sleep_for_alert(struct nt_parker *parker, uint64_t deadline)
{
    LARGE_INTEGER limit;

    do {
        nt_host.optional.NtWaitForAlertByThreadId(parker, nt_time_limit(deadline, &limit));
        if (take(parker))
            return true;
    } while (!has_passed(deadline));
    return atomic_exchange_explicit(&parker->token, EMPTY, memory_order_acquire) == TOKEN;
}

static bool sleep_for_release(struct nt_parker *parker, uint64_t deadline)
{
    LARGE_INTEGER limit;
    uint32_t found = PARKED;

    while (NtWaitForKeyedEvent(keyed_event, parker, FALSE, nt_time_limit(deadline, &limit)) != NT_SUCCESS) {
        if (!has_passed(deadline))
            continue;
        if (atomic_compare_exchange_strong_explicit(&parker->token, &found, EMPTY, memory_order_acquire,
                                                    memory_order_acquire))
            return false;
        // An unparker came first: its release is on the way to this address, unless it died with its process.
        if (!nt_process_is_exiting())
            NtWaitForKeyedEvent(keyed_event, parker, FALSE, NULL);
        break;
    }
    return take(parker);
}

bool nt_park(struct nt_parker *parker, uint64_t deadline)
{
    if (deadline == 0)
        return take(parker);
    if (take_or_wait(parker, PARKED))
        return true;
    return has_alerts ? sleep_for_alert(parker, deadline) : sleep_for_release(parker, deadline);
}

/* A thread that was terminated, by the process's end or alone, never comes for its release. */
static void release(uint32_t thread, const struct nt_parker *parker)
{
    static const LARGE_INTEGER at_once = {.QuadPart = 0}, patient = {.QuadPart = -(LONGLONG)NT_SECOND};
    NTSTATUS status;

    do
        status = NtReleaseKeyedEvent(keyed_event, parker, FALSE, nt_process_is_exiting() ? &at_once : &patient);
    while (status == STATUS_TIMEOUT && !nt_process_is_exiting() && !nt_thread_is_gone(thread));
}

static void wake(uint32_t thread, const struct nt_parker *parker)
{
    if (has_alerts)
        nt_host.optional.NtAlertThreadByThreadId((HANDLE)(uintptr_t)thread);
    else
        release(thread, parker);
}

void nt_unpark(struct nt_parker *parker)
{
    uint32_t thread = parker->thread;

    if (atomic_exchange_explicit(&parker->token, TOKEN, memory_order_release) == PARKED)
        wake(thread, parker);
}

void nt_park_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    if (take_or_wait(parker, PARKED_ALERTABLE))
        return;
    // A wait that an asynchronous call ended is taken up again without a look at the token: the event is still owed.
    do
        while (NtWaitForSingleObject(wake_event, TRUE, NULL) == STATUS_USER_APC)
            continue;
    while (!take(parker));
}

void nt_unpark_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    uint32_t thread = parker->thread;
    uint32_t found = atomic_exchange_explicit(&parker->token, TOKEN, memory_order_release);

    if (found == PARKED_ALERTABLE)
        NtSetEvent(wake_event, NULL);
    else if (found == PARKED)
        wake(thread, parker);
}
