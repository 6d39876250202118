// SPDX-License-Identifier: MIT
#include "imports.h"

#include <string.h>

#include "bytes.h"

#define DELAY_HOLDS_RVAS 1u
#define HINT_SIZE        2u

enum pe_result pe_count_imports(const struct pe_image *image, uint32_t *count)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_IMPORT);

    *count = 0;
    if (dir.rva == 0)
        return PE_OK;
    for (;;) {
        uint64_t rva = dir.rva + (uint64_t)*count * PE_IMPORT_DESCRIPTOR_SIZE;
        const uint8_t *p = rva <= UINT32_MAX ? pe_at(image, (uint32_t)rva, PE_IMPORT_DESCRIPTOR_SIZE) : NULL;

        if (!p)
            return PE_BAD_IMPORT_DIRECTORY;
        if (get32(p + 12) == 0 || get32(p + 16) == 0)
            return PE_OK;
        if (++*count > PE_MAX_IMPORTS)
            return PE_TOO_MANY_IMPORTS;
    }
}

// Counts what the lookup table asks for, and checks that the slots for it are there.
static enum pe_result count_imported(const struct pe_image *image, struct pe_import *import)
{
    for (import->count = 0;; import->count++) {
        uint64_t rva = import->lookup_rva + (uint64_t)import->count * PE_THUNK_SIZE;
        const uint8_t *p = rva <= UINT32_MAX ? pe_at(image, (uint32_t)rva, PE_THUNK_SIZE) : NULL;

        if (!p)
            return PE_BAD_IMPORT_TABLES;
        if (get64(p) == 0)
            break;
        if (import->count == PE_MAX_IMPORTED)
            return PE_TOO_MANY_IMPORTS;
    }
    uint64_t bytes = (uint64_t)import->count * PE_THUNK_SIZE;
    if (!pe_section_holding(image, import->iat_rva, bytes ? bytes : 1, NULL))
        return PE_BAD_IMPORT_TABLES;
    return PE_OK;
}

enum pe_result pe_read_import(const struct pe_image *image, uint32_t index, struct pe_import *import)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_IMPORT);
    uint32_t rva = dir.rva + index * PE_IMPORT_DESCRIPTOR_SIZE;
    const uint8_t *p = pe_at(image, rva, PE_IMPORT_DESCRIPTOR_SIZE);
    size_t len;

    if (!p)
        return PE_BAD_IMPORT_DIRECTORY;
    memset(import, 0, sizeof(*import));
    import->descriptor_rva = rva;
    import->timestamp = get32(p + 4);
    import->dll_rva = get32(p + 12);
    import->iat_rva = get32(p + 16);
    import->lookup_rva = get32(p);
    if (import->lookup_rva == 0) {
        import->lookup_rva = import->iat_rva;
        import->lookup_is_iat = true;
    }
    import->dll = pe_string(image, import->dll_rva, PE_MAX_IMPORT_NAME, &len);
    if (!import->dll)
        return PE_BAD_IMPORT_NAME;
    enum pe_result result = count_imported(image, import);
    if (result != PE_OK)
        return result;
    // Loaders disagree about a lookup table that is empty where the IAT is not.
    const uint8_t *first = import->count == 0 ? pe_at(image, import->iat_rva, PE_THUNK_SIZE) : NULL;
    return first && get64(first) != 0 ? PE_BAD_IMPORT_TABLES : PE_OK;
}

enum pe_result pe_count_delay_imports(const struct pe_image *image, uint32_t *count)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_DELAY_IMPORT);

    *count = 0;
    if (dir.rva == 0)
        return PE_OK;
    for (;;) {
        uint64_t rva = dir.rva + (uint64_t)*count * PE_DELAY_DESCRIPTOR_SIZE;
        const uint8_t *p = rva <= UINT32_MAX ? pe_at(image, (uint32_t)rva, PE_DELAY_DESCRIPTOR_SIZE) : NULL;

        if (!p)
            return PE_BAD_DELAY_DIRECTORY;
        if (get32(p + 4) == 0)
            return PE_OK;
        if (++*count > PE_MAX_IMPORTS)
            return PE_TOO_MANY_IMPORTS;
    }
}

enum pe_result pe_read_delay_import(const struct pe_image *image, uint32_t index, struct pe_import *import)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_DELAY_IMPORT);
    uint32_t rva = dir.rva + index * PE_DELAY_DESCRIPTOR_SIZE;
    const uint8_t *p = pe_at(image, rva, PE_DELAY_DESCRIPTOR_SIZE);
    size_t len;

    if (!p || get32(p) != DELAY_HOLDS_RVAS)
        return PE_BAD_DELAY_DIRECTORY;
    memset(import, 0, sizeof(*import));
    import->descriptor_rva = rva;
    import->dll_rva = get32(p + 4);
    import->iat_rva = get32(p + 12);
    import->lookup_rva = get32(p + 16);
    import->timestamp = get32(p + 28);
    import->dll = pe_string(image, import->dll_rva, PE_MAX_IMPORT_NAME, &len);
    if (!import->dll)
        return PE_BAD_IMPORT_NAME;
    return count_imported(image, import);
}

enum pe_result pe_read_imported(const struct pe_image *image, const struct pe_import *import, uint32_t index,
                                struct pe_imported *imported)
{
    const uint8_t *p = pe_at(image, import->lookup_rva + index * PE_THUNK_SIZE, PE_THUNK_SIZE);
    size_t len;

    if (!p)
        return PE_BAD_IMPORT_TABLES;
    imported->thunk = get64(p);
    imported->name = NULL;
    imported->ordinal = 0;
    if (imported->thunk >> 63) {
        imported->ordinal = (uint16_t)imported->thunk;
        return imported->thunk << 1 >> 17 == 0 ? PE_OK : PE_BAD_IMPORT_TABLES;
    }
    if (imported->thunk > INT32_MAX)
        return PE_BAD_IMPORT_TABLES;
    imported->name = pe_string(image, (uint32_t)imported->thunk + HINT_SIZE, PE_MAX_IMPORT_NAME, &len);
    return imported->name ? PE_OK : PE_BAD_IMPORT_NAME;
}
