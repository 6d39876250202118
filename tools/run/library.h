// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_LIBRARY_H
#define NTPOOL_RUN_LIBRARY_H

#include "redirect/graft.h"

#include <wchar.h>

/**
 * Makes sure that there is an ntpool.dll, given or beside the launcher, and writes its absolute path in the form that
 * an import directory can hold. 0, or what to end with, after a complaint.
 */
int find_library(const wchar_t *given, char path[GRAFT_PATH_SIZE]);

#endif
