// SPDX-License-Identifier: MIT
#define _GNU_SOURCE
#include "file-io.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum file_kind file_kind(const char *path)
{
    struct stat st;

    // A link that leads nowhere is in the way of a new file, so it is not missing.
    if (stat(path, &st) == 0)
        return S_ISREG(st.st_mode) ? FILE_IS_REGULAR : FILE_IS_OTHER;
    return errno == ENOENT && lstat(path, &st) != 0 ? FILE_IS_MISSING : FILE_IS_OTHER;
}

bool file_is_same(const char *a, const char *b)
{
    struct stat x;
    struct stat y;

    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

char *file_resolve(const char *path)
{
    return realpath(path, NULL);
}

FILE *file_open_to_read(const char *path)
{
    return fopen(path, "rb");
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
    return true;
}

// mkstemp makes files that nobody else may read.
static bool set_permissions(int fd, const char *like)
{
    mode_t mode;

    if (like) {
        struct stat st;

        if (stat(like, &st) != 0)
            return false;
        // Another user's file can only be given back by root; then the special bits must not apply to the new owner.
        mode = st.st_mode & (fchown(fd, st.st_uid, st.st_gid) == 0 ? 07777 : 0777);
    } else {
        mode_t mask = umask(0);

        umask(mask);
        mode = 0666 & ~mask;
    }
    return fchmod(fd, mode) == 0;
}

// Once the folder is on disk too, the new name outlives a power failure. Not every file system can do it, and the file
// is whole in any case.
static void flush_folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    char *folder = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");

    if (folder) {
        int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd >= 0) {
            fsync(fd);
            close(fd);
        }
    }
    free(folder);
}

bool file_replace(const char *path, const uint8_t *data, size_t size, const char *like)
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
        if (!write_all(fd, data, size) || !set_permissions(fd, like) || fsync(fd) != 0)
            error = errno;
        if (close(fd) != 0 && !error)
            error = errno;
        if (!error && rename(temporary, path) != 0)
            error = errno;
        if (error)
            unlink(temporary);
        else
            flush_folder_of(path);
    }
    free(temporary);
    errno = error;
    return error == 0;
}
