// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_CHECK_REWRITE_H
#define NTPOOL_TESTS_CHECK_REWRITE_H

#include <stddef.h>
#include <stdint.h>

#include "result.h"

/// What check_rewrite found out about a file.
struct rewrite_check {
    enum pe_result result;
    unsigned moved;    // functions, where the file was rewritten
    const char *wrong; // what is wrong with the rewritten file, or with what refused it; NULL for nothing
};

/// Rewrites any bytes, keeping an unknown overlay. Where that succeeds, compares the outcome with the original: each
/// import slot, each byte that has no reason to change, the checksum, and what undo makes of it.
struct rewrite_check check_rewrite(const uint8_t *in, size_t size);

#endif
