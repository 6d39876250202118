// SPDX-License-Identifier: MIT
//
// QueueUserWorkItem and RtlQueueWorkItem.
#include "legacy.h"

static const ULONG queue_flags[] = {WT_EXECUTEDEFAULT, WT_EXECUTEINIOTHREAD, WT_EXECUTEINPERSISTENTTHREAD,
                                    WT_EXECUTELONGFUNCTION, WT_TRANSFER_IMPERSONATION};

static DWORD WINAPI count_item(void *context)
{
    LONG count = count_up((volatile LONG *)context);
    return count % 2 ? 0 : 0xFFFFFFFF;
}

BINDING_AT_BOTH_LEVELS(a_hundred_items_all_run_whatever_they_return, "QUWI-001 QUWI-002 QUWI-004", "NT-025")
{
    volatile LONG count = 0;
    for (int i = 0; i < 100; i++) {
        DWORD error = legacy_at(at)->queue_item(count_item, (void *)&count, WT_EXECUTEDEFAULT);
        require(!error, "item %d is refused: error %lu", i, error);
    }
    await_count(&count, 100);
    check(stays(&count, 100), "100 items ran %ld times", count);
}

BINDING_AT_BOTH_LEVELS(every_queue_flag_is_accepted_and_its_item_runs, "QUWI-004 QUWI-005 QUWI-006 QUWI-007 QUWI-009",
                       "NT-025")
{
    for (size_t i = 0; i < sizeof queue_flags / sizeof *queue_flags; i++) {
        volatile LONG count = 0;
        for (int j = 0; j < 10; j++) {
            DWORD error = legacy_at(at)->queue_item(count_item, (void *)&count, queue_flags[i]);
            require(!error, "flags 0x%lx are refused: error %lu", queue_flags[i], error);
        }
        await_count(&count, 10);
        check(stays(&count, 10), "flags 0x%lx: 10 items ran %ld times", queue_flags[i], count);
    }
}

OBSERVATION_AT_BOTH_LEVELS(unknown_flags_are_ignored, "QUWI-013", "NT-025")
{
    volatile LONG count = 0;
    DWORD first = legacy_at(at)->queue_item(count_item, (void *)&count, 0x200);
    DWORD second = legacy_at(at)->queue_item(count_item, (void *)&count, 0x8000);
    observe("0x200 gives error %lu, 0x8000 gives error %lu", first, second);
    check(!first && !second, "unknown flags are refused: errors %lu and %lu", first, second);
    check(wait_until(counted(&count) == 2, GENEROUS), "2 items ran %ld times", count);
}

struct item {
    volatile LONG runs;
    volatile DWORD thread;
    HANDLE release;
    DWORD token_error;
    SECURITY_IMPERSONATION_LEVEL impersonation;
    bool impersonating;
};

static DWORD WINAPI block_item(void *context)
{
    struct item *item = context;
    item->thread = GetCurrentThreadId();
    count_up(&item->runs);
    pass_gate(item->release);
    return 0;
}

BINDING_AT_BOTH_LEVELS(a_long_item_does_not_delay_others, "QUWI-007 QUWI-001", "NT-025")
{
    struct item item[8] = {0};
    HANDLE release = gate();
    for (int i = 0; i < 8; i++) {
        item[i].release = release;
        require(!legacy_at(at)->queue_item(block_item, &item[i], WT_EXECUTELONGFUNCTION), "the item is refused");
        await_count(&item[i].runs, 1);
    }
    volatile LONG count = 0;
    double start = milliseconds();
    require(!legacy_at(at)->queue_item(count_item, (void *)&count, WT_EXECUTEDEFAULT), "the item is refused");
    await_count(&count, 1);
    double took = milliseconds() - start;
    check(took < 5000, "beside 8 blocked long items another one started after %.0f ms", took);
    open_gate(release);
}

BINDING_AT_BOTH_LEVELS(items_that_block_are_not_in_the_way_for_ever, "QUWI-008 POOL-026", "NT-025")
{
    struct item item[8] = {0};
    HANDLE release = gate();
    for (int i = 0; i < 8; i++) {
        item[i].release = release;
        require(!legacy_at(at)->queue_item(block_item, &item[i], WT_EXECUTEDEFAULT), "the item is refused");
    }
    for (int i = 0; i < 8; i++)
        await_count(&item[i].runs, 1);
    for (int i = 0; i < 8; i++)
        check(item[i].thread != GetCurrentThreadId(), "an item ran on the thread that queued it");
    open_gate(release);
}

static DWORD WINAPI look_at_token(void *context)
{
    struct item *item = context;
    HANDLE token = NULL;
    item->token_error = 0;
    item->impersonating = OpenThreadToken(GetCurrentThread(), TOKEN_QUERY, TRUE, &token);
    if (!item->impersonating)
        item->token_error = GetLastError();
    DWORD size;
    if (token)
        GetTokenInformation(token, TokenImpersonationLevel, &item->impersonation, sizeof item->impersonation, &size);
    count_up(&item->runs);
    return 0;
}

static void look(const struct level *at, struct item *item, ULONG flags)
{
    LONG before = counted(&item->runs);
    DWORD error = legacy_at(at)->queue_item(look_at_token, item, flags);
    require(!error, "the item is refused: error %lu", error);
    await_count(&item->runs, before + 1);
}

BINDING_AT_BOTH_LEVELS(the_transfer_flag_carries_the_token_and_nothing_else_does, "QUWI-009", "NT-025")
{
    struct item item = {0};
    require(ImpersonateSelf(SecurityImpersonation), "this thread cannot impersonate: error %lu", GetLastError());
    look(at, &item, WT_TRANSFER_IMPERSONATION);
    check(item.impersonating, "with the flag the item has no token: error %lu", item.token_error);
    look(at, &item, WT_EXECUTEDEFAULT);
    check(!item.impersonating && item.token_error == ERROR_NO_TOKEN, "without the flag the item has a token");
    RevertToSelf();
    look(at, &item, WT_TRANSFER_IMPERSONATION);
    check(!item.impersonating, "with the flag, but nothing to transfer, the item has a token");
    for (int i = 0; i < 50; i++) {
        look(at, &item, WT_EXECUTEDEFAULT);
        check(!item.impersonating, "a token stayed on a worker");
    }
}

BINDING(the_limit_macro_puts_the_limit_into_the_high_word, "QUWI-010 QUWI-014 ST-010")
{
    ULONG flags = WT_EXECUTELONGFUNCTION;
    WT_SET_MAX_THREADPOOL_THREADS(flags, 600);
    check(flags == (0x10u | 600u << 16), "the flags are 0x%lx", flags);
    struct item item = {0};
    require(api.QueueUserWorkItem(look_at_token, &item, flags), "flags with a limit are refused: error %lu",
            GetLastError());
    await_count(&item.runs, 1);
    _Static_assert(WT_EXECUTEDEFAULT == 0 && WT_EXECUTEINIOTHREAD == 1 && WT_EXECUTEINUITHREAD == 2 &&
                       WT_EXECUTEINWAITTHREAD == 4 && WT_EXECUTEONLYONCE == 8 && WT_EXECUTELONGFUNCTION == 0x10 &&
                       WT_EXECUTEINTIMERTHREAD == 0x20 && WT_EXECUTEINPERSISTENTIOTHREAD == 0x40 &&
                       WT_EXECUTEINPERSISTENTTHREAD == 0x80 && WT_TRANSFER_IMPERSONATION == 0x100 &&
                       WT_EXECUTEDELETEWAIT == 8 && WT_EXECUTEINLONGTHREAD == 0x10,
                   "the flags of the system headers differ");
}

struct crossing {
    volatile LONG count;
    DWORD thread[64];
};

static DWORD WINAPI note_item_thread(void *context)
{
    struct crossing *crossing = context;
    LONG position = InterlockedIncrement(&crossing->count) - 1;
    if (position < 64)
        crossing->thread[position] = GetCurrentThreadId();
    return 0;
}

static void CALLBACK note_simple_thread(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    note_item_thread(context);
}

OBSERVATION_AT_BOTH_LEVELS(items_share_the_workers_of_the_default_pool, "QUWI-011", "NT-025")
{
    struct crossing items = {0}, simple = {0};
    int shared = 0;
    for (LONG i = 0; i < 64; i++) {
        require(!legacy_at(at)->queue_item(note_item_thread, &items, WT_EXECUTEDEFAULT), "the item is refused");
        await_count(&items.count, i + 1);
        require(at->try_submit(note_simple_thread, &simple, NULL), "the callback is refused");
        await_count(&simple.count, i + 1);
    }
    for (int i = 0; i < 64; i++)
        for (int j = 0; j < 64; j++)
            shared += items.thread[i] == simple.thread[j];
    check(shared, "no item ran on a thread that served a simple callback");
}

static void CALLBACK on_apc(ULONG_PTR context)
{
    count_up((volatile LONG *)context);
}

static DWORD WINAPI send_apc_to_itself(void *context)
{
    volatile LONG *delivered = context;
    QueueUserAPC(on_apc, GetCurrentThread(), (ULONG_PTR)delivered);
    return 0;
}

OBSERVATION_AT_BOTH_LEVELS(an_apc_of_an_io_thread_item_may_stay_undelivered, "THR-013", "NT-025")
{
    static volatile LONG delivered;
    require(!legacy_at(at)->queue_item(send_apc_to_itself, (void *)&delivered, WT_EXECUTEINIOTHREAD), "refused");
    observe("the APC %s", wait_until(counted(&delivered), 1000) ? "ran" : "did not run within a second");
}

static DWORD WINAPI await_the_other(void *context)
{
    volatile LONG *begun = context;
    count_up(begun);
    wait_until(counted(begun) == 2, GENEROUS);
    count_up(begun + 1);
    return 0;
}

BINDING_AT_BOTH_LEVELS(io_thread_items_run_beside_each_other, "QUWI-005", "NT-025")
{
    static volatile LONG counts[2];
    for (int i = 0; i < 2; i++)
        require(!legacy_at(at)->queue_item(await_the_other, (void *)counts, WT_EXECUTEINIOTHREAD), "refused");
    check(wait_until(counted(&counts[1]) == 2, GENEROUS), "one item waits for the other in vain");
}
