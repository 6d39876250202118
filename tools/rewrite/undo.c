// SPDX-License-Identifier: MIT
#include "undo.h"

#include <stdlib.h>
#include <string.h>

#include "bytes.h"

#define MAGIC      "NTPOOLRW"
#define MAGIC_SIZE 8u
#define VERSION    1u
#define HEAD_SIZE  40u
#define PLACE_SIZE 8u

// CRC-64 as in ECMA-182: it is to catch changes by other tools, not forgery.
static uint64_t crc64(const uint8_t *data, size_t size)
{
    uint64_t table[256];
    uint64_t crc = 0;

    for (unsigned i = 0; i < 256; i++) {
        uint64_t c = (uint64_t)i << 56;

        for (int bit = 0; bit < 8; bit++)
            c = c >> 63 ? c << 1 ^ 0x42f0e1eba9ea3693u : c << 1;
        table[i] = c;
    }
    for (size_t i = 0; i < size; i++)
        crc = table[crc >> 56 ^ data[i]] ^ crc << 8;
    return crc;
}

size_t undo_size(const struct undo_places *places)
{
    size_t size = HEAD_SIZE;

    for (uint32_t i = 0; i < places->count; i++)
        size += PLACE_SIZE + places->place[i].size;
    return size;
}

void undo_write(uint8_t *record, const struct pe_image *original, const struct undo_places *places)
{
    memcpy(record, MAGIC, MAGIC_SIZE);
    put32(record + 8, VERSION);
    put32(record + 12, (uint32_t)undo_size(places));
    put64(record + 16, original->size);
    put64(record + 24, crc64(original->data, original->size));
    put32(record + 32, places->count);
    put32(record + 36, 0);
    record += HEAD_SIZE;
    for (uint32_t i = 0; i < places->count; i++) {
        const struct undo_place *place = &places->place[i];

        put32(record, place->offset);
        put32(record + 4, place->size);
        memcpy(record + PLACE_SIZE, original->data + place->offset, place->size);
        record += PLACE_SIZE + place->size;
    }
}

// The record and how many bytes there are of it; NULL when there is none.
static const uint8_t *find_record(const struct pe_image *image, size_t *avail)
{
    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section s = pe_section(image, i);

        if (s.raw_size >= HEAD_SIZE && memcmp(image->data + s.raw_offset, MAGIC, MAGIC_SIZE) == 0) {
            *avail = s.raw_size;
            return image->data + s.raw_offset;
        }
    }
    return NULL;
}

bool undo_is_there(const struct pe_image *image)
{
    size_t avail;

    return find_record(image, &avail) != NULL;
}

// Puts back what the record holds into a file that has the original's size.
static bool put_back(const uint8_t *record, size_t size, uint8_t *file, size_t file_size)
{
    uint32_t count = get32(record + 32);
    size_t at = HEAD_SIZE;

    for (uint32_t i = 0; i < count; i++) {
        if (!within(at, PLACE_SIZE, size))
            return false;
        uint32_t offset = get32(record + at);
        uint32_t length = get32(record + at + 4);
        at += PLACE_SIZE;
        if (!within(at, length, size) || !within(offset, length, file_size))
            return false;
        memcpy(file + offset, record + at, length);
        at += length;
    }
    return at == size;
}

enum pe_result rewrite_undo(const uint8_t *in, size_t size, uint8_t **out, size_t *out_size)
{
    struct pe_image image;
    size_t avail;

    enum pe_result result = pe_parse(&image, in, size);
    if (result != PE_OK)
        return result;
    const uint8_t *record = find_record(&image, &avail);
    if (!record)
        return PE_NOT_REWRITTEN;
    uint32_t record_size = get32(record + 12);
    uint64_t original_size = get64(record + 16);
    if (get32(record + 8) != VERSION || record_size < HEAD_SIZE || record_size > avail || original_size == 0 ||
        original_size > (uint64_t)(record - in))
        return PE_BAD_UNDO_DATA;

    uint8_t *file = malloc((size_t)original_size);
    if (!file)
        return PE_NO_MEMORY;
    memcpy(file, in, (size_t)original_size);
    if (!put_back(record, record_size, file, (size_t)original_size))
        result = PE_BAD_UNDO_DATA;
    else if (crc64(file, (size_t)original_size) != get64(record + 24))
        result = PE_CHANGED_SINCE;
    if (result != PE_OK) {
        free(file);
        return result;
    }
    *out = file;
    *out_size = (size_t)original_size;
    return PE_OK;
}
