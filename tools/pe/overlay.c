// SPDX-License-Identifier: MIT
#include "overlay.h"

#include "bytes.h"

#define DEBUG_ENTRY_SIZE  28u
#define MAX_DEBUG_ENTRIES 64u
#define SYMBOL_SIZE       18u

struct claims {
    struct pe_span spans[MAX_DEBUG_ENTRIES + 2];
    uint32_t count;
};

static void claim(struct claims *claims, const struct pe_image *image, uint64_t start, uint64_t size)
{
    if (size != 0 && within(start, size, image->size)) {
        claims->spans[claims->count].start = start;
        claims->spans[claims->count++].size = size;
    }
}

// The symbol table, and the string table behind it, which begins with its own size.
static void claim_symbols(struct claims *claims, const struct pe_image *image)
{
    uint64_t start = get32(image->data + image->file_header + 8);
    uint64_t size = (uint64_t)get32(image->data + image->file_header + 12) * SYMBOL_SIZE;

    if (start == 0 || !within(start, size + 4, image->size))
        return;
    claim(claims, image, start, size + get32(image->data + start + size));
}

static void claim_debug_data(struct claims *claims, const struct pe_image *image)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_DEBUG);
    uint32_t count = dir.size / DEBUG_ENTRY_SIZE;
    const uint8_t *entries = dir.rva ? pe_at(image, dir.rva, dir.size) : NULL;

    for (uint32_t i = 0; entries && i < count && i < MAX_DEBUG_ENTRIES; i++) {
        const uint8_t *entry = entries + (size_t)i * DEBUG_ENTRY_SIZE;

        claim(claims, image, get32(entry + 24), get32(entry + 16));
    }
}

struct pe_span pe_overlay(const struct pe_image *image)
{
    uint64_t end = image->size_of_headers;

    for (uint32_t i = 0; i < image->section_count; i++) {
        struct pe_section s = pe_section(image, i);

        if (s.raw_size != 0 && (uint64_t)s.raw_offset + s.raw_size > end)
            end = (uint64_t)s.raw_offset + s.raw_size;
    }
    struct pe_span overlay = {end, image->size - end};
    return overlay;
}

struct pe_span pe_certificates(const struct pe_image *image)
{
    struct pe_directory dir = pe_directory(image, PE_DIR_SECURITY);
    struct pe_span span = {0, 0};

    // This directory alone holds a file offset in place of an RVA.
    if (dir.size != 0 && within(dir.rva, dir.size, image->size)) {
        span.start = dir.rva;
        span.size = dir.size;
    }
    return span;
}

// Where the claim that holds this byte ends; the byte's own place when none does.
static uint64_t end_of_claim(const struct claims *claims, uint64_t at)
{
    uint64_t end = at;

    for (uint32_t i = 0; i < claims->count; i++) {
        uint64_t claim_end = claims->spans[i].start + claims->spans[i].size;

        if (claims->spans[i].start <= at && claim_end > end)
            end = claim_end;
    }
    return end;
}

struct pe_span pe_unknown_overlay(const struct pe_image *image)
{
    struct pe_span overlay = pe_overlay(image);
    struct pe_span certificates = pe_certificates(image);
    struct pe_span unknown = {0, 0};
    struct claims claims = {.count = 0};

    claim(&claims, image, certificates.start, certificates.size);
    claim_symbols(&claims, image);
    claim_debug_data(&claims, image);

    // Zeros are passed over first: at most one look at the claims for each byte that is none.
    for (uint64_t at = overlay.start; at < image->size;) {
        uint64_t end = image->data[at] == 0 ? at + 1 : end_of_claim(&claims, at);

        if (end == at) {
            if (unknown.size == 0)
                unknown.start = at;
            unknown.size = ++at - unknown.start;
        } else {
            at = end;
        }
    }
    return unknown;
}
