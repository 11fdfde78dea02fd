/*
 * run: see run.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* environ, pipe2() */
#endif

#include "pac/run.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

/* 0 or an errno. */
static int start(pid_t *pid, const char *const *argv, int out_fd)
{
    posix_spawn_file_actions_t actions;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return error;
    error = posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0);
    if (error == 0)
        error = posix_spawn_file_actions_adddup2(&actions, out_fd, 1);
    if (error == 0)
        error = posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    if (error == 0)
        error = posix_spawnp(pid, argv[0], &actions, NULL,
                             (char *const *)(uintptr_t)argv, environ);
    (void)posix_spawn_file_actions_destroy(&actions);
    return error;
}

int run_capture(const char *const *argv, struct buf *out)
{
    int ends[2], status = 0, error;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    error = start(&pid, argv, ends[1]);
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        return -error;
    }
    error = file_read(ends[0], out);
    (void)close(ends[0]);
    if (error != 0)
        (void)kill(pid, SIGKILL);
    while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (error != 0)
        return error;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
