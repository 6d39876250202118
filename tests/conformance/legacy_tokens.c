// SPDX-License-Identifier: MIT
//
// The legacy functions: whose token the callbacks of waits and timers run with.
#include "legacy.h"
#include "wait_log.h"

struct token_log {
    volatile LONG count;
    volatile LONG with_token;
};

static void CALLBACK note_token(void *context, BOOLEAN timed_out)
{
    (void)timed_out;
    struct token_log *log = context;
    HANDLE token = NULL;
    if (OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token)) {
        count_up(&log->with_token);
        CloseHandle(token);
    }
    count_up(&log->count);
}

static void impersonate(void)
{
    require(ImpersonateSelf(SecurityImpersonation), "this thread cannot impersonate: error %lu", GetLastError());
}

// Registers while this thread impersonates, signals when it does no longer.
static struct token_log wait_with(const struct level *at, ULONG flags)
{
    static struct token_log log;
    log = (struct token_log){0};
    HANDLE event = auto_reset_event(), wait = NULL;
    impersonate();
    DWORD error = legacy_at(at)->register_wait(&wait, event, note_token, &log, INFINITE, flags);
    RevertToSelf();
    require(!error, "the wait cannot be registered: error %lu", error);
    for (LONG i = 0; i < 3; i++) {
        SetEvent(event);
        await_count(&log.count, i + 1);
    }
    error = legacy_at(at)->unregister_ex(wait, INVALID_HANDLE_VALUE);
    check(!error, "the blocking unregister gives error %lu", error);
    return log;
}

BINDING_AT_BOTH_LEVELS(a_registered_wait_carries_the_token_of_its_thread_only_with_the_flag, "WAITLEG-022 QUWI-009",
                       "NT-026")
{
    struct token_log with = wait_with(at, WT_TRANSFER_IMPERSONATION), without = wait_with(at, WT_EXECUTEDEFAULT);
    check(with.with_token == 3, "with the flag %ld of 3 callbacks had the token", with.with_token);
    check(without.with_token == 0, "without the flag %ld of 3 callbacks had a token", without.with_token);
}

static struct token_log timer_with(const struct level *at, ULONG flags)
{
    static struct token_log log;
    log = (struct token_log){0};
    HANDLE timer = NULL;
    impersonate();
    DWORD error = legacy_at(at)->create_timer(&timer, NULL, note_token, &log, 20, 0, flags);
    RevertToSelf();
    require(!error, "the timer cannot be created: error %lu", error);
    await_count(&log.count, 1);
    error = legacy_at(at)->delete_timer(NULL, timer, INVALID_HANDLE_VALUE);
    check(!error, "the blocking delete gives error %lu", error);
    return log;
}

BINDING_AT_BOTH_LEVELS(a_queue_timer_carries_the_token_of_its_thread_only_with_the_flag, "TQ-011 QUWI-009", "NT-030")
{
    struct token_log with = timer_with(at, WT_TRANSFER_IMPERSONATION), without = timer_with(at, WT_EXECUTEDEFAULT);
    check(with.with_token == 1, "with the flag the callback had no token");
    check(without.with_token == 0, "without the flag the callback had a token");
}
