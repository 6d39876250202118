// SPDX-License-Identifier: MIT
#ifndef NTPOOL_TESTS_LOAD_IMAGE_H
#define NTPOOL_TESTS_LOAD_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// A file as the loader sees it: mapped, with what each slot of its import address tables would get. It shares no code
/// with the library, and no caution: only files that the library has taken may come here.
struct loaded {
    uint8_t *memory;
    size_t size;
    struct loaded_slot *slots;
    size_t slot_count;
    bool good; // false: too large for a test, or the loader would fail
};

struct loaded_slot {
    uint32_t rva;
    const char *dll;
    const char *name; // NULL for an ordinal
    uint16_t ordinal;
    bool delayed;
};

struct loaded load_image(const uint8_t *file, size_t size);
void unload_image(struct loaded *loaded);

#endif
