// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_IMPORTS_H
#define NTPOOL_REDIRECT_IMPORTS_H

#include "redirect/image.h"
#include "redirect/originals.h"

/**
 * Makes a module's slots for these functions hold their replacements: all of its import directory, and of its
 * delay-load directory those that have been filled. Slots that are known by an ordinal or not at all, and those of
 * other DLLs, which may forward to one of these functions, are told by what they hold; ntdll's stay. How many slots
 * were changed.
 */
unsigned imports_redirect(const struct image *image, const struct redirect_names *names,
                          const struct originals *originals);

#endif
