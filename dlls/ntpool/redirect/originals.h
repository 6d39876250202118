// SPDX-License-Identifier: MIT
/*
 * The system's functions by their addresses, as they were before the exports were redirected: what a filled import slot
 * holds says which function it is for, whatever name or ordinal the program asked for and in whichever DLL.
 */
#ifndef NTPOOL_REDIRECT_ORIGINALS_H
#define NTPOOL_REDIRECT_ORIGINALS_H

#include "redirect/names.h"

/** The DLLs that the functions are looked up in. */
enum { ORIGINALS_DLLS = 3 };

struct originals {
    unsigned count;
    /* In the order of the addresses. */
    struct original {
        uint64_t address;
        int index; /* of the name */
    } entries[ORIGINALS_DLLS * REDIRECT_MOST_NAMES];
};

/** Adds a function, unless another name has that address already. */
void originals_add(struct originals *originals, uint64_t address, int index);

/** Fills in what kernel32, kernelbase and advapi32 of this process have of these names. */
void originals_collect(struct originals *originals, const struct redirect_names *names);

/** The index of the name of the function at that address, or -1. */
int originals_find(const struct originals *originals, uint64_t address);

#endif
