// SPDX-License-Identifier: MIT
#include "redirect/names.h"

#include <stddef.h>

static char lower(char character)
{
    return character >= 'A' && character <= 'Z' ? (char)(character + 32) : character;
}

static int compare(const char *a, const char *b)
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
        int order = compare(names->names[middle].name, name);

        if (order == 0)
            return (int)middle;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return -1;
}

bool redirect_is_source(const char *dll)
{
    static const char *const exact[] = {"kernel32", "kernelbase", "advapi32"};

    for (size_t i = 0; i < sizeof(exact) / sizeof(*exact); i++) {
        const char *rest = after(dll, exact[i]);

        if (rest && (!*rest || ((rest = after(rest, ".dll")) && !*rest)))
            return true;
    }
    return after(dll, "api-ms-win-") || after(dll, "ext-ms-");
}
