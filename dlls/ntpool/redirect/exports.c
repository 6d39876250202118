// SPDX-License-Identifier: MIT
#include "redirect/exports.h"
#include "redirect/near.h"

enum { LONGEST_NAME = 512, MOST_FUNCTIONS = 65536 };

/* An export is a 32-bit offset from its module. What lies below or farther away is reached through one of these. */
struct export_jump {
    uint8_t code[6]; /* jmp [rip] */
    uint8_t target[sizeof(uint64_t)];
    uint8_t filler[2];
};

static const struct export_jump jump_pattern = {{0xff, 0x25, 0, 0, 0, 0}, {0}, {0xcc, 0xcc}};

static bool read_directory(const struct image *image, struct exports_plan *plan)
{
    const IMAGE_DATA_DIRECTORY *entry = image_directory(image, IMAGE_DIRECTORY_ENTRY_EXPORT);
    const IMAGE_EXPORT_DIRECTORY *directory =
        entry ? plan->directory = image_at(image, entry->VirtualAddress, sizeof(*directory)) : NULL;

    if (!directory || directory->NumberOfFunctions > MOST_FUNCTIONS || directory->NumberOfNames > MOST_FUNCTIONS)
        return false;
    plan->functions = image_at(image, directory->AddressOfFunctions,
                               (uint64_t)directory->NumberOfFunctions * sizeof(*plan->functions));
    plan->export_names =
        image_at(image, directory->AddressOfNames, (uint64_t)directory->NumberOfNames * sizeof(*plan->export_names));
    plan->ordinals =
        image_at(image, directory->AddressOfNameOrdinals, (uint64_t)directory->NumberOfNames * sizeof(*plan->ordinals));
    return plan->functions && plan->export_names && plan->ordinals;
}

/* The index of the name's place among those that are redirected; -1: another one, or none that can be read. */
static int find_export(const struct image *image, const struct redirect_names *names, const struct exports_plan *plan,
                       uint32_t index)
{
    const char *name = image_text(image, plan->export_names[index], LONGEST_NAME);

    return name && plan->ordinals[index] < plan->directory->NumberOfFunctions ? redirect_find(names, name) : -1;
}

bool exports_mark(const struct image *image, const struct redirect_names *names, bool is_known[REDIRECT_MOST_NAMES])
{
    struct exports_plan plan;

    if (!read_directory(image, &plan))
        return false;
    for (uint32_t i = 0; i < plan.directory->NumberOfNames; i++) {
        int found = find_export(image, names, &plan, i);

        if (found >= 0)
            is_known[found] = true;
    }
    return true;
}

/* ---- preparation -------------------------------------------------------------------------------------- */

static bool is_within_reach(const struct image *image, const void *function)
{
    return (uint64_t)((uintptr_t)function - (uintptr_t)image->base) <= UINT32_MAX;
}

static void *allocate_near(const struct image *image, size_t size)
{
    uint64_t base = (uintptr_t)image->base;

    return (void *)(uintptr_t)near_allocate(NTDLL_CURRENT_PROCESS, base, base + image->size, size);
}

static bool protect(void *place, size_t size, ULONG protection)
{
    ULONG before;

    return NtProtectVirtualMemory(NTDLL_CURRENT_PROCESS, &place, &size, protection, &before) >= 0;
}

/* NULL: no memory. */
static struct export_jump *make_jumps(const struct image *image, const struct redirect_names *names)
{
    size_t size = names->count * sizeof(struct export_jump);
    struct export_jump *jumps = allocate_near(image, size);

    if (!jumps)
        return NULL;
    for (unsigned i = 0; i < names->count; i++) {
        uint64_t target = (uintptr_t)names->names[i].replacement;

        jumps[i] = jump_pattern;
        __builtin_memcpy(jumps[i].target, &target, sizeof(target));
    }
    return protect(jumps, size, PAGE_EXECUTE_READ) ? jumps : NULL;
}

static bool needs_jumps(const struct image *image, const struct redirect_names *names)
{
    for (unsigned i = 0; i < names->count; i++)
        if (!is_within_reach(image, names->names[i].replacement))
            return true;
    return false;
}

static size_t text_size(const char *text)
{
    size_t length = 0;

    while (text[length])
        length++;
    return length + 1;
}

/* The three tables one after the other, and the added names' texts. */
static size_t grown_size(const struct exports_plan *plan)
{
    size_t functions = plan->directory->NumberOfFunctions + plan->added;
    size_t count = plan->directory->NumberOfNames + plan->added;
    size_t size =
        functions * sizeof(*plan->functions) + count * (sizeof(*plan->export_names) + sizeof(*plan->ordinals));

    for (unsigned i = 0; i < plan->names->count; i++)
        if (plan->is_added[i])
            size += text_size(plan->names->names[i].name);
    return size;
}

bool exports_prepare(const struct image *image, const struct redirect_names *names,
                     const bool is_known[REDIRECT_MOST_NAMES], struct exports_plan *plan)
{
    *plan = (struct exports_plan){.image = image, .names = names};
    if (!read_directory(image, plan))
        return false;
    if (needs_jumps(image, names) && !(plan->jumps = make_jumps(image, names)))
        return false;
    for (unsigned i = 0; i < names->count; i++)
        plan->added += plan->is_added[i] = !is_known[i];
    // Names are tied to functions by 16-bit indices.
    if (plan->directory->NumberOfFunctions + plan->added > MOST_FUNCTIONS)
        return false;
    return !plan->added || (plan->grown = allocate_near(image, grown_size(plan))) != NULL;
}

/* ---- redirection -------------------------------------------------------------------------------------- */

static uint32_t offset_of(const struct exports_plan *plan, const void *place)
{
    return (uint32_t)((uintptr_t)place - (uintptr_t)plan->image->base);
}

static uint32_t replacement_offset(const struct exports_plan *plan, unsigned index)
{
    return offset_of(plan, plan->jumps ? (const void *)&plan->jumps[index] : plan->names->names[index].replacement);
}

/* Merges the added names into copies of the tables, which are sorted by name. */
static void fill_grown(const struct exports_plan *plan, IMAGE_EXPORT_DIRECTORY *directory)
{
    uint32_t *functions = (uint32_t *)plan->grown;
    uint32_t *names = functions + directory->NumberOfFunctions + plan->added;
    uint16_t *ordinals = (uint16_t *)(names + directory->NumberOfNames + plan->added);
    char *text = (char *)(ordinals + directory->NumberOfNames + plan->added);
    uint32_t old = 0, at = 0;

    __builtin_memcpy(functions, plan->functions, directory->NumberOfFunctions * sizeof(*functions));
    for (unsigned i = 0; i < plan->names->count; i++) {
        const char *name = plan->names->names[i].name;

        if (!plan->is_added[i])
            continue;
        for (; old < plan->directory->NumberOfNames; old++, at++) {
            const char *other = image_text(plan->image, plan->export_names[old], LONGEST_NAME);

            if (other && redirect_compare(other, name) > 0)
                break;
            names[at] = plan->export_names[old];
            ordinals[at] = plan->ordinals[old];
        }
        functions[directory->NumberOfFunctions] = replacement_offset(plan, i);
        names[at] = offset_of(plan, text);
        ordinals[at++] = (uint16_t)directory->NumberOfFunctions++;
        __builtin_memcpy(text, name, text_size(name));
        text += text_size(name);
    }
    for (; old < plan->directory->NumberOfNames; old++, at++) {
        names[at] = plan->export_names[old];
        ordinals[at] = plan->ordinals[old];
    }
    directory->NumberOfNames = at;
    directory->AddressOfFunctions = offset_of(plan, functions);
    directory->AddressOfNames = offset_of(plan, names);
    directory->AddressOfNameOrdinals = offset_of(plan, ordinals);
}

/* The directory stays where it is, since what lies within it counts as a forwarder's text: only the tables move. It is
 * not written in one go, but the loader's lock is held and the program has no threads yet. */
static bool add_names(const struct exports_plan *plan)
{
    IMAGE_EXPORT_DIRECTORY directory = *plan->directory;

    fill_grown(plan, &directory);
    protect(plan->grown, grown_size(plan), PAGE_READONLY);
    return image_write(plan->directory, &directory, sizeof(directory));
}

unsigned exports_redirect(const struct exports_plan *plan)
{
    unsigned changed = 0;

    for (uint32_t i = 0; i < plan->directory->NumberOfNames; i++) {
        int found = find_export(plan->image, plan->names, plan, i);

        if (found >= 0 && image_write(&plan->functions[plan->ordinals[i]],
                                      &(uint32_t){replacement_offset(plan, (unsigned)found)}, sizeof(uint32_t)))
            changed++;
    }
    return plan->added && add_names(plan) ? changed + plan->added : changed;
}
