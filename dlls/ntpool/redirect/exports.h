// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REDIRECT_EXPORTS_H
#define NTPOOL_REDIRECT_EXPORTS_H

#include "redirect/image.h"
#include "redirect/names.h"

struct export_jump;

/** What is to become of one module's exports. */
struct exports_plan {
    const struct image *image;
    const struct redirect_names *names;
    IMAGE_EXPORT_DIRECTORY *directory;
    uint32_t *functions;
    const uint32_t *export_names;
    const uint16_t *ordinals;
    const struct export_jump *jumps; /* one for each name, in their order; NULL where all can be reached without */
    char *grown;                     /* tables with room for the names that are added; NULL: none are */
    uint32_t added;
    bool is_added[REDIRECT_MOST_NAMES];
};

/** Sets is_known[i] where the module exports names[i], and leaves the others. False: its exports make no sense. */
bool exports_mark(const struct image *image, const struct redirect_names *names, bool is_known[REDIRECT_MOST_NAMES]);

/**
 * Prepares for exports_redirect, which cannot fail: changes nothing of the module. Names that are not known are added.
 * False: the exports make no sense, or there is no memory near the module that code may be in. The image and the names
 * have to outlive the plan.
 */
bool exports_prepare(const struct image *image, const struct redirect_names *names,
                     const bool is_known[REDIRECT_MOST_NAMES], struct exports_plan *plan);

/**
 * Makes a loaded module's exports of these names lead to their replacements, for whoever looks them up from now on. How
 * many were changed or added; the module may lack others. The last plan for a module is the one that adds names.
 */
unsigned exports_redirect(const struct exports_plan *plan);

#endif
