/*
 * pidfile: a file with our process id, locked as long as we run. Removed at the end.
 */
#ifndef CCGATE_PIDFILE_H
#define CCGATE_PIDFILE_H

#include "base/buf.h"

struct pidfile;

/*
 * Writes the file. NULL, with a line in messages, if a living process holds it, if it
 * is something else than a pidfile, or if it cannot be written.
 */
struct pidfile *pidfile_open(const char *path, struct buf *messages);

/* Removes the file, if it is still ours. NULL-safe. */
void pidfile_close(struct pidfile *pidfile);

#endif
