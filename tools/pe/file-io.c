// SPDX-License-Identifier: MIT
#include "file-io.h"

#include <errno.h>
#include <stdlib.h>

uint8_t *file_read(const char *path, size_t max, size_t *size)
{
    size_t capacity = 1u << 16;
    size_t used = 0;
    uint8_t *buffer = NULL;
    int error = 0;

    FILE *f = file_open_to_read(path);
    if (!f)
        return NULL;
    do {
        if (!buffer || used == capacity) {
            capacity *= 2;
            uint8_t *larger = realloc(buffer, capacity + 1);
            if (!larger) {
                error = ENOMEM;
                break;
            }
            buffer = larger;
        }
        used += fread(buffer + used, 1, capacity - used, f);
        if (ferror(f))
            error = errno;
        else if (used > max)
            error = EFBIG;
    } while (!error && !feof(f));
    fclose(f);

    if (error) {
        free(buffer);
        errno = error;
        return NULL;
    }
    buffer[used] = 0;
    *size = used;
    return buffer;
}
