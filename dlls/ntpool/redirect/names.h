// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_NAMES_H
#define NTPOOL_REDIRECT_NAMES_H

#include <stdbool.h>
#include <stdint.h>

/** A function of the system and what is to be called in its place. */
struct redirect_name {
    const char *name;
    void *replacement;
};

/** More than any list of names has. */
enum { REDIRECT_MOST_NAMES = 64 };

/** Names in the order of their bytes. */
struct redirect_names {
    const struct redirect_name *names;
    unsigned count;
};

/** The order of two names: below, equal to or above 0. */
int redirect_compare(const char *a, const char *b);

/** The index of name, or -1. */
int redirect_find(const struct redirect_names *names, const char *name);

/** Whether the functions are looked for in the DLL that an import directory calls so. */
bool redirect_is_source(const char *dll);

/** Whether an import directory means ntdll by this. */
bool redirect_is_ntdll(const char *dll);

#endif
