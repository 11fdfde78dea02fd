/*
 * spawn: starts other programs.
 */
#ifndef CCGATE_BASE_SPAWN_H
#define CCGATE_BASE_SPAWN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* A descriptor that the program is given. */
struct spawn_fd {
    int to;
    int from; /* one of ours; -1: /dev/null */
};

struct spawn_options {
    const char *program; /* a path, or a name that is found by PATH */
    char *const *argv;
    char *const *environment;
    const struct spawn_fd *fds; /* done in this order */
    size_t fd_count;
    bool session; /* one of its own: it can ask nothing on our terminal, and is killed
                     with whatever it started */
};

/*
 * No signal is blocked or ignored in it, since the daemon ignores SIGPIPE, and all
 * descriptors above those it is given are closed where the system can do that. 0 or
 * -errno.
 */
int spawn_start(pid_t *pid, const struct spawn_options *options);

#endif
