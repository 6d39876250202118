// SPDX-License-Identifier: MIT
/*
 * Reads the modules of this process as they lie in memory. The loader has accepted them, but not looked at all that is
 * read here, so every offset is checked against the image's size.
 */
#ifndef NTPOOL_REDIRECT_IMAGE_H
#define NTPOOL_REDIRECT_IMAGE_H

#include "nt/windows/ntdll.h"

#include <stdint.h>

struct image {
    char *base;
    uint32_t size;
    IMAGE_NT_HEADERS64 *headers;
};

/** False: no 64-bit image. */
bool image_open(struct image *image, void *base);

/** The size bytes at an offset; NULL when they do not all lie in the image. */
static inline void *image_at(const struct image *image, uint64_t offset, uint64_t size)
{
    return offset && offset < image->size && size <= image->size - offset ? image->base + offset : NULL;
}

/** The text at an offset, of less than most characters; NULL when there is none. */
const char *image_text(const struct image *image, uint64_t offset, uint32_t most);

/** A data directory; NULL when the image has none. */
const IMAGE_DATA_DIRECTORY *image_directory(const struct image *image, unsigned index);

static inline bool image_contains(const struct image *image, uint64_t address)
{
    return address - (uint64_t)(uintptr_t)image->base < image->size;
}

/** Writes where the image is perhaps read-only; it is again afterwards. False: the system refused. */
bool image_write(void *to, const void *from, size_t size);

#endif
