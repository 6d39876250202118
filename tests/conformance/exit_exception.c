// SPDX-License-Identifier: MIT
//
// Exceptions that a callback lets out.
#include "harness/suite.h"
#include "io_log.h"

#include <string.h>

#define ESCAPING 0xE0001234
#define CXX      0xE06D7363 // what a C++ program of Microsoft's compiler throws
#define LIMIT    GENEROUS

static volatile DWORD callback_thread;
static DWORD escaping = ESCAPING;

static LONG CALLBACK see_first(EXCEPTION_POINTERS *exception)
{
    if (exception->ExceptionRecord->ExceptionCode == escaping)
        say("vectored, %s", GetCurrentThreadId() == callback_thread ? "on the callback's thread" : "on another thread");
    return EXCEPTION_CONTINUE_SEARCH;
}

static LONG WINAPI see_unhandled(EXCEPTION_POINTERS *exception)
{
    say("unhandled 0x%lx", exception->ExceptionRecord->ExceptionCode);
    return EXCEPTION_EXECUTE_HANDLER;
}

static void escape(void)
{
    callback_thread = GetCurrentThreadId();
    // The words that C++ sends along: a magic number, the object, its type, the module.
    const ULONG_PTR parameters[4] = {0x19930520};
    RaiseException(escaping, 0, escaping == CXX ? 4 : 0, parameters);
    say("the callback went on");
}

static void CALLBACK escape_simple(PTP_CALLBACK_INSTANCE instance, void *context)
{
    (void)instance;
    (void)context;
    escape();
}

static void CALLBACK escape_work(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WORK work)
{
    (void)instance;
    (void)context;
    (void)work;
    escape();
}

static void CALLBACK escape_timer(PTP_CALLBACK_INSTANCE instance, void *context, PTP_TIMER timer)
{
    (void)instance;
    (void)context;
    (void)timer;
    escape();
}

static void CALLBACK escape_wait(PTP_CALLBACK_INSTANCE instance, void *context, PTP_WAIT wait, TP_WAIT_RESULT result)
{
    (void)instance;
    (void)context;
    (void)wait;
    (void)result;
    escape();
}

static void CALLBACK escape_io(PTP_CALLBACK_INSTANCE instance, void *context, void *overlapped, ULONG error,
                               ULONG_PTR bytes, PTP_IO io)
{
    (void)instance;
    (void)context;
    (void)overlapped;
    (void)error;
    (void)bytes;
    (void)io;
    escape();
}

static void CALLBACK escape_nt_io(PTP_CALLBACK_INSTANCE instance, void *context, void *apc_context,
                                  IO_STATUS_BLOCK *block, PTP_IO io)
{
    (void)instance;
    (void)context;
    (void)apc_context;
    (void)block;
    (void)io;
    escape();
}

static DWORD WINAPI escape_item(void *context)
{
    (void)context;
    escape();
    return 0;
}

static void run_simple(const struct level *at)
{
    at->try_submit(escape_simple, NULL, NULL);
}

static void run_throwing(const struct level *at)
{
    escaping = CXX;
    run_simple(at);
}

static void run_work(const struct level *at)
{
    at->submit(at->create_work(escape_work, NULL, NULL));
}

static void run_timer(const struct level *at)
{
    at->set_timer(at->create_timer(escape_timer, NULL, NULL), due_in(&(FILETIME){0}, 0), 0, 0);
}

static void run_wait(const struct level *at)
{
    HANDLE event = gate();
    at->set_wait(at->create_wait(escape_wait, NULL, NULL), event, NULL);
    open_gate(event);
}

static void run_io(const struct level *at)
{
    static OVERLAPPED overlapped;
    static char buffer[16];
    struct pipe pipe = pipe_of(PIPE_TYPE_BYTE);
    PTP_IO io = NULL;
    if (at->native)
        api.TpAllocIoCompletion(&io, pipe.server, escape_nt_io, NULL, NULL);
    else
        io = api.CreateThreadpoolIo(pipe.server, escape_io, NULL, NULL);
    require(io, "no I/O object could be created");
    begin_read(at, io, &pipe, buffer, sizeof buffer, &overlapped);
    feed(&pipe, "hello", 5);
}

static void run_item(const struct level *at)
{
    if (at->native)
        api.RtlQueueWorkItem((void *)escape_item, NULL, 0);
    else
        api.QueueUserWorkItem(escape_item, NULL, 0);
}

static int let_escape(const struct level *at, void (*run)(const struct level *))
{
    AddVectoredExceptionHandler(1, see_first);
    SetUnhandledExceptionFilter(see_unhandled);
    run(at);
    Sleep(INFINITE);
    return 0;
}

static void check_escape(const struct level *at, const char *scenario, DWORD code)
{
    char name[64], expected[128];
    snprintf(name, sizeof name, "%s%s", at->native ? "nt_" : "", scenario);
    struct outcome outcome = run_scenario(name, LIMIT);
    require(!outcome.hung, "the process survived, having said: '%s'", outcome.output);
    check(outcome.exit_code == code, "the process ended with 0x%lx instead of 0x%lx", outcome.exit_code, code);
    snprintf(expected, sizeof expected, "vectored, on the callback's thread\nunhandled 0x%lx\n", code);
    check(!strcmp(outcome.output, expected), "the handlers said '%s' instead of '%s'", outcome.output, expected);
}

// The test of one kind of callback, with its two scenarios.
#define ESCAPES(test, facts, code, scenario, run)                                                                      \
    SCENARIO(scenario)                                                                                                 \
    {                                                                                                                  \
        return let_escape(&win32_level, run);                                                                          \
    }                                                                                                                  \
    SCENARIO(nt_##scenario)                                                                                            \
    {                                                                                                                  \
        return let_escape(&nt_level, run);                                                                             \
    }                                                                                                                  \
    OBSERVATION_AT_BOTH_LEVELS(test, facts, "")                                                                        \
    {                                                                                                                  \
        check_escape(at, #scenario, code);                                                                             \
    }

ESCAPES(an_exception_that_escapes_a_simple_callback_ends_the_process, "EXC-013 EXC-014", ESCAPING, simple_escapes,
        run_simple)
ESCAPES(an_exception_that_escapes_a_work_callback_ends_the_process, "EXC-013 EXC-014", ESCAPING, work_escapes, run_work)
ESCAPES(an_exception_that_escapes_a_timer_callback_ends_the_process, "EXC-013 EXC-014", ESCAPING, timer_escapes,
        run_timer)
ESCAPES(an_exception_that_escapes_a_wait_callback_ends_the_process, "EXC-013 EXC-014", ESCAPING, wait_escapes, run_wait)
ESCAPES(an_exception_that_escapes_an_io_callback_ends_the_process, "EXC-013 EXC-014", ESCAPING, io_escapes, run_io)
ESCAPES(an_exception_that_escapes_a_work_item_ends_the_process, "EXC-013 EXC-014", ESCAPING, item_escapes, run_item)
ESCAPES(a_cxx_exception_that_escapes_a_callback_ends_the_process, "EXC-015", CXX, cxx_escapes, run_throwing)
