// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_CHECK_FORWARD_H
#define NTPOOL_TESTS_CHECK_FORWARD_H

#include <stddef.h>
#include <stdint.h>

#include "result.h"

#define CHECK_MODULE "C:\\windows\\system32\\ntpool"

/// The names that check_forward redirects; the last two are not in make_pe's file.
extern const char *const check_names[];
extern const size_t check_name_count;

/// Runs pe_forward_builtin on any bytes. Where it succeeds, compares the copy with the original, export by
/// export and byte by byte: `*wrong` gets what is wrong with it, or NULL.
enum pe_result check_forward(const uint8_t *in, size_t size, const char **wrong);

#endif
