// SPDX-License-Identifier: MIT
#ifndef NTPOOL_SIDELOAD_WITNESS_H
#define NTPOOL_SIDELOAD_WITNESS_H

#include <windows.h>

/* One use of a pool, and who called its callbacks. */
struct use {
    volatile LONG callbacks;
    volatile LONG wanted;
    HANDLE done;
    HMODULE server; /* the module that the last callback returned to; a different one shows as a mix */
    BOOL is_mixed;
};

/** The thread-pool functions that a use goes through. */
struct functions {
    PTP_WORK(WINAPI *create_work)(PTP_WORK_CALLBACK, PVOID, PTP_CALLBACK_ENVIRON);
    void(WINAPI *submit_work)(PTP_WORK);
    void(WINAPI *wait_for_work)(PTP_WORK, BOOL);
    void(WINAPI *close_work)(PTP_WORK);
};

/** What plug-ins export, by the name "use_pool_here": TRUE when all callbacks ran. */
typedef BOOL use_pool(struct use *use);

enum { POSTS = 20 };

void use_begin(struct use *use, LONG callbacks);
BOOL use_await(struct use *use);

/** For callbacks: notes one, and the module that called it. */
#define use_note(use) use_note_from((use), __builtin_return_address(0))
void use_note_from(struct use *use, void *caller);

/* Callbacks that note a use, which is their context. */
void CALLBACK use_work(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WORK work);
void CALLBACK use_timer(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_TIMER timer);
void CALLBACK use_wait(PTP_CALLBACK_INSTANCE instance, PVOID context, PTP_WAIT wait, TP_WAIT_RESULT result);
void CALLBACK use_signal(PVOID context, BOOLEAN timed_out);

/** Posts work through these functions and waits for all of it. */
BOOL use_through(struct use *use, const struct functions *functions);

#endif
