// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "file-io.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

uint8_t *file_read(const char *path, size_t max, size_t *size)
{
    size_t capacity = 1u << 16;
    size_t used = 0;
    uint8_t *buffer = NULL;
    int error = 0;

    FILE *f = fopen(path, "rb");
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

static bool write_all(int fd, const uint8_t *data, size_t size)
{
    while (size > 0) {
        ssize_t n = write(fd, data, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        data += n;
        size -= (size_t)n;
    }
    mode_t mask = umask(0);
    umask(mask);
    return fchmod(fd, 0666 & ~mask) == 0 && fsync(fd) == 0;
}

bool file_replace(const char *path, const uint8_t *data, size_t size)
{
    char *temporary;

    if (asprintf(&temporary, "%s.XXXXXX", path) < 0) {
        errno = ENOMEM;
        return false;
    }
    int error = 0;
    int fd = mkstemp(temporary);
    if (fd < 0) {
        error = errno;
    } else {
        if (!write_all(fd, data, size))
            error = errno;
        if (close(fd) != 0 && !error)
            error = errno;
        if (!error && rename(temporary, path) != 0)
            error = errno;
        if (error)
            unlink(temporary);
    }
    free(temporary);
    errno = error;
    return error == 0;
}
