/*
 * companion: a ccgate that serves one command, at a free port of loopback, and ends
 * with it. It is not the command's child: a command that waits for all of its children
 * must not wait for this one.
 */
#ifndef CCGATE_COMPANION_H
#define CCGATE_COMPANION_H

#include "options.h"

/*
 * Starts one for this process, which is then to become the command, and waits until it
 * is ready; addr is where. It shares the state folder, and with that what is known of
 * logins. Of the configuration it leaves out `listen`, `tunnel`, `pidfile` and
 * `daemon`, and of a log on standard error everything but errors. False after a message
 * on standard error.
 */
bool companion_start(const struct options *options, struct netaddr *addr);

#endif
