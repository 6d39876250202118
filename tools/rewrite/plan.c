// SPDX-License-Identifier: MIT
//
// Reads a file and decides what is to be done to it. Nothing is written here.
#include "rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "forwarders.h"
#include "imports.h"
#include "pool-source.h"
#include "undo.h"

#define MAX_FUNCTIONS             (1u << 18)
#define MAX_DLL_NAME              260u
#define WRITABLE                  0x80000000u
#define FORCE_INTEGRITY           0x80u
#define AT_DLL_CHARACTERISTICS    70u // in the optional header
#define COM_HEADER_SIZE           72u
#define COM_ONLY_IL               1u
#define AT_COM_FLAGS              16u
#define AT_EXPORT_DLL_NAME        12u
#define EXPORT_DIRECTORY_SIZE     40u
#define AT_DEPENDENT_LOAD_FLAGS   78u // in the load configuration
#define AT_HYBRID_METADATA        200u
#define SEARCH_ANY                0x1f00u
#define SEARCH_APPLICATION_FOLDER 0x1200u // LOAD_LIBRARY_SEARCH_APPLICATION_DIR, or the default that holds it

static enum pe_result check_managed(const struct pe_image *image)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_COM);

    if (dir.rva == 0)
        return PE_OK;
    const uint8_t *header = pe_at(image, dir.rva, COM_HEADER_SIZE);
    return !header || get32(header + AT_COM_FLAGS) & COM_ONLY_IL ? PE_IS_MANAGED : PE_OK;
}

static enum pe_result check_not_system(const struct pe_image *image)
{
    static const char *const system[] = {"kernel32", "kernelbase", "ntdll", "ntpool"};
    struct pe_directory dir = pe_directory(image, PE_DIR_EXPORT);
    const uint8_t *p = dir.rva ? pe_at(image, dir.rva, EXPORT_DIRECTORY_SIZE) : NULL;
    size_t len;
    const char *name = p ? pe_string(image, get32(p + AT_EXPORT_DLL_NAME), MAX_DLL_NAME, &len) : NULL;

    for (size_t i = 0; name && i < sizeof(system) / sizeof(system[0]); i++) {
        if (pool_dll_is(name, system[i]))
            return PE_IS_SYSTEM_DLL;
    }
    return PE_OK;
}

static enum pe_result check_sections_apart(const struct pe_image *image)
{
    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section a = pe_section(image, i);

        for (uint32_t j = 0; j < i; j++) {
            struct pe_section b = pe_section(image, j);

            if (a.raw_size != 0 && b.raw_size != 0 && a.raw_offset < b.raw_offset + b.raw_size &&
                b.raw_offset < a.raw_offset + a.raw_size)
                return PE_SHARED_SECTION_BYTES;
        }
    }
    return PE_OK;
}

// Windows wants each section to begin where the one before ends; the new one will begin at the image's end.
static enum pe_result check_end(const struct pe_image *image)
{
    struct pe_section last = pe_section(image, image->section_count - 1);
    uint64_t end = (uint64_t)last.rva + (last.virtual_size ? last.virtual_size : last.raw_size);

    if (align_up(end, image->section_alignment) != align_up(image->size_of_image, image->section_alignment))
        return PE_IMAGE_BEYOND_SECTIONS;
    return PE_OK;
}

// The load configuration says which folders the loader searches for what the file imports. Where it leaves out the
// program's own, ntpool.dll would not be found there.
static enum pe_result read_load_configuration(struct rewrite_plan *plan)
{
    const struct pe_image *image = &plan->image;
    struct pe_directory dir = pe_directory(image, PE_DIR_LOAD_CONFIG);

    if (dir.rva == 0)
        return PE_OK;
    const uint8_t *own_size = pe_at(image, dir.rva, 4);
    uint32_t size = own_size ? get32(own_size) : 0;
    const uint8_t *p = size > 0 ? pe_at(image, dir.rva, size) : NULL;
    if (!p || dir.rva < image->size_of_headers)
        return PE_BAD_LOAD_CONFIGURATION;
    if (size >= AT_HYBRID_METADATA + 8 && get64(p + AT_HYBRID_METADATA) != 0)
        return PE_IS_HYBRID;
    if (size < AT_DEPENDENT_LOAD_FLAGS + 2)
        return PE_OK;
    uint16_t flags = get16(p + AT_DEPENDENT_LOAD_FLAGS);
    if (flags & SEARCH_ANY && !(flags & SEARCH_APPLICATION_FOLDER))
        plan->load_flags = (uint32_t)(p - image->data) + AT_DEPENDENT_LOAD_FLAGS;
    return PE_OK;
}

static enum pe_result check_image(struct rewrite_plan *plan)
{
    const struct pe_image *image = &plan->image;

    if (image->machine != PE_MACHINE_AMD64)
        return PE_BAD_MACHINE;
    enum pe_result result = check_managed(image);
    if (result == PE_OK)
        result = check_not_system(image);
    if (result == PE_OK)
        result = check_sections_apart(image);
    if (result == PE_OK)
        result = check_end(image);
    if (result == PE_OK)
        result = read_load_configuration(plan);
    if (result != PE_OK)
        return result;
    if (undo_is_there(image))
        return PE_USES_NTPOOL;
    if (forwards_to_pool(image))
        return PE_FORWARDS_TO_POOL;
    if (get16(image->data + image->optional_header + AT_DLL_CHARACTERISTICS) & FORCE_INTEGRITY)
        return PE_FORCES_INTEGRITY;
    plan->bound_imports = pe_directory(image, PE_DIR_BOUND_IMPORT);
    plan->is_signed = pe_directory(image, PE_DIR_SECURITY).size != 0;
    plan->unknown_overlay = pe_unknown_overlay(image);
    return PE_OK;
}

static bool is_native_pool_name(const char *name)
{
    return name[0] == 'T' && name[1] == 'p' && name[2] >= 'A' && name[2] <= 'Z';
}

// Whether a function has to come from ntpool; counts what does and what is left behind.
static enum pe_result judge(struct rewrite_plan *plan, const struct pe_import *import, uint32_t index, bool *moves)
{
    enum pool_source source = pool_source_of(import->dll);
    struct pe_imported imported;

    enum pe_result result = pe_read_imported(&plan->image, import, index, &imported);
    if (result != PE_OK)
        return result;
    *moves = imported.name && pool_source_has(source, imported.name);
    plan->moved += *moves;
    if (source == POOL_SOURCE_KERNEL32 && !imported.name)
        plan->pool_by_ordinal++;
    if (source == POOL_SOURCE_NTDLL && imported.name && !*moves && is_native_pool_name(imported.name))
        plan->unserved_natives++;
    return PE_OK;
}

static bool add_run(struct rewrite_plan *plan, uint32_t *room, struct rewrite_run run)
{
    if (plan->run_count == *room) {
        uint32_t more = *room ? *room * 2 : 64;
        struct rewrite_run *larger = realloc(plan->runs, more * sizeof(*larger));

        if (!larger)
            return false;
        plan->runs = larger;
        *room = more;
    }
    plan->runs[plan->run_count++] = run;
    return true;
}

// Cuts one descriptor into runs. One without functions makes one run too: the DLL is wanted for itself.
static enum pe_result cut_import(struct rewrite_plan *plan, uint32_t index, const struct pe_import *import,
                                 uint32_t *room)
{
    struct rewrite_run run = {.import = index};

    for (uint32_t i = 0; i < import->count; i++) {
        bool moves;
        enum pe_result result = judge(plan, import, i, &moves);

        if (result != PE_OK)
            return result;
        if (run.count != 0 && moves != run.moves) {
            if (!add_run(plan, room, run))
                return PE_NO_MEMORY;
            run.first = i;
            run.count = 0;
        }
        run.moves = moves;
        run.count++;
    }
    return add_run(plan, room, run) ? PE_OK : PE_NO_MEMORY;
}

// Without an IAT directory the loader makes that section writable in which it finds the import directory, and the
// import directory is about to move.
static enum pe_result keep_writable(struct rewrite_plan *plan, const struct pe_import *import)
{
    const struct pe_image *image = &plan->image;
    struct pe_directory iat = pe_directory(image, PE_DIR_IAT);
    struct pe_section slots;
    struct pe_section table;

    if (import->count == 0 || (iat.rva != 0 && iat.size != 0))
        return PE_OK;
    if (!pe_section_holding(image, import->iat_rva, 1, &slots))
        return PE_BAD_IMPORT_TABLES;
    if (slots.characteristics & WRITABLE)
        return PE_OK;
    if (!pe_directory_entry(image, PE_DIR_IAT) ||
        !pe_section_holding(image, pe_directory(image, PE_DIR_IMPORT).rva, 1, &table) || table.rva != slots.rva)
        return PE_IAT_NOT_WRITABLE;
    plan->iat.rva = table.rva;
    plan->iat.size = table.virtual_size ? table.virtual_size : table.raw_size;
    return PE_OK;
}

static enum pe_result plan_imports(struct rewrite_plan *plan)
{
    uint32_t room = 0;
    uint32_t functions = 0;

    enum pe_result result = pe_count_imports(&plan->image, &plan->import_count);
    for (uint32_t i = 0; result == PE_OK && i < plan->import_count; i++) {
        struct pe_import import;

        result = pe_read_import(&plan->image, i, &import);
        if (result != PE_OK)
            break;
        functions += import.count;
        if (functions > MAX_FUNCTIONS)
            result = PE_TOO_MANY_IMPORTS;
        else if (pool_dll_is(import.dll, "ntpool"))
            result = PE_USES_NTPOOL;
        else if (import.timestamp != 0 && import.lookup_is_iat)
            result = PE_BOUND_WITHOUT_LOOKUP;
        if (result == PE_OK)
            result = keep_writable(plan, &import);
        if (result == PE_OK)
            result = cut_import(plan, i, &import, &room);
    }
    return result;
}

// The program's code holds the address of a delay-load descriptor and counts on its whole table, so a descriptor moves
// as one or not at all.
static enum pe_result plan_delay_import(struct rewrite_plan *plan, uint32_t index)
{
    struct pe_import import;
    uint32_t before = plan->moved;

    enum pe_result result = pe_read_delay_import(&plan->image, index, &import);
    if (result != PE_OK)
        return result;
    if (pool_dll_is(import.dll, "ntpool"))
        return PE_USES_NTPOOL;
    // A descriptor in the headers would be in the way of what is written there.
    if (import.descriptor_rva < plan->image.size_of_headers)
        return PE_BAD_DELAY_DIRECTORY;
    for (uint32_t i = 0; i < import.count && result == PE_OK; i++) {
        bool moves;

        result = judge(plan, &import, i, &moves);
    }
    if (result != PE_OK)
        return result;
    uint32_t moved = plan->moved - before;
    if (moved != 0 && moved != import.count)
        return PE_MIXED_DELAY_IMPORT;
    plan->delay_moves[index] = moved != 0;
    return PE_OK;
}

static enum pe_result plan_delay_imports(struct rewrite_plan *plan)
{
    enum pe_result result = pe_count_delay_imports(&plan->image, &plan->delay_count);

    if (result != PE_OK || plan->delay_count == 0)
        return result;
    plan->delay_moves = calloc(plan->delay_count, sizeof(*plan->delay_moves));
    if (!plan->delay_moves)
        return PE_NO_MEMORY;
    for (uint32_t i = 0; i < plan->delay_count && result == PE_OK; i++)
        result = plan_delay_import(plan, i);
    return result;
}

enum pe_result rewrite_make_plan(struct rewrite_plan *plan, const uint8_t *in, size_t size, bool keep_overlay)
{
    memset(plan, 0, sizeof(*plan));
    enum pe_result result = pe_parse(&plan->image, in, size);
    if (result == PE_OK)
        result = check_image(plan);
    if (result == PE_OK)
        result = plan_imports(plan);
    if (result == PE_OK)
        result = plan_delay_imports(plan);
    if (result == PE_OK && plan->moved == 0)
        result = PE_NO_POOL_IMPORTS;
    if (result == PE_OK && plan->unknown_overlay.size != 0 && !keep_overlay)
        result = PE_UNKNOWN_OVERLAY;
    if (result != PE_OK)
        rewrite_free_plan(plan);
    return result;
}

void rewrite_free_plan(struct rewrite_plan *plan)
{
    free(plan->runs);
    free(plan->delay_moves);
    plan->runs = NULL;
    plan->delay_moves = NULL;
}
