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
#include <stdint.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/spawn.h"

/* captured: the descriptor of the program whose text is wanted. */
static int run(const char *const *argv, int captured, struct buf *out)
{
    struct spawn_fd fds[] = {{0, -1}, {1, -1}, {2, -1}};
    int ends[2], status = 0, error;
    pid_t pid;

    if (pipe2(ends, O_CLOEXEC) != 0)
        return -errno;
    fds[captured].from = ends[1];
    error = spawn_start(&pid, &(struct spawn_options){
                                  .program = argv[0],
                                  .argv = (char *const *)(uintptr_t)argv,
                                  .environment = environ,
                                  .fds = fds,
                                  .fd_count = sizeof(fds) / sizeof(fds[0]),
                              });
    (void)close(ends[1]);
    if (error != 0) {
        (void)close(ends[0]);
        return error;
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

int run_capture(const char *const *argv, struct buf *out)
{
    return run(argv, STDOUT_FILENO, out);
}

int run_capture_errors(const char *const *argv, struct buf *out)
{
    return run(argv, STDERR_FILENO, out);
}
