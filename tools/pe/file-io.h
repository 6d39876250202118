// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_FILE_IO_H
#define NTPOOL_PE_FILE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/// Reads a whole file of at most `max` bytes into a buffer from malloc, with a NUL after its end.
/// On failure returns NULL with errno set: EFBIG for a file that is too large.
uint8_t *file_read(const char *path, size_t max, size_t *size);

/// Writes a file so that under its name there is never half of it: a temporary file beside it, flushed to
/// disk, renamed over it. On failure returns false with errno set, and leaves nothing behind.
bool file_replace(const char *path, const uint8_t *data, size_t size);

#endif
