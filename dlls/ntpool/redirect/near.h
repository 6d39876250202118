// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_NEAR_H
#define NTPOOL_REDIRECT_NEAR_H

#include "nt/windows/ntdll.h"

#include <stdint.h>

/**
 * Commits size bytes of read-write memory in a process that 32-bit offsets from base reach: above end, which is not
 * below base, and below base + 4 GiB. 0: there is no room, or the process refuses. The process's own for good.
 */
uint64_t near_allocate(HANDLE process, uint64_t base, uint64_t end, size_t size);

#endif
