/*
 * store: the distribution's own trust store: a folder for the administrator's
 * certificates, a file each, and the command that makes the files out of them which
 * programs read.
 */
#ifndef CCGATE_CA_STORE_H
#define CCGATE_CA_STORE_H

#include "certs/bundle.h"

struct store;

/* The one of this system, or NULL. */
const struct store *store_find(void);

const char *store_folder(const struct store *store);

/* Where a certificate goes: a name that is its own. False: too long. */
bool store_path(const struct store *store, const struct cert *cert, char *path,
                size_t size);

/* "update-ca-certificates --fresh" */
void store_command(const struct store *store, bool fresh, char *text, size_t size);

/*
 * Runs the command, what it says goes to standard error. With fresh, everything is made
 * anew. False after a message.
 */
bool store_update(const struct store *store, bool fresh);

/* What programs read by now. */
void store_read(struct bundle *bundle, int64_t now);

#endif
