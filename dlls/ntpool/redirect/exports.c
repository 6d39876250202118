// SPDX-License-Identifier: MIT
#include "redirect/exports.h"
#include "redirect/near.h"

enum { LONGEST_NAME = 512 };

/* An export is a 32-bit offset from its module. What lies below or farther away is reached through one of these. */
struct export_jump {
    uint8_t code[6]; /* jmp [rip] */
    uint8_t target[sizeof(uint64_t)];
    uint8_t filler[2];
};

static const struct export_jump jump_pattern = {{0xff, 0x25, 0, 0, 0, 0}, {0}, {0xcc, 0xcc}};

static bool is_within_reach(const struct image *image, const void *function)
{
    return (uint64_t)((uintptr_t)function - (uintptr_t)image->base) <= UINT32_MAX;
}

/* One jump for each name, in their order; NULL: no memory. */
static struct export_jump *make_jumps(const struct image *image, const struct redirect_names *names)
{
    size_t size = names->count * sizeof(struct export_jump);
    uint64_t place =
        near_allocate(NTDLL_CURRENT_PROCESS, (uintptr_t)image->base, (uintptr_t)image->base + image->size, size);
    struct export_jump *jumps = (struct export_jump *)(uintptr_t)place;
    void *page = jumps;
    ULONG before;

    if (!jumps)
        return NULL;
    for (unsigned i = 0; i < names->count; i++) {
        uint64_t target = (uintptr_t)names->names[i].replacement;

        jumps[i] = jump_pattern;
        __builtin_memcpy(jumps[i].target, &target, sizeof(target));
    }
    return NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &page, &size, PAGE_EXECUTE_READ, &before) >= 0 ? jumps : NULL;
}

bool exports_prepare(const struct image *image, const struct redirect_names *names, struct export_jump **jumps)
{
    *jumps = NULL;
    for (unsigned i = 0; i < names->count; i++)
        if (!is_within_reach(image, names->names[i].replacement))
            return (*jumps = make_jumps(image, names)) != NULL;
    return true;
}

unsigned exports_redirect(const struct image *image, const struct redirect_names *names,
                          const struct export_jump *jumps)
{
    const IMAGE_DATA_DIRECTORY *directory = image_directory(image, IMAGE_DIRECTORY_ENTRY_EXPORT);
    const IMAGE_EXPORT_DIRECTORY *exports =
        directory ? image_at(image, directory->VirtualAddress, sizeof(*exports)) : NULL;
    const uint32_t *export_names;
    const uint16_t *ordinals;
    uint32_t *functions;
    unsigned changed = 0;

    if (!exports)
        return 0;
    export_names = image_at(image, exports->AddressOfNames, (uint64_t)exports->NumberOfNames * sizeof(*export_names));
    ordinals = image_at(image, exports->AddressOfNameOrdinals, (uint64_t)exports->NumberOfNames * sizeof(*ordinals));
    functions = image_at(image, exports->AddressOfFunctions, (uint64_t)exports->NumberOfFunctions * sizeof(*functions));
    if (!export_names || !ordinals || !functions)
        return 0;
    for (uint32_t i = 0; i < exports->NumberOfNames; i++) {
        const char *name = image_text(image, export_names[i], LONGEST_NAME);
        int found = name && ordinals[i] < exports->NumberOfFunctions ? redirect_find(names, name) : -1;
        const void *function;
        uint32_t offset;

        if (found < 0)
            continue;
        function = names->names[found].replacement;
        if (jumps)
            function = &jumps[found];
        offset = (uint32_t)((uintptr_t)function - (uintptr_t)image->base);
        if (image_write(&functions[ordinals[i]], &offset, sizeof(offset)))
            changed++;
    }
    return changed;
}
