// SPDX-License-Identifier: MIT
/*
 * Child processes get ntpool too: the functions that start processes are replaced by these, which start the process
 * suspended, put this DLL into it, and let it run. A child that cannot have it runs without.
 */
#ifndef NTPOOL_REDIRECT_CHILDREN_H
#define NTPOOL_REDIRECT_CHILDREN_H

#include "redirect/names.h"

/** Told about each child that runs without ntpool, on the thread that starts it, and why. */
typedef void children_missed(uint32_t process, const char *why);

/** Looks up the system's functions. The names that are to be redirected; none when something is missing. */
struct redirect_names children_prepare(void *self, children_missed *missed);

#endif
