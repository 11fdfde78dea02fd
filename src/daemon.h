/*
 * daemon: start, reload, drain, stop.
 */
#ifndef CCGATE_DAEMON_H
#define CCGATE_DAEMON_H

#include <sys/types.h>

#include "options.h"

/*
 * Runs the gate until it is stopped, in the background if so configured. Returns the
 * exit status: 0, 1 for a failure, 2 for an error in the configuration; what went wrong
 * has been said on standard error.
 */
int daemon_run(const struct options *options);

/* A gate that serves one command, and ends with it. */
struct daemon_companion {
    struct config *config; /* to begin with; the daemon's from now on */
    pid_t of;              /* the process of the command */
    int lifeline;          /* lifeline_of_self() of it */
    int ready; /* a pipe that is told the address to connect to, in a line */
};

/* Runs one, in this process, as daemon_run() does. */
int daemon_accompany(const struct options *options,
                     const struct daemon_companion *companion);

#endif
