// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_EXPORTS_H
#define NTPOOL_REDIRECT_EXPORTS_H

#include "redirect/image.h"
#include "redirect/names.h"

/**
 * Makes a loaded module's exports of these names lead to their replacements, for whoever looks them up from now on. How
 * many were changed: not those that the module lacks, and none where there is no memory near the module that is needed.
 */
unsigned exports_redirect(const struct image *image, const struct redirect_names *names);

#endif
