/*
 * background: see background.h.
 */
#include "background.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- the two forks ---- */

static bool wait_for_byte(int fd)
{
    char byte;
    ssize_t n;

    do
        n = read(fd, &byte, 1);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static void reap(pid_t child)
{
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        continue;
}

/* In the first child: its child is no session leader, so it never gets a terminal. */
static void leave_session(void)
{
    pid_t child;

    if (setsid() < 0)
        _exit(1);
    child = fork();
    if (child != 0)
        _exit(child < 0 ? 1 : 0);
}

enum background_side background_start(int *ready, int *status)
{
    int pipes[2];
    pid_t child;

    if (pipe(pipes) != 0)
        return BACKGROUND_FAILED;
    child = fork();
    if (child < 0) {
        int error = errno;

        close(pipes[0]);
        close(pipes[1]);
        errno = error;
        return BACKGROUND_FAILED;
    }
    if (child == 0) {
        close(pipes[0]);
        leave_session();
        *ready = pipes[1];
        return BACKGROUND_CHILD;
    }
    close(pipes[1]);
    reap(child);
    *status = wait_for_byte(pipes[0]) ? EXIT_SUCCESS : EXIT_FAILURE;
    close(pipes[0]);
    return BACKGROUND_PARENT;
}

void background_ready(int ready)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);
    ssize_t n;

    for (int fd = 0; fd < 3 && null >= 0; fd++)
        dup2(null, fd);
    if (null >= 3)
        close(null);
    do
        n = write(ready, "", 1);
    while (n < 0 && errno == EINTR);
    close(ready);
}

/* ---- the rest ---- */

void background_fill_standard(void)
{
    int fd;

    /* open() takes the lowest free number. */
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd < 3);
    if (fd >= 3)
        close(fd);
}

void background_raise_files(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    (void)setrlimit(RLIMIT_NOFILE, &limit);
}

static const char *folder_fault(const char *path)
{
    struct stat st;

    if (lstat(path, &st) != 0)
        return strerror(errno);
    if (S_ISLNK(st.st_mode))
        return "is a symbolic link, which another user may have put there";
    if (!S_ISDIR(st.st_mode))
        return "is no folder";
    if (st.st_uid != geteuid())
        return "belongs to another user";
    if ((st.st_mode & 022) != 0)
        return "can be written to by other users (chmod 700 helps)";
    return NULL;
}

bool background_make_folder(const char *path, struct buf *messages)
{
    const char *fault;

    if (mkdir(path, 0700) != 0 && errno != EEXIST)
        fault = strerror(errno);
    else
        fault = folder_fault(path);
    if (fault == NULL)
        return true;
    (void)buf_printf(messages,
                     "the runtime folder %s: %s\n  choose another one with "
                     "--runtime-dir\n",
                     path, fault);
    return false;
}
