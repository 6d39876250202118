// SPDX-License-Identifier: MIT
#ifndef CONFORMANCE_LEVEL_H
#define CONFORMANCE_LEVEL_H

#include "entry_points.h"

// The object API in one shape, once over the Win32 names and once over the Tp names, so that one test body proves a
// fact at both levels. Functions that create give NULL on failure and leave the reason in `why` as an NTSTATUS or a
// Win32 error, whichever the level speaks.
struct level {
    const char *name;
    bool native;

    PTP_POOL (*create_pool)(void);
    void (*close_pool)(PTP_POOL);
    void (*pool_maximum)(PTP_POOL, DWORD);
    bool (*pool_minimum)(PTP_POOL, DWORD);
    bool (*pool_set_stack)(PTP_POOL, TP_POOL_STACK_INFORMATION *);
    bool (*pool_query_stack)(PTP_POOL, TP_POOL_STACK_INFORMATION *);

    PTP_CLEANUP_GROUP (*create_group)(void);
    void (*close_group)(PTP_CLEANUP_GROUP);
    void (*close_members)(PTP_CLEANUP_GROUP, BOOL cancel, void *cleanup_context);

    PTP_WORK (*create_work)(PTP_WORK_CALLBACK, void *, PTP_CALLBACK_ENVIRON);
    void (*submit)(PTP_WORK);
    void (*wait_for_work)(PTP_WORK, BOOL cancel);
    void (*close_work)(PTP_WORK);

    bool (*try_submit)(PTP_SIMPLE_CALLBACK, void *, PTP_CALLBACK_ENVIRON);

    PTP_TIMER (*create_timer)(PTP_TIMER_CALLBACK, void *, PTP_CALLBACK_ENVIRON);
    void (*set_timer)(PTP_TIMER, FILETIME *due, DWORD period, DWORD window);
    BOOL (*set_timer_ex)(PTP_TIMER, FILETIME *due, DWORD period, DWORD window);
    BOOL (*timer_is_set)(PTP_TIMER);
    void (*wait_for_timer)(PTP_TIMER, BOOL cancel);
    void (*close_timer)(PTP_TIMER);

    PTP_WAIT (*create_wait)(PTP_WAIT_CALLBACK, void *, PTP_CALLBACK_ENVIRON);
    void (*set_wait)(PTP_WAIT, HANDLE, FILETIME *timeout);
    BOOL (*set_wait_ex)(PTP_WAIT, HANDLE, FILETIME *timeout, void *reserved);
    void (*wait_for_wait)(PTP_WAIT, BOOL cancel);
    void (*close_wait)(PTP_WAIT);

    // Creation of I/O objects differs in its callback: use api.CreateThreadpoolIo and api.TpAllocIoCompletion.
    void (*start_io)(PTP_IO);
    void (*cancel_io)(PTP_IO);
    void (*wait_for_io)(PTP_IO, BOOL cancel);
    void (*close_io)(PTP_IO);

    bool (*may_run_long)(PTP_CALLBACK_INSTANCE);
    void (*disassociate)(PTP_CALLBACK_INSTANCE);
    void (*set_event_on_return)(PTP_CALLBACK_INSTANCE, HANDLE);
    void (*release_semaphore_on_return)(PTP_CALLBACK_INSTANCE, HANDLE, DWORD);
    void (*release_mutex_on_return)(PTP_CALLBACK_INSTANCE, HANDLE);
    void (*leave_section_on_return)(PTP_CALLBACK_INSTANCE, CRITICAL_SECTION *);
    void (*free_library_on_return)(PTP_CALLBACK_INSTANCE, HMODULE);
};

extern const struct level win32_level;
extern const struct level nt_level;

// Why the last call of a `struct level` on this thread failed.
DWORD why(void);

// The environment of version 1, which headers declare only for Windows Vista.
struct environment_v1 {
    TP_VERSION Version;
    PTP_POOL Pool;
    PTP_CLEANUP_GROUP CleanupGroup;
    PTP_CLEANUP_GROUP_CANCEL_CALLBACK CleanupGroupCancelCallback;
    void *RaceDll;
    struct _ACTIVATION_CONTEXT *ActivationContext;
    PTP_SIMPLE_CALLBACK FinalizationCallback;
    DWORD Flags;
};

// An environment of version 3 with the defaults.
TP_CALLBACK_ENVIRON_V3 plain_environment(void);
// An environment for the pool, or for the pool and the group.
TP_CALLBACK_ENVIRON_V3 environment_of(PTP_POOL pool);
TP_CALLBACK_ENVIRON_V3 environment_in(PTP_POOL pool, PTP_CLEANUP_GROUP group, PTP_CLEANUP_GROUP_CANCEL_CALLBACK cancel);
// A pool with at most this many threads; ends the test if it cannot be made.
PTP_POOL pool_of(const struct level *at, DWORD threads);

#endif
