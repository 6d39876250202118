// SPDX-License-Identifier: MIT
//
// write-corpus FOLDER: writes what the fuzzer starts from into a folder: good files of each recipe, what the rewriter
// makes of them, broken ones, and a DLL for the prefix tool's part of the library.
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "builtin_dll.h"
#include "file-io.h"
#include "mutate.h"
#include "recipes.h"
#include "rewrite.h"

enum { BROKEN_OF_EACH = 12 };

static const char *folder;

static void write_input(const char *name, const char *kind, const uint8_t *data, size_t size)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s-%s", folder, name, kind);
    if (!file_replace(path, data, size, NULL)) {
        fprintf(stderr, "write-corpus: %s: %s\n", path, strerror(errno));
        exit(1);
    }
}

static void write_recipe(const struct recipe *recipe, uint64_t *state)
{
    struct made made = make_image(recipe);
    struct rewrite_plan plan;
    uint8_t *out;
    size_t size;

    write_input(recipe->name, "whole", made.data, made.size);
    if (rewrite_make_plan(&plan, made.data, made.size, true) == PE_OK) {
        if (rewrite_apply(&plan, &out, &size) == PE_OK) {
            write_input(recipe->name, "rewritten", out, size);
            free(out);
        }
        rewrite_free_plan(&plan);
    }
    free(made.data);
    for (int i = 0; i < BROKEN_OF_EACH; i++) {
        char kind[32];

        made = make_image(recipe);
        mutate(state, made.data, made.size);
        snprintf(kind, sizeof(kind), "broken-%d", i);
        write_input(recipe->name, kind, made.data, i % 4 == 3 ? made.size - 1 - (size_t)i * 900 : made.size);
        free(made.data);
    }
}

int main(int argc, char **argv)
{
    size_t size;
    uint8_t *dll = make_builtin_dll(&size);
    uint64_t state = 1126;

    if (argc != 2 || !dll) {
        fputs("usage: write-corpus FOLDER\n", stderr);
        return 2;
    }
    folder = argv[1];
    for (size_t i = 0; i < good_recipe_count; i++)
        write_recipe(&good_recipes[i].recipe, &state);
    for (size_t i = 0; i < refused_recipe_count; i++)
        write_recipe(&refused_recipes[i].recipe, &state);
    write_input("builtin-dll", "whole", dll, size);
    write_input("nothing", "empty", dll, 0);
    write_input("nothing", "mz", dll, 2);
    free(dll);
    return 0;
}
