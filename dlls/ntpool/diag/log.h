// SPDX-License-Identifier: MIT
/*
 * The log that NTPOOL_LOG asks for ("stderr" or a file's path): one line when the DLL comes up and one when it goes.
 * Each is one append; many processes may share a file.
 */
#ifndef NTPOOL_DIAG_LOG_H
#define NTPOOL_DIAG_LOG_H

void diag_log_up(void);
/** Also while the process is torn down: takes no lock that a dead thread may hold, allocates nothing. */
void diag_log_down(void);

#endif
