// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_WRITE_H
#define NTPOOL_PE_WRITE_H

#include "image.h"

/// Where a section appended to an image will lie; known before its content is, because content holds RVAs.
struct pe_new_section {
    uint32_t rva;
    uint32_t raw_offset;
    size_t header; // file offset of its section header
};

/// Finds the place for one more section after everything else in the image and in the file.
enum pe_result pe_plan_section(const struct pe_image *image, struct pe_new_section *place);

/// Makes a copy of the image with one section of initialised read-only data at the planned place.
/// `*out` gets a buffer from malloc; the checksum in it is not yet right.
enum pe_result pe_append_section(const struct pe_image *image, const struct pe_new_section *place, const char name[8],
                                 const uint8_t *content, size_t content_size, uint8_t **out, size_t *out_size);

/// Points a data directory of a file being written to another place. The file has to be a parsed image's copy.
void pe_set_directory(const struct pe_image *image, uint8_t *file, uint32_t index, uint32_t rva, uint32_t size);

/// The checksum that belongs into the optional header of this file.
uint32_t pe_checksum(const struct pe_image *image, const uint8_t *file, size_t size);

/// Writes that checksum.
void pe_set_checksum(const struct pe_image *image, uint8_t *file, size_t size);

#endif
