/*
 * pidfile: see pidfile.h. The lock, not the number, says whether somebody lives:
 * numbers are used again, and locks end with their process.
 */
#include "pidfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ATTEMPTS = 8, TEXT_SIZE = 32 };

struct pidfile {
    int fd;
    char *path;
};

/* Whether the path still names the open file; another ccgate may just have removed it.
 */
static bool is_same_file(int fd, const char *path)
{
    struct stat open_one, named;

    return fstat(fd, &open_one) == 0 && lstat(path, &named) == 0 &&
           open_one.st_dev == named.st_dev && open_one.st_ino == named.st_ino;
}

/* A locked descriptor or -errno; EWOULDBLOCK leaves *holder with the number inside. */
static int open_locked(const char *path, char holder[TEXT_SIZE])
{
    for (int i = 0; i < ATTEMPTS; i++) {
        int fd =
            open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
        int error;

        if (fd < 0)
            return -errno;
        if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
            ssize_t n = pread(fd, holder, TEXT_SIZE - 1, 0);

            error = errno;
            holder[n > 0 ? n : 0] = '\0';
            holder[strcspn(holder, "\n")] = '\0';
            close(fd);
            return -error;
        }
        if (is_same_file(fd, path))
            return fd;
        close(fd);
    }
    return -EAGAIN;
}

/* Empty, or a number and a line feed: nothing else is ever overwritten. */
static bool is_pidfile(int fd)
{
    char text[TEXT_SIZE];
    struct stat st;
    ssize_t n = pread(fd, text, sizeof(text), 0);
    struct span content = {text, n > 0 ? (size_t)n : 0};
    uint64_t number;

    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode) || n < 0)
        return false;
    if (content.len == 0)
        return true;
    if (content.at[content.len - 1] == '\n')
        content.len--;
    return span_to_u64(content, &number);
}

static bool write_pid(int fd)
{
    char text[TEXT_SIZE];
    int n = snprintf(text, sizeof(text), "%ld\n", (long)getpid());

    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

struct pidfile *pidfile_open(const char *path, struct buf *messages)
{
    char holder[TEXT_SIZE] = "";
    struct pidfile *pidfile = calloc(1, sizeof(*pidfile));
    int fd = pidfile != NULL ? open_locked(path, holder) : -ENOMEM;

    if (fd == -EWOULDBLOCK && holder[0] != '\0')
        (void)buf_printf(
            messages, "pidfile %s: process %.20s holds it; \"ccgate stop\" ends it\n",
            path, holder);
    else if (fd < 0)
        (void)buf_printf(messages, "pidfile %s: %s\n", path, strerror(-fd));
    if (fd < 0)
        goto out;
    if (!is_pidfile(fd)) {
        (void)buf_printf(messages,
                         "pidfile %s: this file holds something else than a process id "
                         "and is left alone\n",
                         path);
        goto out;
    }
    pidfile->path = span_dup(span_of(path));
    if (pidfile->path == NULL || !write_pid(fd)) {
        (void)buf_printf(messages, "pidfile %s: %s\n", path, strerror(errno));
        goto out;
    }
    pidfile->fd = fd;
    return pidfile;
out:
    if (fd >= 0)
        close(fd);
    if (pidfile != NULL)
        free(pidfile->path);
    free(pidfile);
    return NULL;
}

void pidfile_close(struct pidfile *pidfile)
{
    if (pidfile == NULL)
        return;
    if (is_same_file(pidfile->fd, pidfile->path))
        unlink(pidfile->path);
    close(pidfile->fd);
    free(pidfile->path);
    free(pidfile);
}
