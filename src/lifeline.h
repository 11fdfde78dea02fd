/*
 * lifeline: tells when another process has ended, however it ends.
 */
#ifndef CCGATE_LIFELINE_H
#define CCGATE_LIFELINE_H

#include <sys/types.h>

#include "base/loop.h"

struct lifeline;

/*
 * A descriptor that stands for this process, for those that are forked from it, or -1
 * where there is no such thing. Closed on exec.
 */
int lifeline_of_self(void);

/*
 * Watches the process `pid`, which fd stands for if it is not -1; fd is the lifeline's
 * from now on. The callback comes from the loop, once. NULL when memory is out.
 */
struct lifeline *lifeline_new(struct loop *loop, int fd, pid_t pid,
                              void (*callback)(void *ctx), void *ctx);
void lifeline_free(struct lifeline *lifeline); /* NULL-safe */

#endif
