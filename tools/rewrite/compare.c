// SPDX-License-Identifier: MIT
#include "compare.h"

#include <string.h>

#include "imports.h"
#include "pool-source.h"
#include "rewrite.h"

typedef enum pe_result read_function(const struct pe_image *image, uint32_t index, struct pe_import *import);

// One slot after the other, over all descriptors of one kind. A descriptor without functions counts as a slot.
struct walk {
    const struct pe_image *image;
    read_function *read;
    uint32_t descriptors;
    uint32_t next_descriptor;
    uint32_t next_slot;
    struct pe_import import;
};

struct slot {
    const char *dll;
    uint32_t rva;
    struct pe_imported imported; // no name and no thunk in a descriptor without functions
};

static bool begin(struct walk *walk, const struct pe_image *image, bool delayed)
{
    memset(walk, 0, sizeof(*walk));
    walk->image = image;
    walk->read = delayed ? pe_read_delay_import : pe_read_import;
    return (delayed ? pe_count_delay_imports : pe_count_imports)(image, &walk->descriptors) == PE_OK;
}

// True when there is one more. `*good` becomes false where the tables cannot be read.
static bool next(struct walk *walk, struct slot *slot, bool *good)
{
    memset(slot, 0, sizeof(*slot));
    if (walk->next_slot == walk->import.count) {
        if (walk->next_descriptor == walk->descriptors)
            return false;
        *good = walk->read(walk->image, walk->next_descriptor++, &walk->import) == PE_OK;
        walk->next_slot = 0;
        if (!*good)
            return false;
    }
    slot->dll = walk->import.dll;
    slot->rva = walk->import.iat_rva + walk->next_slot * PE_THUNK_SIZE;
    if (walk->import.count != 0)
        *good = pe_read_imported(walk->image, &walk->import, walk->next_slot++, &slot->imported) == PE_OK;
    return *good;
}

static bool is_right(const struct slot *old, const struct slot *now)
{
    bool moves = old->imported.name && pool_source_has(pool_source_of(old->dll), old->imported.name);
    bool named = (old->imported.name != NULL) == (now->imported.name != NULL);

    if (!named || old->rva != now->rva || old->imported.thunk != now->imported.thunk)
        return false;
    if (old->imported.name && strcmp(old->imported.name, now->imported.name) != 0)
        return false;
    return strcmp(now->dll, moves ? REWRITE_DLL : old->dll) == 0;
}

static bool compare_kind(const struct pe_image *original, const struct pe_image *rewritten, bool delayed)
{
    struct walk walks[2];
    struct slot slots[2];
    bool good = true;

    if (!begin(&walks[0], original, delayed) || !begin(&walks[1], rewritten, delayed))
        return false;
    while (next(&walks[0], &slots[0], &good)) {
        if (!next(&walks[1], &slots[1], &good) || !is_right(&slots[0], &slots[1]))
            return false;
    }
    return good && !next(&walks[1], &slots[1], &good) && good;
}

bool compare_imports(const struct pe_image *original, const uint8_t *rewritten, size_t size)
{
    struct pe_image image;

    return pe_parse(&image, rewritten, size) == PE_OK && compare_kind(original, &image, false) &&
           compare_kind(original, &image, true);
}
