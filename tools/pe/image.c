// SPDX-License-Identifier: MIT
#include "image.h"

#include <string.h>

#include "bytes.h"

#define DOS_HEADER_SIZE      64u
#define FILE_HEADER_SIZE     20u
#define OPTIONAL_FIXED_SIZE  112u
#define DIRECTORY_ENTRY_SIZE 8u
#define MAX_DIRECTORIES      16u
#define SECTOR               512u

static enum pe_result parse_optional_header(struct pe_image *image, uint32_t optional_size)
{
    const uint8_t *opt = image->data + image->optional_header;

    if (optional_size < 2 || !within(image->optional_header, optional_size, image->size))
        return PE_BAD_OPTIONAL_HEADER;
    if (get16(opt) == 0x10b)
        return PE_IS_PE32;
    if (get16(opt) != 0x20b)
        return PE_BAD_MAGIC;
    if (optional_size < OPTIONAL_FIXED_SIZE)
        return PE_BAD_OPTIONAL_HEADER;

    image->section_alignment = get32(opt + 32);
    image->file_alignment = get32(opt + 36);
    image->size_of_image = get32(opt + 56);
    image->size_of_headers = get32(opt + 60);
    image->directory_count = get32(opt + 108);
    if (image->directory_count > MAX_DIRECTORIES)
        return PE_BAD_OPTIONAL_HEADER;
    if (optional_size < OPTIONAL_FIXED_SIZE + image->directory_count * DIRECTORY_ENTRY_SIZE)
        return PE_BAD_OPTIONAL_HEADER;

    // Files mapped flat (section alignment below a page) follow other rules and are not handled.
    if (!is_power_of_two(image->file_alignment) || !is_power_of_two(image->section_alignment) ||
        image->file_alignment < SECTOR || image->file_alignment > 0x10000 || image->section_alignment < 0x1000 ||
        image->section_alignment > 0x1000000 || image->file_alignment > image->section_alignment)
        return PE_BAD_ALIGNMENT;
    return PE_OK;
}

static enum pe_result check_sections(const struct pe_image *image)
{
    uint64_t end = align_up(image->size_of_headers, image->section_alignment);

    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section s = pe_section(image, i);
        uint32_t span = s.virtual_size ? s.virtual_size : s.raw_size;

        if (s.rva < end || s.rva % image->section_alignment)
            return PE_BAD_SECTION;
        end = align_up((uint64_t)s.rva + span, image->section_alignment);
        if (end > align_up(image->size_of_image, image->section_alignment))
            return PE_BAD_SECTION;
        if (s.raw_size == 0)
            continue;
        // The loader rounds the raw offset down to a sector; where that changes it, two readers would disagree.
        if (s.raw_offset % SECTOR || s.raw_offset < image->size_of_headers ||
            !within(s.raw_offset, s.raw_size, image->size))
            return PE_BAD_SECTION;
    }
    return PE_OK;
}

enum pe_result pe_parse(struct pe_image *image, const uint8_t *data, size_t size)
{
    memset(image, 0, sizeof(*image));
    image->data = data;
    image->size = size;
    if (size > INT32_MAX)
        return PE_TOO_LARGE;
    if (size < DOS_HEADER_SIZE || data[0] != 'M' || data[1] != 'Z')
        return PE_NOT_MZ;

    uint32_t pe_offset = get32(data + 60);
    if (pe_offset < DOS_HEADER_SIZE || !within(pe_offset, 4 + FILE_HEADER_SIZE, size) ||
        memcmp(data + pe_offset, "PE\0\0", 4) != 0)
        return PE_NOT_PE;

    image->file_header = pe_offset + 4;
    image->optional_header = image->file_header + FILE_HEADER_SIZE;
    const uint8_t *header = data + image->file_header;
    uint32_t optional_size = get16(header + 16);
    image->machine = get16(header);
    image->section_count = get16(header + 2);
    image->characteristics = get16(header + 18);

    enum pe_result result = parse_optional_header(image, optional_size);
    if (result != PE_OK)
        return result;

    if (image->section_count == 0 || image->section_count > PE_MAX_SECTIONS)
        return PE_BAD_SECTION_COUNT;
    image->section_table = image->optional_header + optional_size;
    if (image->size_of_headers > size || image->size_of_headers > image->size_of_image ||
        !within(image->section_table, image->section_count * PE_SECTION_HEADER_SIZE, image->size_of_headers))
        return PE_BAD_HEADERS_SIZE;
    return check_sections(image);
}

struct pe_section pe_section(const struct pe_image *image, uint32_t index)
{
    const uint8_t *p = image->data + image->section_table + (size_t)index * PE_SECTION_HEADER_SIZE;
    struct pe_section s;

    memcpy(s.name, p, sizeof(s.name));
    s.virtual_size = get32(p + 8);
    s.rva = get32(p + 12);
    s.raw_size = get32(p + 16);
    s.raw_offset = get32(p + 20);
    s.characteristics = get32(p + 36);
    return s;
}

size_t pe_directory_entry(const struct pe_image *image, uint32_t index)
{
    if (index >= image->directory_count)
        return 0;
    return image->optional_header + OPTIONAL_FIXED_SIZE + index * DIRECTORY_ENTRY_SIZE;
}

struct pe_directory pe_directory(const struct pe_image *image, uint32_t index)
{
    struct pe_directory dir = {0, 0};
    size_t entry = pe_directory_entry(image, index);

    if (entry) {
        dir.rva = get32(image->data + entry);
        dir.size = get32(image->data + entry + 4);
    }
    return dir;
}

// The bytes that the file holds from an RVA to the end of its section; NULL when there are none.
static const uint8_t *file_bytes(const struct pe_image *image, uint32_t rva, size_t *avail)
{
    if (rva < image->size_of_headers) {
        *avail = image->size_of_headers - rva;
        return image->data + rva;
    }
    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section s = pe_section(image, i);
        uint32_t held = s.virtual_size && s.virtual_size < s.raw_size ? s.virtual_size : s.raw_size;

        if (rva >= s.rva && rva - s.rva < held) {
            *avail = held - (rva - s.rva);
            return image->data + s.raw_offset + (rva - s.rva);
        }
    }
    return NULL;
}

const uint8_t *pe_at(const struct pe_image *image, uint32_t rva, size_t len)
{
    size_t avail;
    const uint8_t *p = file_bytes(image, rva, &avail);

    return p && len <= avail ? p : NULL;
}

bool pe_section_holding(const struct pe_image *image, uint32_t rva, uint64_t len, struct pe_section *section)
{
    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section s = pe_section(image, i);

        if (rva >= s.rva && within(rva - s.rva, len, s.virtual_size ? s.virtual_size : s.raw_size)) {
            if (section)
                *section = s;
            return true;
        }
    }
    return false;
}

const char *pe_string(const struct pe_image *image, uint32_t rva, size_t max, size_t *len)
{
    size_t avail;
    const uint8_t *p = file_bytes(image, rva, &avail);

    if (!p)
        return NULL;
    if (avail > max)
        avail = max + 1;
    const uint8_t *nul = memchr(p, 0, avail);
    if (!nul || nul == p)
        return NULL;
    *len = (size_t)(nul - p);
    return (const char *)p;
}
