// SPDX-License-Identifier: MIT
/*
 * Makes a process that ntpool was put into use it, wherever the program and its DLLs get the thread pool from: static
 * imports and those through API sets, delay loads, GetProcAddress, DLLs that are loaded later. See the README.
 */
#ifndef NTPOOL_REDIRECT_REDIRECT_H
#define NTPOOL_REDIRECT_REDIRECT_H

#include "redirect/children.h"

struct redirect_counts {
    unsigned exports; /* of kernel32 and kernelbase */
    unsigned imports; /* slots in the modules that were there */
    unsigned modules; /* that had such slots */
    bool children;    /* processes that this one starts are taken along */
};

/**
 * When somebody put this DLL into the process (letter.h), gives the image its own headers back and redirects; else does
 * nothing and returns false. Where the exports cannot be redirected, nothing is, and the counts are 0. Called by the
 * copy of ntpool that is attached first, under the loader's lock; a second call finds nothing to do.
 */
bool redirect_process(void *self, const struct redirect_names *names, children_missed *missed,
                      struct redirect_counts *counts);

#endif
