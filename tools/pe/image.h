// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_IMAGE_H
#define NTPOOL_PE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "result.h"

#define PE_MACHINE_AMD64       0x8664u
#define PE_FILE_DLL            0x2000u
#define PE_SECTION_HEADER_SIZE 40u
#define PE_MAX_SECTIONS        96u

enum pe_directory_index {
    PE_DIR_EXPORT = 0,
    PE_DIR_IMPORT = 1,
    PE_DIR_SECURITY = 4,
    PE_DIR_DEBUG = 6,
    PE_DIR_LOAD_CONFIG = 10,
    PE_DIR_BOUND_IMPORT = 11,
    PE_DIR_IAT = 12,
    PE_DIR_DELAY_IMPORT = 13,
    PE_DIR_COM = 14, // the header of a .NET image
};

/// A PE32+ file held in memory. After pe_parse every member is consistent with the file's bytes:
/// the headers, the section table and each section's raw data lie inside `data`.
/// Offsets are file offsets.
struct pe_image {
    const uint8_t *data;
    size_t size;
    size_t file_header;
    size_t optional_header;
    size_t section_table;
    uint32_t section_count;
    uint32_t directory_count;
    uint32_t section_alignment;
    uint32_t file_alignment;
    uint32_t size_of_image;
    uint32_t size_of_headers;
    uint16_t machine;
    uint16_t characteristics;
};

struct pe_section {
    uint8_t name[8];
    uint32_t rva;
    uint32_t virtual_size;
    uint32_t raw_offset;
    uint32_t raw_size;
    uint32_t characteristics;
};

struct pe_directory {
    uint32_t rva;
    uint32_t size;
};

/// Reads the headers of a PE32+ file. The image refers to `data`; nothing is copied.
enum pe_result pe_parse(struct pe_image *image, const uint8_t *data, size_t size);

/// The section with this index, which has to be below section_count.
struct pe_section pe_section(const struct pe_image *image, uint32_t index);

/// The data directory with this index; zeros when the file has none.
struct pe_directory pe_directory(const struct pe_image *image, uint32_t index);

/// File offset of a data directory's entry in the optional header, 0 when the file has no such entry.
size_t pe_directory_entry(const struct pe_image *image, uint32_t index);

/// The `len` bytes at an RVA, when all of them are held by the file and contiguous in it; NULL otherwise.
const uint8_t *pe_at(const struct pe_image *image, uint32_t rva, size_t len);

/// True when all of [rva, rva + len) lies in one section of the image, be it held by the file or zeros; `section`, when
/// not NULL, gets that section.
bool pe_section_holding(const struct pe_image *image, uint32_t rva, uint64_t len, struct pe_section *section);

/// The NUL-terminated string at an RVA, of 1 to `max` characters; NULL otherwise. `len` gets its length.
const char *pe_string(const struct pe_image *image, uint32_t rva, size_t max, size_t *len);

#endif
