// SPDX-License-Identifier: MIT
#include "suite.h"

// The handler may not jump out of itself: the system counts those who are in it. It sends the thread to a landing
// place instead, and the jump happens there.
static void *landing[5];
static struct raised caught;
static DWORD attempting;

static void land(void)
{
    __builtin_longjmp(landing, 1);
}

static LONG CALLBACK on_exception(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    bool is_error = record->ExceptionCode >> 30 == 3;
    if (GetCurrentThreadId() != attempting || !is_error)
        return EXCEPTION_CONTINUE_SEARCH;
    attempting = 0;
    caught.happened = true;
    caught.code = record->ExceptionCode;
    caught.parameters = record->NumberParameters;
    for (DWORD i = 0; i < record->NumberParameters; i++)
        caught.parameter[i] = record->ExceptionInformation[i];
    CONTEXT *context = exception->ContextRecord;
#ifdef _WIN64
    context->Rsp = ((context->Rsp - 1024) & ~(DWORD64)15) - 8;
    context->Rip = (DWORD64)(ULONG_PTR)land;
#else
    context->Esp = ((context->Esp - 1024) & ~(DWORD)15) - 4;
    context->Eip = (DWORD)(ULONG_PTR)land;
#endif
    return EXCEPTION_CONTINUE_EXECUTION;
}

__attribute__((noinline)) struct raised attempt(void (*call)(void *), void *argument)
{
    void *handler = AddVectoredExceptionHandler(1, on_exception);
    caught = (struct raised){0};
    attempting = GetCurrentThreadId();
    if (!__builtin_setjmp(landing))
        call(argument);
    attempting = 0;
    RemoveVectoredExceptionHandler(handler);
    return caught;
}

void expect_raise_at(const char *file, int line, DWORD code, void (*call)(void *), void *argument)
{
    struct raised raised = attempt(call, argument);
    if (!raised.happened)
        fail_at(file, line, "expected exception 0x%08lx, but nothing was raised", code);
    else if (raised.code != code)
        fail_at(file, line, "expected exception 0x%08lx, but 0x%08lx was raised", code, raised.code);
}
