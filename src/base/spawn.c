/*
 * spawn: see spawn.h.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* POSIX_SPAWN_SETSID */
#endif

#include "base/spawn.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>

static int set_attributes(posix_spawnattr_t *attributes, bool session)
{
    short flags = POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF;
    sigset_t none, all;
    int error;

    (void)sigemptyset(&none);
    (void)sigfillset(&all);
    error = posix_spawnattr_setsigmask(attributes, &none);
    if (error == 0)
        error = posix_spawnattr_setsigdefault(attributes, &all);
    if (session)
        flags = (short)(flags | POSIX_SPAWN_SETSID);
    if (error == 0)
        error = posix_spawnattr_setflags(attributes, flags);
    return error;
}

/* Descriptors that somebody left open without CLOEXEC are none of its business. */
#ifdef HAVE_POSIX_SPAWN_FILE_ACTIONS_ADDCLOSEFROM_NP
static int close_others(posix_spawn_file_actions_t *actions, int from)
{
    return posix_spawn_file_actions_addclosefrom_np(actions, from);
}
#else
static int close_others(posix_spawn_file_actions_t *actions, int from)
{
    DIR *folder = opendir("/dev/fd");
    const struct dirent *entry;
    int error = 0;

    while (folder != NULL && error == 0 && (entry = readdir(folder)) != NULL) {
        /* "." is 0, which is one of the child's own. */
        int fd = (int)strtol(entry->d_name, NULL, 10);

        if (fd >= from && fd != dirfd(folder))
            error = posix_spawn_file_actions_addclose(actions, fd);
    }
    if (folder != NULL)
        (void)closedir(folder);
    return error;
}
#endif

static int set_actions(posix_spawn_file_actions_t *actions,
                       const struct spawn_options *options)
{
    int error = 0;
    int next = 0;

    for (size_t i = 0; i < options->fd_count && error == 0; i++) {
        const struct spawn_fd *fd = &options->fds[i];

        error = fd->from >= 0
                    ? posix_spawn_file_actions_adddup2(actions, fd->from, fd->to)
                    : posix_spawn_file_actions_addopen(actions, fd->to, "/dev/null",
                                                       O_RDWR, 0);
        if (fd->to >= next)
            next = fd->to + 1;
    }
    return error == 0 ? close_others(actions, next) : error;
}

int spawn_start(pid_t *pid, const struct spawn_options *options)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int error = posix_spawn_file_actions_init(&actions);

    if (error != 0)
        return -error;
    error = posix_spawnattr_init(&attributes);
    if (error != 0)
        goto out;
    error = set_attributes(&attributes, options->session);
    if (error == 0)
        error = set_actions(&actions, options);
    if (error == 0)
        error = posix_spawnp(pid, options->program, &actions, &attributes,
                             options->argv, options->environment);
    (void)posix_spawnattr_destroy(&attributes);
out:
    (void)posix_spawn_file_actions_destroy(&actions);
    return -error;
}
