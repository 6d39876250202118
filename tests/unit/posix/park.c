// SPDX-License-Identifier: MIT
/*
 * Parking on a futex. The token word carries all the synchronisation, by atomics that ThreadSanitizer understands;
 * the system call only sleeps and wakes. A wake that comes after its parker went out of scope hits a word that nobody
 * sleeps on, or one whose sleeper looks at its own word and sleeps on.
 */
#include "internal.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { TOKEN_NONE, TOKEN_PRESENT, TOKEN_AWAITED };

static _Atomic uint64_t wake_ups;
static _Atomic unsigned parked;

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *until)
{
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, until, NULL, FUTEX_BITSET_MATCH_ANY);
}

static void check_owner(const struct nt_parker *parker)
{
    if (parker->thread != nt_thread_id()) {
        ground_broken("thread %u parks on the parker of thread %u", nt_thread_id(), parker->thread);
    }
}

static bool take_token(struct nt_parker *parker)
{
    uint32_t token = TOKEN_PRESENT;

    return atomic_compare_exchange_strong_explicit(&parker->token, &token, TOKEN_NONE, memory_order_acquire,
                                                   memory_order_relaxed);
}

void nt_parker_init(struct nt_parker *parker)
{
    atomic_init(&parker->token, TOKEN_NONE);
    parker->thread = nt_thread_id();
}

bool nt_park(struct nt_parker *parker, uint64_t deadline)
{
    struct timespec until;
    const struct timespec *limit = NULL;

    check_owner(parker);
    ground_dawdle();
    if (deadline != NT_FOREVER) {
        until = ground_real_deadline(deadline);
        limit = &until;
    }
    while (!take_token(parker)) {
        uint32_t token = TOKEN_NONE;
        if (!atomic_compare_exchange_strong_explicit(&parker->token, &token, TOKEN_AWAITED, memory_order_relaxed,
                                                     memory_order_relaxed)) {
            continue;
        }
        atomic_fetch_add_explicit(&parked, 1, memory_order_relaxed);
        long result = futex(&parker->token, FUTEX_WAIT_BITSET, TOKEN_AWAITED, limit);
        bool late = result != 0 && errno == ETIMEDOUT;
        atomic_fetch_sub_explicit(&parked, 1, memory_order_relaxed);
        ground_end_if_terminated();
        atomic_fetch_add_explicit(&wake_ups, 1, memory_order_relaxed);
        token = TOKEN_AWAITED;
        bool none = atomic_compare_exchange_strong_explicit(&parker->token, &token, TOKEN_NONE, memory_order_relaxed,
                                                            memory_order_relaxed);
        if (late && none) {
            return false;
        }
    }
    ground_dawdle();
    return true;
}

void nt_unpark(struct nt_parker *parker)
{
    ground_dawdle();
    if (atomic_exchange_explicit(&parker->token, TOKEN_PRESENT, memory_order_acq_rel) == TOKEN_AWAITED) {
        ground_dawdle();
        futex(&parker->token, FUTEX_WAKE, 1, NULL);
    }
}

unsigned ground_parked_threads(void)
{
    return atomic_load_explicit(&parked, memory_order_relaxed);
}

uint64_t ground_wake_ups(void)
{
    return atomic_load_explicit(&wake_ups, memory_order_relaxed);
}

void nt_park_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    check_owner(parker);
    while (!take_token(parker)) {
        if (ground_run_apcs()) {
            continue;
        }
        ground_lock();
        struct ground_object *event = ground_handle_of_kind(wake_event, GROUND_KIND_EVENT);
        if (event == NULL) {
            ground_broken("nt_park_alertable without an event");
        }
        event->references++;
        ground_unlock();
        struct ground_waiter waiter;
        ground_wait(&waiter, 1, &event, NT_FOREVER, true);
    }
}

void nt_unpark_alertable(struct nt_parker *parker, nt_handle wake_event)
{
    nt_unpark(parker);
    nt_event_set(wake_event);
}
