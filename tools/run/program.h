// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_PROGRAM_H
#define NTPOOL_RUN_PROGRAM_H

#include <wchar.h>

/**
 * Finds the file that a program's name means, as the system would: with or without ".exe", on the search path when the
 * name has no folder. NULL after a complaint. The string lives as long as the process.
 */
wchar_t *find_program(const wchar_t *name);

/** 0 when the launcher can run this file; else what to end with, after a complaint. */
int check_program(const wchar_t *path);

#endif
