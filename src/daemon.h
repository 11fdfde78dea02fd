/*
 * daemon: start, reload, drain, stop.
 */
#ifndef CCGATE_DAEMON_H
#define CCGATE_DAEMON_H

#include "options.h"

/*
 * Runs the gate until it is stopped, in the background if so configured. Returns the
 * exit status: 0, 1 for a failure, 2 for an error in the configuration; what went wrong
 * has been said on standard error.
 */
int daemon_run(const struct options *options);

#endif
