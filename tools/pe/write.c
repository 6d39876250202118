// SPDX-License-Identifier: MIT
#include "write.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define INITIALIZED_READ_ONLY 0x40000040u
#define CHECKSUM_FIELD        64u

enum pe_result pe_plan_section(const struct pe_image *image, struct pe_new_section *place)
{
    if (image->section_count >= PE_MAX_SECTIONS)
        return PE_NO_HEADER_ROOM;
    place->header = image->section_table + (size_t)image->section_count * PE_SECTION_HEADER_SIZE;
    if (!within(place->header, PE_SECTION_HEADER_SIZE, image->size_of_headers))
        return PE_NO_HEADER_ROOM;
    for (size_t i = 0; i < PE_SECTION_HEADER_SIZE; i++) {
        if (image->data[place->header + i] != 0)
            return PE_NO_HEADER_ROOM;
    }

    uint64_t rva = align_up(image->size_of_image, image->section_alignment);
    uint64_t raw = align_up(image->size, image->file_alignment);
    if (rva > INT32_MAX || raw > INT32_MAX)
        return PE_TOO_LARGE;
    place->rva = (uint32_t)rva;
    place->raw_offset = (uint32_t)raw;
    return PE_OK;
}

static void grow_headers(const struct pe_image *image, uint8_t *file, const struct pe_new_section *place,
                         const char name[8], uint32_t content_size, uint32_t raw_size)
{
    uint8_t *header = file + place->header;
    uint8_t *opt = file + image->optional_header;
    uint64_t image_end = align_up((uint64_t)place->rva + content_size, image->section_alignment);

    memcpy(header, name, 8);
    put32(header + 8, content_size);
    put32(header + 12, place->rva);
    put32(header + 16, raw_size);
    put32(header + 20, place->raw_offset);
    put32(header + 36, INITIALIZED_READ_ONLY);
    put16(file + image->file_header + 2, (uint16_t)(image->section_count + 1));
    put32(opt + 8, get32(opt + 8) + raw_size);
    put32(opt + 56, (uint32_t)image_end);
}

enum pe_result pe_append_section(const struct pe_image *image, const struct pe_new_section *place, const char name[8],
                                 const uint8_t *content, size_t content_size, uint8_t **out, size_t *out_size)
{
    if (content_size == 0 || content_size > INT32_MAX)
        return PE_TOO_LARGE;
    uint64_t raw_size = align_up(content_size, image->file_alignment);
    uint64_t total = place->raw_offset + raw_size;
    if (total > INT32_MAX || align_up(place->rva + (uint64_t)content_size, image->section_alignment) > INT32_MAX)
        return PE_TOO_LARGE;

    uint8_t *file = calloc(1, (size_t)total);
    if (!file)
        return PE_NO_MEMORY;
    memcpy(file, image->data, image->size);
    memcpy(file + place->raw_offset, content, content_size);
    grow_headers(image, file, place, name, (uint32_t)content_size, (uint32_t)raw_size);
    *out = file;
    *out_size = (size_t)total;
    return PE_OK;
}

void pe_set_directory(const struct pe_image *image, uint8_t *file, uint32_t index, uint32_t rva, uint32_t size)
{
    size_t entry = pe_directory_entry(image, index);

    if (entry) {
        put32(file + entry, rva);
        put32(file + entry + 4, size);
    }
}

uint32_t pe_checksum(const struct pe_image *image, const uint8_t *file, size_t size)
{
    size_t skip = image->optional_header + CHECKSUM_FIELD;
    uint32_t sum = 0;

    // The field may lie at an odd offset, so its bytes, not its words, count as zero.
    for (size_t i = 0; i < size; i += 2) {
        uint32_t low = i - skip < 4 ? 0 : file[i];
        uint32_t high = i + 1 >= size || i + 1 - skip < 4 ? 0 : file[i + 1];

        sum += low | high << 8;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return sum + (uint32_t)size;
}

void pe_set_checksum(const struct pe_image *image, uint8_t *file, size_t size)
{
    put32(file + image->optional_header + CHECKSUM_FIELD, pe_checksum(image, file, size));
}
