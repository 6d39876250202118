// SPDX-License-Identifier: MIT
//
// What may be called while the loader is at work: no new thread begins until it is through, so nothing may wait for
// one.
#include "harness/suite.h"

#include <winternl.h>

typedef NTSTATUS NTAPI lock_loader(ULONG flags, ULONG *disposition, ULONG_PTR *cookie);
typedef NTSTATUS NTAPI unlock_loader(ULONG flags, ULONG_PTR cookie);

static unlock_loader *unlock;
static ULONG_PTR cookie;

static void begin_loading(void)
{
    HMODULE ntdll = GetModuleHandleA("ntdll.dll");
    lock_loader *lock = (lock_loader *)(void *)GetProcAddress(ntdll, "LdrLockLoaderLock");
    unlock = (unlock_loader *)(void *)GetProcAddress(ntdll, "LdrUnlockLoaderLock");
    require(lock && unlock && lock(0, NULL, &cookie) >= 0, "the loader's lock cannot be had");
}

static void end_loading(void)
{
    unlock(0, cookie);
}

static void CALLBACK never(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)wait;
    (void)result;
    count_up((volatile LONG *)context);
}

static void CALLBACK never_legacy(void *context, BOOLEAN timed_out)
{
    (void)timed_out;
    count_up((volatile LONG *)context);
}

BINDING_AT_BOTH_LEVELS(a_wait_can_be_set_and_unset_while_the_loader_is_at_work, "WAIT-011", "")
{
    LONG calls = 0;
    PTP_WAIT wait = at->create_wait(never, &calls, NULL);
    HANDLE event = gate();
    require(wait, "no wait object: 0x%lx", why());
    begin_loading();
    at->set_wait(wait, event, NULL);
    at->set_wait(wait, NULL, NULL);
    end_loading();
    open_gate(event);
    check(stays(&calls, 0), "an unset wait called back");
    at->close_wait(wait);
}

BINDING(a_wait_can_be_registered_and_unregistered_while_the_loader_is_at_work, "WAITLEG-030 WAITLEG-036")
{
    LONG calls = 0;
    HANDLE wait, event = gate();
    begin_loading();
    BOOL registered = api.RegisterWaitForSingleObject(&wait, event, never_legacy, &calls, INFINITE, 0);
    BOOL unregistered = registered && api.UnregisterWait(wait);
    end_loading();
    check(registered && unregistered, "register gave %d, unregister %d", registered, unregistered);
    open_gate(event);
    check(stays(&calls, 0), "an unregistered wait called back");
}
