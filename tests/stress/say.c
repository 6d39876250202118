// SPDX-License-Identifier: MIT
//
// What the harness says for its tests, for a program that is one test.
#include "harness/suite.h"

#include <stdarg.h>
#include <stdlib.h>

static _Noreturn void end(void)
{
    TerminateProcess(GetCurrentProcess(), 1); // the other threads are best left alone
    abort();
}

#define PRINT(prefix)                                                                                                  \
    va_list arguments;                                                                                                 \
    va_start(arguments, format);                                                                                       \
    fprintf(stderr, prefix);                                                                                           \
    vfprintf(stderr, format, arguments);                                                                               \
    fprintf(stderr, "\n");                                                                                             \
    va_end(arguments)

void fail_at(const char *file, int line, const char *format, ...)
{
    fprintf(stderr, "%s:%d: ", file, line);
    PRINT("failed: ");
    end();
}

void stop_at(const char *file, int line, const char *format, ...)
{
    fprintf(stderr, "%s:%d: ", file, line);
    PRINT("failed: ");
    end();
}

void give_up(const char *text)
{
    fprintf(stderr, "failed: %s\n", text);
    end();
}

void skip(const char *format, ...)
{
    PRINT("skipped: ");
    exit(77);
}

void remark(const char *format, ...)
{
    PRINT("remark: ");
}
