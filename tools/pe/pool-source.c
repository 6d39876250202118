// SPDX-License-Identifier: MIT
#include "pool-source.h"

#include <stddef.h>
#include <string.h>

#include "pool-names.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

// The loader compares without regard to case; the locale must have no say in it.
static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

// How much of `text` is left after `lower_case_prefix`; NULL when it begins otherwise.
static const char *after_prefix(const char *text, const char *lower_case_prefix)
{
    while (*lower_case_prefix && lower(*text) == *lower_case_prefix) {
        text++;
        lower_case_prefix++;
    }
    return *lower_case_prefix ? NULL : text;
}

bool pool_dll_is(const char *dll, const char *base)
{
    const char *rest = after_prefix(dll, base);

    if (!rest)
        return false;
    if (*rest == '\0')
        return true;
    rest = after_prefix(rest, ".dll");
    return rest && *rest == '\0';
}

enum pool_source pool_source_of(const char *dll)
{
    if (pool_dll_is(dll, "kernel32") || pool_dll_is(dll, "kernelbase") || after_prefix(dll, "api-ms-win-"))
        return POOL_SOURCE_KERNEL32;
    if (pool_dll_is(dll, "ntdll"))
        return POOL_SOURCE_NTDLL;
    return POOL_SOURCE_NONE;
}

static bool has(const char *const *names, size_t count, const char *name)
{
    size_t low = 0;
    size_t high = count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(name, names[middle]);

        if (order == 0)
            return true;
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return false;
}

bool pool_source_has(enum pool_source source, const char *function)
{
    switch (source) {
    case POOL_SOURCE_KERNEL32:
        return has(kernel32_names, COUNT(kernel32_names), function);
    case POOL_SOURCE_NTDLL:
        return has(ntdll_names, COUNT(ntdll_names), function);
    case POOL_SOURCE_NONE:
        break;
    }
    return false;
}
