// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_LEGACY_H
#define CONFORMANCE_LEGACY_H

#include "harness/suite.h"

// The legacy API in one shape, over the Win32 names or the Rtl names. Every function gives a Win32 error: 0 for
// success, ERROR_IO_PENDING where a callback is still outstanding.
struct legacy {
    DWORD (*queue_item)(LPTHREAD_START_ROUTINE, void *, ULONG flags);

    DWORD (*register_wait)(HANDLE *wait, HANDLE object, WAITORTIMERCALLBACK, void *, ULONG ms, ULONG flags);
    DWORD (*unregister)(HANDLE wait);
    DWORD (*unregister_ex)(HANDLE wait, HANDLE completion);

    DWORD (*create_queue)(HANDLE *queue);
    DWORD (*delete_queue)(HANDLE queue);
    DWORD (*delete_queue_ex)(HANDLE queue, HANDLE completion);
    DWORD(*create_timer)
    (HANDLE *timer, HANDLE queue, WAITORTIMERCALLBACK, void *, DWORD due, DWORD period, ULONG flags);
    DWORD (*change_timer)(HANDLE queue, HANDLE timer, ULONG due, ULONG period);
    DWORD (*delete_timer)(HANDLE queue, HANDLE timer, HANDLE completion);
    DWORD (*cancel_timer)(HANDLE queue, HANDLE timer);

    DWORD (*bind)(HANDLE file, LPOVERLAPPED_COMPLETION_ROUTINE, ULONG flags);
};

// The legacy API at the level of a test.
const struct legacy *legacy_at(const struct level *at);

// What the callbacks of one registered wait or queue timer leave behind.
struct legacy_log {
    volatile LONG count;
    volatile LONG timed_out;
    volatile LONG signalled;
    double since;
    double first; // when the first callback came, in ms after `since`
    DWORD thread;
    HANDLE entered; // opened by each callback, or NULL
    HANDLE release; // passed by each callback, or NULL
};

// The callback that fills a `struct legacy_log`.
void CALLBACK note_legacy(void *context, BOOLEAN timed_out);

// Registers a wait or creates a timer that notes its callbacks; ends the test if that fails.
HANDLE noting_registration(const struct level *at, struct legacy_log *log, HANDLE object, ULONG ms, ULONG flags);
HANDLE noting_queue_timer(const struct level *at, struct legacy_log *log, HANDLE queue, DWORD due, DWORD period,
                          ULONG flags);
HANDLE timer_queue(const struct level *at);

#endif
