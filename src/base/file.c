/*
 * file: see file.h.
 */
#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int file_read(int fd, struct buf *content)
{
    ssize_t n;

    do {
        int error = buf_reserve(content, 1);

        /* A buffer that is exactly full may hold all of it. */
        if (error == -EMSGSIZE) {
            char more;

            n = read(fd, &more, 1);
            if (n > 0)
                return error;
            continue;
        }
        if (error != 0)
            return error;
        n = read(fd, buf_tail(content), buf_room(content));
        if (n > 0)
            buf_commit(content, (size_t)n);
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 ? -errno : 0;
}

int file_make_folders(const char *path)
{
    char folder[PATH_MAX];
    size_t len = strlen(path);

    if (len >= sizeof(folder))
        return -ENAMETOOLONG;
    memcpy(folder, path, len + 1);
    for (size_t i = 1; i < len; i++) {
        if (folder[i] != '/')
            continue;
        folder[i] = '\0';
        if (mkdir(folder, 0700) != 0 && errno != EEXIST)
            return -errno;
        folder[i] = '/';
    }
    return 0;
}

int file_write(int fd, struct span content)
{
    while (content.len > 0) {
        ssize_t n = write(fd, content.at, content.len);

        if (n < 0 && errno != EINTR)
            return -errno;
        if (n > 0)
            content = span_skip(content, (size_t)n);
    }
    return 0;
}

const char *file_owner_fault(const struct stat *st)
{
    if (st->st_uid != geteuid())
        return "belongs to another user";
    if ((st->st_mode & 022) != 0)
        return "can be written to by other users (chmod go-w helps)";
    return NULL;
}

const char *file_fault(int fd, struct stat *st)
{
    if (fd < 0)
        return errno == ELOOP ? "is a symbolic link" : strerror(errno);
    if (fstat(fd, st) != 0)
        return strerror(errno);
    return S_ISREG(st->st_mode) ? file_owner_fault(st) : "is no regular file";
}

/* 0 or -errno. */
static int keep_owner(int fd, const char *path)
{
    struct stat st;

    if (geteuid() != 0 || lstat(path, &st) != 0)
        return 0;
    return fchown(fd, st.st_uid, st.st_gid) == 0 ? 0 : -errno;
}

int file_replace(const char *path, struct span content, mode_t mode)
{
    char fresh[PATH_MAX];
    int n = snprintf(fresh, sizeof(fresh), "%s.XXXXXX", path);
    int error, fd;

    if (n < 0 || (size_t)n >= sizeof(fresh))
        return -ENAMETOOLONG;
    error = file_make_folders(path);
    if (error != 0)
        return error;
    fd = mkstemp(fresh);
    if (fd < 0)
        return -errno;
    error = keep_owner(fd, path);
    if (error == 0)
        error = file_write(fd, content);
    if (error == 0 && (fchmod(fd, mode) != 0 || fsync(fd) != 0))
        error = -errno;
    if (close(fd) != 0 && error == 0)
        error = -errno;
    if (error == 0 && rename(fresh, path) != 0)
        error = -errno;
    if (error != 0)
        (void)unlink(fresh);
    return error;
}
