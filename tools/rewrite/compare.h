// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_COMPARE_H
#define NTPOOL_REWRITE_COMPARE_H

#include "image.h"

/// Whether a rewritten file asks for the same functions as the original, in the same slots of its import address
/// tables, the thread pool's from ntpool.dll and all others from where they came.
bool compare_imports(const struct pe_image *original, const uint8_t *rewritten, size_t size);

#endif
