// SPDX-License-Identifier: MIT
/*
 * The log that NTPOOL_LOG asks for ("stderr" or a file's path): one line when the DLL comes up and one when it goes; in
 * a process that the launcher put it into, what was redirected. Each is one append; many processes may share a file.
 */
#ifndef NTPOOL_DIAG_LOG_H
#define NTPOOL_DIAG_LOG_H

#include <stdbool.h>
#include <stdint.h>

/** mode: how the DLL came into the process. */
void diag_log_up(const char *mode);
/** How many exports and import slots lead here, in how many modules, and whether child processes are taken along. */
void diag_log_redirected(unsigned exports, unsigned imports, unsigned modules, bool children);
/** A child process runs without ntpool. */
void diag_log_child_missed(uint32_t process, const char *why);
/** Also while the process is torn down: takes no lock that a dead thread may hold, allocates nothing. */
void diag_log_down(void);

#endif
