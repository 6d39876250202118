// SPDX-License-Identifier: MIT
#include "child.h"

#include "bench.h"
#include "host_counts.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static double scale;
static const struct workload *workload;

static void say_line(char mark, const char *text)
{
    char line[512];
    int length = snprintf(line, sizeof line, "%c%.500s\n", mark, text);
    DWORD written;
    WriteFile(GetStdHandle(STD_OUTPUT_HANDLE), line, (DWORD)length, &written, NULL);
}

// Winding down an arbitrary pool is not what is timed, and need not come to an end.
static _Noreturn void leave(UINT code)
{
    TerminateProcess(GetCurrentProcess(), code);
    for (;;)
        Sleep(INFINITE);
}

void report(const char *measure, double value)
{
    char text[128];
    snprintf(text, sizeof text, "%s %.17g", measure, value);
    say_line(MARK_VALUE, text);
}

void report_count(const char *name, double value)
{
    char text[128];
    snprintf(text, sizeof text, "%s %.17g", name, value);
    say_line(MARK_COUNT, text);
}

void report_untold(const char *measure, const char *why)
{
    char text[256];
    snprintf(text, sizeof text, "%s %s", measure, why);
    say_line(MARK_UNTOLD, text);
}

_Noreturn void fail(const char *format, ...)
{
    char text[400];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    say_line(MARK_FAILURE, text);
    leave(EXIT_FAILED);
}

// The table of entry points calls it for a missing export.
_Noreturn void give_up(const char *text);
_Noreturn void give_up(const char *text)
{
    fail("%s", text);
}

size_t scaled(size_t quantity, size_t least)
{
    double size = (double)quantity * scale;
    return size < (double)least ? least : (size_t)size;
}

size_t quantity(void)
{
    return workload->quantity;
}

bool has_measure(const char *name)
{
    for (size_t i = 0; i < measures_of(workload); i++)
        if (!strcmp(workload->measures[i].name, name))
            return true;
    return false;
}

size_t processors(void)
{
    SYSTEM_INFO system;
    GetSystemInfo(&system);
    return system.dwNumberOfProcessors;
}

void *system_function(const char *dll, const char *name)
{
    HMODULE module = GetModuleHandleA(dll);
    return module ? (void *)GetProcAddress(module, name) : NULL;
}

static LONG CALLBACK crash(EXCEPTION_POINTERS *what)
{
    leave(what->ExceptionRecord->ExceptionCode);
}

_Noreturn void child_main(const struct options *options)
{
    SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX);
    SetUnhandledExceptionFilter(crash);
    scale = options->scale;
    workload = workload_named(options->child);
    require(workload, "there is no workload '%s'", options->child);
    now();
    if (*options->token)
        host_counts_find(options->token);
    const char *dll = options->dlls[0];
    require(entry_points_resolve(workload->reference ? NULL : dll), "%s cannot be loaded: error %lu", dll,
            GetLastError());
    tally_prepare();
    workload->run();
    leave(EXIT_DONE);
}
