/*
 * secret_command: passwords that other programs hold: a command of the user's, and the
 * Secret Service through secret-tool(1). Blocking, see command.h for `stop`.
 *
 * An entry of the keyring has the attributes `service` = "ccgate" and `username`, the
 * name as the configuration has it.
 */
#ifndef CCGATE_CONFIG_SECRET_COMMAND_H
#define CCGATE_CONFIG_SECRET_COMMAND_H

#include "config/secret.h"

#define SECRET_COMMAND_LIMIT (10 * 1000) /* ms for password_command */
#define SECRET_KEYRING_LIMIT (30 * 1000) /* somebody may have to unlock it first */

/*
 * The first line that `/bin/sh -c COMMAND` prints; the others are ignored. NULL and
 * why, a predicate ("took longer than ..."), with what it wrote to standard error.
 */
struct secret *secret_from_command(const char *command, unsigned limit, int stop,
                                   char *why, size_t why_size);

/* The password of that user in the keyring. NULL and why, whole sentences with the way
 * out of it. */
struct secret *secret_from_keyring(const char *user, int stop, char *why,
                                   size_t why_size);

/* Puts it there, in place of the one before. False and why. */
bool secret_to_keyring(const char *user, const struct secret *secret, char *why,
                       size_t why_size);

/* Whether secret-tool is installed and a session bus can be there. */
bool secret_keyring_usable(void);

#endif
