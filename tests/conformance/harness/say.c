// SPDX-License-Identifier: MIT
#include "say.h"

#include "suite.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static volatile LONG failures;

static void write_line(char mark, const char *place, const char *format, va_list arguments)
{
    char line[1024];
    int length = snprintf(line, sizeof line, "%c%s", mark, place);
    length += vsnprintf(line + length, sizeof line - (size_t)length - 2, format, arguments);
    if (length > (int)sizeof line - 2)
        length = (int)sizeof line - 2;
    for (char *c = line; c < line + length; c++)
        if (*c == '\n' || *c == '\r')
            *c = ' ';
    line[length++] = '\n';
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)length, &written, NULL);
}

static void write_at(char mark, const char *file, int line, const char *format, va_list arguments)
{
    char place[300];
    for (const char *c = file; *c; c++)
        if (*c == '/' || *c == '\\')
            file = c + 1;
    snprintf(place, sizeof place, "%s:%d: ", file, line);
    write_line(mark, place, format, arguments);
}

// The threads of a pool that does not work are best left alone: no clean exit is tried.
static _Noreturn void end(DWORD code)
{
    TerminateProcess(GetCurrentProcess(), code);
    abort();
}

bool has_failed(void)
{
    return counted(&failures) != 0;
}

void fail_at(const char *file, int line, const char *format, ...)
{
    InterlockedIncrement(&failures);
    va_list arguments;
    va_start(arguments, format);
    write_at(MARK_FAILURE, file, line, format, arguments);
    va_end(arguments);
}

void stop_at(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    write_at(MARK_FAILURE, file, line, format, arguments);
    va_end(arguments);
    end(EXIT_FAILED);
}

#define WRITE(mark)                                                                                                    \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    write_line(mark, "", format, arguments);                                                                           \
    va_end(arguments)

void observe(const char *format, ...)
{
    WRITE(MARK_OBSERVATION);
}

void remark(const char *format, ...)
{
    WRITE(MARK_REMARK);
}

void say(const char *format, ...)
{
    WRITE(MARK_TOLD);
}

void skip(const char *format, ...)
{
    WRITE(MARK_SKIP);
    end(EXIT_SKIPPED);
}

static void say_crash(const char *format, ...)
{
    WRITE(MARK_CRASH);
}

static void say_failure(const char *format, ...)
{
    WRITE(MARK_FAILURE);
}

void give_up(const char *text)
{
    say_failure("%s", text);
    end(EXIT_FAILED);
}

static LONG WINAPI on_unhandled(EXCEPTION_POINTERS *exception)
{
    const EXCEPTION_RECORD *record = exception->ExceptionRecord;
    char name[MAX_PATH] = "?";
    HMODULE module = NULL;
    if (GetModuleHandleExA(GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS | GET_MODULE_HANDLE_EX_FLAG_UNCHANGED_REFCOUNT,
                           record->ExceptionAddress, &module))
        GetModuleFileNameA(module, name, sizeof name);
    const char *base = strrchr(name, '\\');
    say_crash("exception 0x%08lx at %p (%s+0x%llx) on thread %lu, parameters 0x%llx 0x%llx", record->ExceptionCode,
              record->ExceptionAddress, base ? base + 1 : name,
              (unsigned long long)((ULONG_PTR)record->ExceptionAddress - (ULONG_PTR)module), GetCurrentThreadId(),
              (unsigned long long)record->ExceptionInformation[0], (unsigned long long)record->ExceptionInformation[1]);
    end(record->ExceptionCode);
}

void say_crashes(void)
{
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(on_unhandled);
}
