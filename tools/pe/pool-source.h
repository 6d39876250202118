// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_POOL_SOURCE_H
#define NTPOOL_PE_POOL_SOURCE_H

#include <stdbool.h>

/// The DLLs that thread-pool functions come from.
enum pool_source {
    POOL_SOURCE_NONE,
    POOL_SOURCE_KERNEL32, // kernel32, kernelbase, and the API sets that lead to them
    POOL_SOURCE_NTDLL,
};

/// What a module name means in an import table: case does not count, and ".dll" may be missing.
enum pool_source pool_source_of(const char *dll);

/// Whether a function of such a DLL is one of the thread pool's, and ntpool.dll has it.
bool pool_source_has(enum pool_source source, const char *function);

/// Whether a module name, case and ".dll" aside, is `base`, which is in lower case.
bool pool_dll_is(const char *dll, const char *base);

#endif
