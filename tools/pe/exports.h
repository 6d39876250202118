// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_EXPORTS_H
#define NTPOOL_PE_EXPORTS_H

#include "image.h"

#define PE_MAX_EXPORTS     65536u
#define PE_MAX_EXPORT_NAME 2048u

/// One slot of the function table. Its ordinal is the table's base plus its index.
struct pe_export {
    uint32_t rva;          // of the code or data; 0 in an empty slot and in a forwarder
    const char *forwarder; // "module.name", NULL when this is not a forwarder
    uint32_t name_count;   // how many names lead here
};

/// One entry of the name table.
struct pe_export_name {
    const char *text;
    uint32_t rva;   // where the string lies in the image
    uint32_t index; // into the function table
};

/// An export directory as tables. Strings point into the image's bytes.
struct pe_exports {
    uint32_t timestamp;
    uint32_t version;
    uint32_t dll_name_rva;
    uint32_t ordinal_base;
    struct pe_export *functions;
    uint32_t function_count;
    struct pe_export_name *names; // sorted by strcmp, no two the same
    uint32_t name_count;
};

/// Reads the export directory and checks all of it. On success, release with pe_free_exports.
enum pe_result pe_read_exports(const struct pe_image *image, struct pe_exports *exports);

void pe_free_exports(struct pe_exports *exports);

/// The entry of this name, or NULL.
struct pe_export_name *pe_find_export(const struct pe_exports *exports, const char *name);

#endif
