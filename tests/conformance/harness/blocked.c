// SPDX-License-Identifier: MIT
//
// Whether a thread is blocked inside a call.
#include "suite.h"

// A system call is made from a function of ntdll, on every host.
static bool is_in_ntdll(DWORD64 address)
{
    MEMORY_BASIC_INFORMATION memory;
    return VirtualQuery((void *)(ULONG_PTR)address, &memory, sizeof memory) == sizeof memory &&
           memory.AllocationBase == (void *)GetModuleHandleA("ntdll.dll");
}

struct place {
    DWORD64 code;
    DWORD64 stack;
};

static bool look(HANDLE thread, struct place *place)
{
    static CONTEXT context;
    context.ContextFlags = CONTEXT_CONTROL;
    if (SuspendThread(thread) == (DWORD)-1)
        return false;
    bool seen = GetThreadContext(thread, &context);
    ResumeThread(thread);
#ifdef _WIN64
    *place = (struct place){context.Rip, context.Rsp};
#else
    *place = (struct place){context.Eip, context.Esp};
#endif
    return seen;
}

// Twice at the same place of ntdll, with a pause between. A thread that waits for a processor is found there now and
// then, too, but not where a call begins that has not yet looked at what it waits for.
static bool is_blocked(HANDLE thread)
{
    struct place first, second;
    if (!look(thread, &first) || !is_in_ntdll(first.code))
        return false;
    Sleep(10);
    return look(thread, &second) && first.code == second.code && first.stack == second.stack;
}

void await_blocked(HANDLE thread, volatile LONG *begun)
{
    await_count(begun, 1);
    require(wait_until(WaitForSingleObject(thread, 0) == WAIT_OBJECT_0 || is_blocked(thread), GENEROUS),
            "a thread is neither blocked in its call nor through with it after %d ms", GENEROUS);
}
