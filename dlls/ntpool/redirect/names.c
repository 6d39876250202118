// SPDX-License-Identifier: MIT
#include "redirect/names.h"

#include <stddef.h>

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character + 32) : character;
}

int redirect_compare(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    return (unsigned char)*a - (unsigned char)*b;
}

/* How text goes on after start, whatever the case; NULL when it starts otherwise. */
static const char *after(const char *text, const char *start)
{
    for (; *start; text++, start++)
        if (lower(*text) != *start)
            return NULL;
    return text;
}

int redirect_find(const struct redirect_names *names, const char *name)
{
    unsigned low = 0, high = names->count;

    while (low < high) {
        unsigned middle = (low + high) / 2;
        int order = redirect_compare(names->names[middle].name, name);

        if (order == 0)
            return (int)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

static bool is_called(const char *dll, const char *name)
{
    const char *rest = after(dll, name);

    return rest && (!*rest || ((rest = after(rest, ".dll")) && !*rest));
}

bool redirect_is_source(const char *dll)
{
    return is_called(dll, "kernel32") || is_called(dll, "kernelbase") || is_called(dll, "advapi32") ||
           after(dll, "api-ms-win-") || after(dll, "ext-ms-");
}

bool redirect_is_ntdll(const char *dll)
{
    return is_called(dll, "ntdll");
}
