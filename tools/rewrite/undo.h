// SPDX-License-Identifier: MIT
#ifndef NTPOOL_REWRITE_UNDO_H
#define NTPOOL_REWRITE_UNDO_H

#include "image.h"

/// A place of the original that a rewriting changes.
struct undo_place {
    uint32_t offset;
    uint32_t size;
};

/// The places, inside the original; they may overlap.
struct undo_places {
    struct undo_place *place;
    uint32_t count;
};

/// Bytes that undo_write fills.
size_t undo_size(const struct undo_places *places);

/// Writes what gives the original back: its size, its checksum, and what it holds at these places.
void undo_write(uint8_t *record, const struct pe_image *original, const struct undo_places *places);

/// Whether a section of this file holds such a record at its start.
bool undo_is_there(const struct pe_image *image);

/// Makes the original of a rewritten file. What was added behind the rewritten file, and a certificate, do no harm.
/// `in` may hold anything. On success `*out` gets a buffer from malloc; on failure it is left alone.
enum pe_result rewrite_undo(const uint8_t *in, size_t size, uint8_t **out, size_t *out_size);

#endif
