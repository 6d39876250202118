// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_BUILTIN_DLL_H
#define NTPOOL_TESTS_BUILTIN_DLL_H

#include <stddef.h>
#include <stdint.h>

/// The DLL that the prefix tool's tests make, in a buffer from malloc; NULL when memory is short.
uint8_t *make_builtin_dll(size_t *size);

#endif
