/*
 * command: a child process that is run to its end, for what it prints. Blocking: for
 * the time before the loop runs, and for workers.
 */
#ifndef CCGATE_CONFIG_COMMAND_H
#define CCGATE_CONFIG_COMMAND_H

#include "base/span.h"

#define COMMAND_OUT 2048 /* bytes of standard output that are kept */
#define COMMAND_ERR 512  /* and of standard error */

enum command_end {
    COMMAND_EXITED,   /* detail: the exit status */
    COMMAND_SIGNALED, /* detail: the signal */
    COMMAND_MISSING,  /* there is no such program */
    COMMAND_FAILED,   /* it could not be run; detail: an errno */
    COMMAND_LATE,     /* it took too long and was killed */
    COMMAND_STOPPED,  /* `stop` became readable, and it was killed */
};

struct command {
    const char *const *argv; /* ends with NULL; the first is looked for in PATH */
    struct span input;       /* its standard input, at most 4096 bytes */
    unsigned limit;          /* ms */
    int stop;                /* a descriptor, not 0; 0: it is never stopped */
    /* what comes of it */
    int detail;
    char out[COMMAND_OUT]; /* may hold a secret: command_wipe() is due */
    size_t out_len;
    char err[COMMAND_ERR]; /* printable, in one line, ends with a NUL */
};

/*
 * Runs it in a session of its own, without a terminal, and without CCGATE_PASSWORD in
 * its environment. What it started and left behind is not waited for.
 */
enum command_end command_run(struct command *command);

/* Overwrites what it printed. */
void command_wipe(struct command *command);

#endif
