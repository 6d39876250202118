// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_RECIPES_H
#define NTPOOL_TESTS_RECIPES_H

#include "make_image.h"
#include "result.h"

/// Images that the rewriter takes. Names are fit for files.
struct good_recipe {
    struct recipe recipe;
    unsigned moved; // functions
};
extern const struct good_recipe good_recipes[];
extern const size_t good_recipe_count;

/// Images that it refuses.
struct refused_recipe {
    struct recipe recipe;
    enum pe_result expected;
};
extern const struct refused_recipe refused_recipes[];
extern const size_t refused_recipe_count;

#endif
