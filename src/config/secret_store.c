/*
 * secret_store: a password into a file that secret_from_file() will take. See secret.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/secret.h"

/* Makes the folders of the path that are missing, for us alone. 0 or an errno. */
static int make_folders(char *path)
{
    for (char *slash = strchr(path + 1, '/'); slash != NULL;
         slash = strchr(slash + 1, '/')) {
        int error;

        *slash = '\0';
        error = mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : errno;
        *slash = '/';
        if (error != 0)
            return error;
    }
    return 0;
}

static int write_line(int fd, struct span line)
{
    const struct span parts[2] = {line, SPAN("\n")};

    for (size_t i = 0; i < 2; i++)
        for (struct span rest = parts[i]; rest.len > 0;) {
            ssize_t n = write(fd, rest.at, rest.len);

            if (n < 0 && errno != EINTR)
                return errno;
            if (n > 0)
                rest = span_skip(rest, (size_t)n);
        }
    return fsync(fd) == 0 ? 0 : errno;
}

/* What root replaces for a service keeps the owner that can read it. */
static int keep_owner(int fd, const char *path)
{
    struct stat st;

    if (geteuid() != 0 || stat(path, &st) != 0 || st.st_uid == 0)
        return 0;
    return fchown(fd, st.st_uid, st.st_gid) == 0 ? 0 : errno;
}

/* 0 or an errno. The name is the file's only when all of it is on the disk. */
static int replace(const char *path, const struct secret *secret)
{
    char scratch[PATH_MAX];
    int n = snprintf(scratch, sizeof(scratch), "%s.XXXXXX", path);
    int error, fd;

    if (n < 0 || (size_t)n >= sizeof(scratch))
        return ENAMETOOLONG;
    error = make_folders(scratch);
    if (error != 0)
        return error;
    fd = mkstemp(scratch); /* of mode 0600 */
    if (fd < 0)
        return errno;
    error = keep_owner(fd, path);
    if (error == 0)
        error = write_line(fd, secret_reveal(secret));
    if (close(fd) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(scratch, path) != 0)
        error = errno;
    if (error != 0)
        unlink(scratch);
    return error;
}

bool secret_to_file(const char *path, const struct secret *secret, char *why,
                    size_t why_size)
{
    char *target = realpath(path, NULL); /* a link stays one */
    int error = replace(target != NULL ? target : path, secret);

    free(target);
    if (error != 0)
        snprintf(why, why_size, "%s: %s", path, strerror(error));
    return error == 0;
}
