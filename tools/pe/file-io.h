// SPDX-License-Identifier: MIT
#ifndef NTPOOL_PE_FILE_IO_H
#define NTPOOL_PE_FILE_IO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

// Paths are UTF-8 on Windows, and bytes elsewhere. What fails sets errno.

enum file_kind {
    FILE_IS_MISSING,
    FILE_IS_REGULAR,
    FILE_IS_OTHER, // a folder, a device, or nothing that can be looked at
};

enum file_kind file_kind(const char *path);

/// Whether both paths lead to the same file. False when one of them leads nowhere.
bool file_is_same(const char *a, const char *b);

/// The path of a file that is there, with links followed: what has to be replaced to change it. From malloc.
char *file_resolve(const char *path);

/// Reads a whole file of at most `max` bytes into a buffer from malloc, with a NUL after its end.
/// On failure returns NULL with errno set: EFBIG for a file that is too large.
uint8_t *file_read(const char *path, size_t max, size_t *size);

/// Writes a file so that under its name there is never half of it: a temporary file beside it, flushed to
/// disk, renamed over it. It gets the permissions and, where possible, the owner of the file `like`; those of a new
/// file when that is NULL. (On Windows it always gets those of a new file.) On failure returns false with errno set,
/// and leaves nothing behind.
bool file_replace(const char *path, const uint8_t *data, size_t size, const char *like);

/// fopen(path, "rb").
FILE *file_open_to_read(const char *path);

#endif
