// SPDX-License-Identifier: MIT
/* Included ahead of every file of the code under test: its pause instructions tell the explorer that it spins. */
#ifndef NTPOOL_TESTS_EXPLORE_RELAX_H
#define NTPOOL_TESTS_EXPLORE_RELAX_H

void explore_relax(void);
#define __builtin_ia32_pause explore_relax

#endif
