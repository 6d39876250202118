// SPDX-License-Identifier: MIT
#include "redirect/imports.h"

enum { LONGEST_NAME = 512 };

/* One DLL's part of an import or delay-load directory. */
struct source {
    const struct image *image;
    const struct redirect_names *names;
    const struct originals *originals;
    bool has_names;
    uint64_t slots; /* offsets in the image */
    uint64_t name_table;
};

/* Which function a slot is for; -1: none of ours. */
static int find_slot(const struct source *source, uint64_t value, uint64_t known_as)
{
    const char *name;

    if (!source->has_names || IMAGE_SNAP_BY_ORDINAL64(known_as))
        return originals_find(source->originals, value);
    name = image_text(source->image, known_as + offsetof(IMAGE_IMPORT_BY_NAME, Name), LONGEST_NAME);
    return name ? redirect_find(source->names, name) : -1;
}

/* The slots end with a zero, in the table of names where there is one. */
static unsigned redirect_slots(const struct source *source, bool filled_only)
{
    unsigned changed = 0;

    for (uint64_t index = 0;; index++) {
        uint64_t *slot = image_at(source->image, source->slots + index * sizeof(*slot), sizeof(*slot));
        const uint64_t *known_as =
            source->name_table ? image_at(source->image, source->name_table + index * sizeof(*slot), sizeof(*slot))
                               : slot;
        int found;

        if (!slot || !known_as || !*known_as)
            return changed;
        if (filled_only && (!*slot || image_contains(source->image, *slot)))
            continue;
        found = find_slot(source, *slot, *known_as);
        if (found >= 0 &&
            image_write(slot, &(uint64_t){(uintptr_t)source->names->names[found].replacement}, sizeof(*slot)))
            changed++;
    }
}

/* Whether any of that DLL's slots may be for one of the functions. */
static bool set_dll(struct source *source, const char *dll)
{
    if (!dll || redirect_is_ntdll(dll))
        return false;
    source->has_names = source->name_table && redirect_is_source(dll);
    return true;
}

static unsigned redirect_imports(const struct image *image, const struct redirect_names *names,
                                 const struct originals *originals)
{
    const IMAGE_DATA_DIRECTORY *directory = image_directory(image, IMAGE_DIRECTORY_ENTRY_IMPORT);
    unsigned changed = 0;

    for (uint64_t at = directory ? directory->VirtualAddress : 0;; at += sizeof(IMAGE_IMPORT_DESCRIPTOR)) {
        const IMAGE_IMPORT_DESCRIPTOR *descriptor = image_at(image, at, sizeof(*descriptor));
        struct source source = {.image = image, .names = names, .originals = originals};

        if (!descriptor || !descriptor->Name || !descriptor->FirstThunk)
            return changed;
        source.slots = descriptor->FirstThunk;
        source.name_table = descriptor->OriginalFirstThunk;
        if (set_dll(&source, image_text(image, descriptor->Name, LONGEST_NAME)))
            changed += redirect_slots(&source, false);
    }
}

static unsigned redirect_delayed(const struct image *image, const struct redirect_names *names,
                                 const struct originals *originals)
{
    const IMAGE_DATA_DIRECTORY *directory = image_directory(image, IMAGE_DIRECTORY_ENTRY_DELAY_IMPORT);
    unsigned changed = 0;

    for (uint64_t at = directory ? directory->VirtualAddress : 0;; at += sizeof(IMAGE_DELAYLOAD_DESCRIPTOR)) {
        const IMAGE_DELAYLOAD_DESCRIPTOR *descriptor = image_at(image, at, sizeof(*descriptor));
        struct source source = {.image = image, .names = names, .originals = originals};

        if (!descriptor || !descriptor->DllNameRVA)
            return changed;
        source.slots = descriptor->ImportAddressTableRVA;
        source.name_table = descriptor->ImportNameTableRVA;
        if (descriptor->Attributes.RvaBased && source.name_table &&
            set_dll(&source, image_text(image, descriptor->DllNameRVA, LONGEST_NAME)))
            changed += redirect_slots(&source, true);
    }
}

unsigned imports_redirect(const struct image *image, const struct redirect_names *names,
                          const struct originals *originals)
{
    return redirect_imports(image, names, originals) + redirect_delayed(image, names, originals);
}
