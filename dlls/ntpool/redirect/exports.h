// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_EXPORTS_H
#define NTPOOL_REDIRECT_EXPORTS_H

#include "redirect/image.h"
#include "redirect/names.h"

/* What a module's exports are to lead to: one for each name, in their order. */
struct export_jump;

/**
 * Prepares for exports_redirect. *jumps is NULL where every replacement can be reached without. False: some cannot, and
 * there is no memory near the module, or none that code may be in.
 */
bool exports_prepare(const struct image *image, const struct redirect_names *names, struct export_jump **jumps);

/**
 * Makes a loaded module's exports of these names lead to their replacements, for whoever looks them up from now on. How
 * many were changed; the module may lack some.
 */
unsigned exports_redirect(const struct image *image, const struct redirect_names *names,
                          const struct export_jump *jumps);

#endif
