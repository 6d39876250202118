// SPDX-License-Identifier: MIT
#ifndef NTPOOL_RUN_START_H
#define NTPOOL_RUN_START_H

#include "redirect/graft.h"

#include <wchar.h>

/**
 * Runs the program with this ntpool.dll in it, and waits for its end. Gives its exit code, or that of the launcher,
 * after a complaint, when it could not start.
 */
int run_program(const wchar_t *path, wchar_t *command_line, const char *dll, uint32_t flags);

#endif
