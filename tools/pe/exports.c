// SPDX-License-Identifier: MIT
#include "exports.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define EXPORT_DIRECTORY_SIZE 40u

static int compare_names(const void *a, const void *b)
{
    const struct pe_export_name *x = a;
    const struct pe_export_name *y = b;

    return strcmp(x->text, y->text);
}

// Exports have to lie in sections: what lies in the headers would change when the headers are written.
static const uint8_t *section_bytes(const struct pe_image *image, uint32_t rva, size_t len)
{
    return rva < image->size_of_headers ? NULL : pe_at(image, rva, len);
}

static const char *section_string(const struct pe_image *image, uint32_t rva, size_t *len)
{
    return rva < image->size_of_headers ? NULL : pe_string(image, rva, PE_MAX_EXPORT_NAME, len);
}

static enum pe_result read_functions(const struct pe_image *image, struct pe_exports *exports,
                                     const struct pe_directory *dir, uint32_t table_rva)
{
    const uint8_t *table = section_bytes(image, table_rva, (size_t)exports->function_count * 4);

    if (!table)
        return PE_BAD_EXPORT_TABLES;
    for (uint32_t i = 0; i < exports->function_count; i++) {
        struct pe_export *e = &exports->functions[i];
        uint32_t rva = get32(table + (size_t)i * 4);
        size_t len;

        if (rva >= dir->rva && rva - dir->rva < dir->size) {
            e->forwarder = section_string(image, rva, &len);
            if (!e->forwarder || len >= dir->size - (rva - dir->rva))
                return PE_BAD_EXPORT_ADDRESS;
        } else {
            if (rva >= image->size_of_image)
                return PE_BAD_EXPORT_ADDRESS;
            e->rva = rva;
        }
    }
    return PE_OK;
}

static enum pe_result read_names(const struct pe_image *image, struct pe_exports *exports, uint32_t names_rva,
                                 uint32_t ordinals_rva)
{
    const uint8_t *names = section_bytes(image, names_rva, (size_t)exports->name_count * 4);
    const uint8_t *ordinals = section_bytes(image, ordinals_rva, (size_t)exports->name_count * 2);

    if (!names || !ordinals)
        return PE_BAD_EXPORT_TABLES;
    for (uint32_t i = 0; i < exports->name_count; i++) {
        struct pe_export_name *n = &exports->names[i];
        size_t len;

        n->rva = get32(names + (size_t)i * 4);
        n->index = get16(ordinals + (size_t)i * 2);
        n->text = section_string(image, n->rva, &len);
        if (!n->text)
            return PE_BAD_EXPORT_NAME;
        if (n->index >= exports->function_count)
            return PE_BAD_EXPORT_TABLES;
        exports->functions[n->index].name_count++;
    }

    qsort(exports->names, exports->name_count, sizeof(*exports->names), compare_names);
    for (uint32_t i = 1; i < exports->name_count; i++) {
        if (strcmp(exports->names[i - 1].text, exports->names[i].text) == 0)
            return PE_DUPLICATE_EXPORT_NAME;
    }
    return PE_OK;
}

enum pe_result pe_read_exports(const struct pe_image *image, struct pe_exports *exports)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_EXPORT);

    memset(exports, 0, sizeof(*exports));
    if (dir.rva == 0 || dir.size == 0)
        return PE_NO_EXPORTS;
    const uint8_t *p = dir.size >= EXPORT_DIRECTORY_SIZE ? section_bytes(image, dir.rva, dir.size) : NULL;
    if (!p)
        return PE_BAD_EXPORT_DIRECTORY;

    exports->timestamp = get32(p + 4);
    exports->version = get32(p + 8);
    exports->dll_name_rva = get32(p + 12);
    exports->ordinal_base = get32(p + 16);
    exports->function_count = get32(p + 20);
    exports->name_count = get32(p + 24);
    if (exports->function_count == 0 || exports->name_count == 0)
        return PE_NO_EXPORTS;
    if (exports->function_count > PE_MAX_EXPORTS || exports->name_count > PE_MAX_EXPORTS)
        return PE_BAD_EXPORT_TABLES;
    size_t len;
    if (!section_string(image, exports->dll_name_rva, &len))
        return PE_BAD_EXPORT_NAME;

    exports->functions = calloc(exports->function_count, sizeof(*exports->functions));
    exports->names = calloc(exports->name_count, sizeof(*exports->names));
    enum pe_result result = PE_NO_MEMORY;
    if (exports->functions && exports->names)
        result = read_functions(image, exports, &dir, get32(p + 28));
    if (result == PE_OK)
        result = read_names(image, exports, get32(p + 32), get32(p + 36));
    if (result != PE_OK)
        pe_free_exports(exports);
    return result;
}

void pe_free_exports(struct pe_exports *exports)
{
    free(exports->functions);
    free(exports->names);
    memset(exports, 0, sizeof(*exports));
}

struct pe_export_name *pe_find_export(const struct pe_exports *exports, const char *name)
{
    struct pe_export_name key = {.text = name};

    return bsearch(&key, exports->names, exports->name_count, sizeof(*exports->names), compare_names);
}
