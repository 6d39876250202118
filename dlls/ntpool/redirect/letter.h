// SPDX-License-Identifier: MIT
/*
 * What whoever put ntpool into a process tells the copy that comes up there. It is the head of the block that holds the
 * process's borrowed import directory, so the image's own headers lead to it: nothing has to go through the
 * environment, the command line or a name in the system.
 */
#ifndef NTPOOL_REDIRECT_LETTER_H
#define NTPOOL_REDIRECT_LETTER_H

#include "nt/windows/ntdll.h"

#include <stdint.h>

#define LETTER_MAGIC UINT64_C(0x7265747465746e31)
/** Newer copies read older letters; an unknown version counts as no letter. */
#define LETTER_VERSION 1

enum letter_flags {
    LETTER_CHILDREN = 1, /* processes that this one starts get ntpool too */
};

struct letter {
    uint64_t magic;
    uint32_t version;
    uint32_t flags;
    /* What the image's headers say by themselves. */
    IMAGE_DATA_DIRECTORY imports;
    IMAGE_DATA_DIRECTORY bound_imports;
    /* The one import that was added. */
    uint64_t names[2];
    uint64_t slots[2];
};

#endif
