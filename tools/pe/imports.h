// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_IMPORTS_H
#define NTPOOL_PE_IMPORTS_H

#include "image.h"

#define PE_IMPORT_DESCRIPTOR_SIZE 20u
#define PE_DELAY_DESCRIPTOR_SIZE  32u
#define PE_THUNK_SIZE             8u
#define PE_MAX_IMPORTS            4096u  // descriptors of one kind in a file
#define PE_MAX_IMPORTED           65536u // functions of one descriptor
#define PE_MAX_IMPORT_NAME        65535u

/// An import descriptor, ordinary or delayed, and where the loader takes the names from. Strings point into
/// the image's bytes. All `count` entries of the lookup table, and its end, are held by the file; the `count` slots of
/// the IAT lie in one section of the image.
struct pe_import {
    const char *dll;
    uint32_t descriptor_rva;
    uint32_t dll_rva;
    uint32_t lookup_rva;
    uint32_t iat_rva;
    uint32_t timestamp; // not 0: the IAT holds addresses already ("bound")
    uint32_t count;
    bool lookup_is_iat; // there is no lookup table of its own
};

/// What one slot of an IAT asks for.
struct pe_imported {
    const char *name; // NULL when it is asked for by ordinal
    uint16_t ordinal;
    uint64_t thunk; // the lookup table's entry
};

/// How many import descriptors the file has. Like the loader, it goes by the end mark and not by the directory's size.
enum pe_result pe_count_imports(const struct pe_image *image, uint32_t *count);

/// Reads and checks the descriptor with this index, which has to be below that count.
enum pe_result pe_read_import(const struct pe_image *image, uint32_t index, struct pe_import *import);

/// The same for delay-load descriptors. Only those that hold RVAs are understood; 64-bit files have no others.
enum pe_result pe_count_delay_imports(const struct pe_image *image, uint32_t *count);
enum pe_result pe_read_delay_import(const struct pe_image *image, uint32_t index, struct pe_import *import);

/// What slot `index` of an import, below its count, asks for.
enum pe_result pe_read_imported(const struct pe_image *image, const struct pe_import *import, uint32_t index,
                                struct pe_imported *imported);

#endif
