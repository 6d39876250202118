// SPDX-License-Identifier: MIT
//
// Makes the rewritten file: the original with few places changed, and one section appended, which holds
//
//     the undo record, the import descriptors, a lookup table for each new run of slots, the name "ntpool.dll"
//
// A rewritten file is taken apart again before it is given out.
#include "rewrite.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"
#include "compare.h"
#include "imports.h"
#include "undo.h"
#include "write.h"

#define SECTION_NAME       ".ntpool"
#define LOAD_FROM_PROGRAM  0x200u // LOAD_LIBRARY_SEARCH_APPLICATION_DIR
#define AT_IMPORT_LOOKUP   0u
#define AT_IMPORT_DLL_NAME 12u
#define AT_IMPORT_IAT      16u
#define AT_DELAY_DLL_NAME  4u
#define AT_DELAY_TIMESTAMP 28u
#define FIXED_PLACES       3u
#define MAX_SECTION_BYTES  (64u << 20)

// Where the parts of the new section lie in it.
struct layout {
    size_t descriptors;
    size_t lookups;
    size_t dll_name;
    size_t size;
};

static bool is_whole(const struct rewrite_run *run, const struct pe_import *import)
{
    return run->count == import->count;
}

static struct layout lay_out(const struct rewrite_plan *plan, const struct undo_places *places)
{
    struct layout layout;
    size_t slots = 0;

    // Room for each run's table and its end; a run that is a whole descriptor leaves its room unused.
    for (uint32_t i = 0; i < plan->run_count; i++)
        slots += (size_t)plan->runs[i].count + 1;
    layout.descriptors = (size_t)align_up(undo_size(places), PE_THUNK_SIZE);
    layout.lookups =
        (size_t)align_up(layout.descriptors + ((size_t)plan->run_count + 1) * PE_IMPORT_DESCRIPTOR_SIZE, PE_THUNK_SIZE);
    layout.dll_name = layout.lookups + slots * PE_THUNK_SIZE;
    layout.size = layout.dll_name + sizeof(REWRITE_DLL);
    return layout;
}

static enum pe_result fill_runs(const struct rewrite_plan *plan, const struct layout *layout, uint8_t *section,
                                uint32_t section_rva)
{
    uint8_t *descriptor = section + layout->descriptors;
    size_t table = layout->lookups;

    for (uint32_t i = 0; i < plan->run_count; i++, descriptor += PE_IMPORT_DESCRIPTOR_SIZE) {
        const struct rewrite_run *run = &plan->runs[i];
        struct pe_import import;

        enum pe_result result = pe_read_import(&plan->image, run->import, &import);
        if (result != PE_OK)
            return result;
        put32(descriptor + AT_IMPORT_DLL_NAME, run->moves ? section_rva + (uint32_t)layout->dll_name : import.dll_rva);
        put32(descriptor + AT_IMPORT_IAT, import.iat_rva + run->first * PE_THUNK_SIZE);
        if (is_whole(run, &import)) {
            put32(descriptor + AT_IMPORT_LOOKUP, import.lookup_is_iat ? 0 : import.lookup_rva);
            continue;
        }
        put32(descriptor + AT_IMPORT_LOOKUP, section_rva + (uint32_t)table);
        for (uint32_t slot = run->first; slot < run->first + run->count; slot++, table += PE_THUNK_SIZE) {
            struct pe_imported imported;

            result = pe_read_imported(&plan->image, &import, slot, &imported);
            if (result != PE_OK)
                return result;
            put64(section + table, imported.thunk);
        }
        table += PE_THUNK_SIZE;
    }
    return PE_OK;
}

// In the headers RVAs are file offsets.
static bool has_bound_imports_in_headers(const struct rewrite_plan *plan)
{
    const struct pe_image *image = &plan->image;
    size_t headers_end = image->section_table + image->section_count * PE_SECTION_HEADER_SIZE;

    return plan->bound_imports.size != 0 && plan->bound_imports.rva >= headers_end &&
           within(plan->bound_imports.rva, plan->bound_imports.size, image->size_of_headers);
}

// The places of the original that change: the headers up to and with the new section's header, bound imports that lie
// where headers grow, the load flags, and delay-load descriptors.
static enum pe_result find_places(const struct rewrite_plan *plan, struct undo_places *places)
{
    const struct pe_image *image = &plan->image;
    size_t headers_end = image->section_table + (image->section_count + 1) * PE_SECTION_HEADER_SIZE;

    places->place = calloc(FIXED_PLACES + plan->delay_count, sizeof(*places->place));
    places->count = 0;
    if (!places->place)
        return PE_NO_MEMORY;
    if (headers_end > image->size_of_headers)
        return PE_NO_HEADER_ROOM;
    places->place[places->count++] =
        (struct undo_place){(uint32_t)image->file_header, (uint32_t)(headers_end - image->file_header)};
    if (has_bound_imports_in_headers(plan))
        places->place[places->count++] = (struct undo_place){plan->bound_imports.rva, plan->bound_imports.size};
    if (plan->load_flags)
        places->place[places->count++] = (struct undo_place){plan->load_flags, 2};
    for (uint32_t i = 0; i < plan->delay_count; i++) {
        struct pe_import import;

        if (!plan->delay_moves[i])
            continue;
        enum pe_result result = pe_read_delay_import(image, i, &import);
        if (result != PE_OK)
            return result;
        size_t offset = (size_t)(pe_at(image, import.descriptor_rva, PE_DELAY_DESCRIPTOR_SIZE) - image->data);
        places->place[places->count++] = (struct undo_place){(uint32_t)offset, PE_DELAY_DESCRIPTOR_SIZE};
    }
    return PE_OK;
}

// Bound imports may lie right behind the section headers; the first thing is to make their place free.
static void clear_bound_imports(const struct rewrite_plan *plan, uint8_t *file)
{
    if (has_bound_imports_in_headers(plan))
        memset(file + plan->bound_imports.rva, 0, plan->bound_imports.size);
}

static void change_delay_imports(const struct rewrite_plan *plan, uint8_t *file, uint32_t dll_name_rva)
{
    const struct pe_image *image = &plan->image;

    for (uint32_t i = 0; i < plan->delay_count; i++) {
        if (!plan->delay_moves[i])
            continue;
        uint32_t rva = pe_directory(image, PE_DIR_DELAY_IMPORT).rva + i * PE_DELAY_DESCRIPTOR_SIZE;
        uint8_t *descriptor = file + (pe_at(image, rva, PE_DELAY_DESCRIPTOR_SIZE) - image->data);

        put32(descriptor + AT_DELAY_DLL_NAME, dll_name_rva);
        put32(descriptor + AT_DELAY_TIMESTAMP, 0);
    }
}

static void change_headers(const struct rewrite_plan *plan, uint8_t *file, uint32_t descriptors_rva)
{
    const struct pe_image *image = &plan->image;

    if (plan->import_count)
        pe_set_directory(image, file, PE_DIR_IMPORT, descriptors_rva,
                         (plan->run_count + 1) * PE_IMPORT_DESCRIPTOR_SIZE);
    pe_set_directory(image, file, PE_DIR_BOUND_IMPORT, 0, 0);
    pe_set_directory(image, file, PE_DIR_SECURITY, 0, 0);
    if (plan->iat.rva)
        pe_set_directory(image, file, PE_DIR_IAT, plan->iat.rva, plan->iat.size);
    if (plan->load_flags)
        put16(file + plan->load_flags, get16(file + plan->load_flags) | LOAD_FROM_PROGRAM);
}

// Appends the section to `room`, which is the original with its bound imports cleared, and makes all other changes.
static enum pe_result write_file(const struct rewrite_plan *plan, const struct undo_places *places,
                                 const struct pe_image *room, uint8_t **out, size_t *out_size)
{
    struct layout layout = lay_out(plan, places);
    struct pe_new_section where;

    if (layout.size > MAX_SECTION_BYTES)
        return PE_TOO_LARGE;
    enum pe_result result = pe_plan_section(room, &where);
    if (result != PE_OK)
        return result;
    uint8_t *section = calloc(1, layout.size);
    if (!section)
        return PE_NO_MEMORY;
    undo_write(section, &plan->image, places);
    memcpy(section + layout.dll_name, REWRITE_DLL, sizeof(REWRITE_DLL));
    result = fill_runs(plan, &layout, section, where.rva);
    if (result == PE_OK)
        result = pe_append_section(room, &where, SECTION_NAME, section, layout.size, out, out_size);
    free(section);
    if (result != PE_OK)
        return result;
    change_delay_imports(plan, *out, where.rva + (uint32_t)layout.dll_name);
    change_headers(plan, *out, where.rva + (uint32_t)layout.descriptors);
    pe_set_checksum(room, *out, *out_size);
    return PE_OK;
}

// Files whose tables overlap are not worth rules of their own: the result tells.
static enum pe_result check_result(const struct rewrite_plan *plan, const uint8_t *file, size_t size)
{
    const struct pe_image *original = &plan->image;
    uint8_t *back;
    size_t back_size;

    if (!compare_imports(original, file, size))
        return PE_OVERLAPPING_TABLES;
    enum pe_result result = rewrite_undo(file, size, &back, &back_size);
    if (result != PE_OK)
        return result == PE_NO_MEMORY ? result : PE_OVERLAPPING_TABLES;
    if (back_size != original->size || memcmp(back, original->data, back_size) != 0)
        result = PE_OVERLAPPING_TABLES;
    free(back);
    return result;
}

enum pe_result rewrite_apply(const struct rewrite_plan *plan, uint8_t **out, size_t *out_size)
{
    const struct pe_image *original = &plan->image;
    struct undo_places places;
    struct pe_image room;
    uint8_t *file = NULL;
    size_t size;

    uint8_t *copy = malloc(original->size);
    if (!copy)
        return PE_NO_MEMORY;
    memcpy(copy, original->data, original->size);
    enum pe_result result = find_places(plan, &places);
    if (result == PE_OK) {
        clear_bound_imports(plan, copy);
        result = pe_parse(&room, copy, original->size);
    }
    if (result == PE_OK)
        result = write_file(plan, &places, &room, &file, &size);
    if (result == PE_OK)
        result = check_result(plan, file, size);
    free(places.place);
    free(copy);
    if (result != PE_OK) {
        free(file);
        return result;
    }
    *out = file;
    *out_size = size;
    return PE_OK;
}
