// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_MAIN_H
#define NTPOOL_REWRITE_MAIN_H

/// The command; arguments are paths as file-io.h has them. Returns the exit code.
int rewrite_main(int argc, char **argv);

#endif
