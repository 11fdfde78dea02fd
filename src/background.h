/*
 * background: going to the background (`daemon: true`), and the small things a daemon
 * asks of the system before it starts.
 */
#ifndef CCGATE_BACKGROUND_H
#define CCGATE_BACKGROUND_H

#include "base/buf.h"

enum background_side {
    BACKGROUND_FAILED, /* errno says why; still in the foreground */
    BACKGROUND_PARENT, /* the foreground; *status is the exit status it should end with
                        */
    BACKGROUND_CHILD,  /* the daemon; *ready is for background_ready() */
};

/*
 * Forks twice. The parent waits until the child is ready or has ended; standard error
 * is shared until then, so that people see what went wrong. Before any thread or loop.
 */
enum background_side background_start(int *ready, int *status);

/* Tells the parent, and lets go of standard input, output and error. */
void background_ready(int ready);

/* Opens /dev/null for those of the first three descriptors that are closed. */
void background_fill_standard(void);

/* The soft limit of open files to the hard one. */
void background_raise_files(void);

/*
 * Makes the folder with mode 0700 if it is missing. It must be a folder, no link, ours,
 * and nobody else may write to it. False with a line in messages.
 */
bool background_make_folder(const char *path, struct buf *messages);

#endif
