// SPDX-License-Identifier: MIT
/* Test programs of one source file report in TAP with this; tests/unit and tests/conformance have harnesses. */
#ifndef NTPOOL_TESTS_TAP_H
#define NTPOOL_TESTS_TAP_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>

static int tap_tests, tap_failures;

static inline void ok(bool good, const char *format, ...) __attribute__((format(printf, 2, 3)));

static inline void ok(bool good, const char *format, ...)
{
    va_list args;

    printf("%sok %d - ", good ? "" : "not ", ++tap_tests);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    putchar('\n');
    tap_failures += !good;
}

/* What main returns. */
static inline int tap_end(void)
{
    printf("1..%d\n", tap_tests);
    return tap_failures != 0;
}

#endif
