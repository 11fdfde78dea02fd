/*
 * run: another program's output. Blocking: for a process that may be killed.
 */
#ifndef CCGATE_PAC_RUN_H
#define CCGATE_PAC_RUN_H

#include "base/buf.h"

/*
 * Runs a program found by PATH to its end, with nothing to read and its errors thrown
 * away, and appends what it prints. Its exit status, or -errno if it cannot be started,
 * did not end by itself, or printed more than fits.
 */
int run_capture(const char *const *argv, struct buf *out);

/* The same with what it says on its standard error, and the rest thrown away. */
int run_capture_errors(const char *const *argv, struct buf *out);

#endif
