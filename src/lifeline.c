/*
 * lifeline: see lifeline.h. A pidfd says it at once and never mistakes a later process
 * of the same number; without one the process is looked for twice a second.
 */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE /* syscall() */
#endif

#include "lifeline.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { LOOK_EVERY = 500 }; /* ms */

struct lifeline {
    struct loop *loop;
    struct watch *watch; /* of the pidfd, or NULL */
    struct deadline look;
    pid_t pid;
    void (*callback)(void *ctx);
    void *ctx;
};

#ifdef SYS_pidfd_open
int lifeline_of_self(void)
{
    return (int)syscall(SYS_pidfd_open, getpid(), 0);
}
#else
int lifeline_of_self(void)
{
    return -1;
}
#endif

static void lifeline_torn(struct lifeline *l)
{
    if (l->watch != NULL)
        watch_want(l->watch, 0);
    deadline_clear(l->loop, &l->look);
    l->callback(l->ctx);
}

static void on_readable(void *ctx, unsigned events)
{
    (void)events;
    lifeline_torn(ctx);
}

static void on_look(void *ctx)
{
    struct lifeline *l = ctx;

    if (kill(l->pid, 0) != 0 && errno == ESRCH)
        lifeline_torn(l);
    else
        deadline_set(l->loop, &l->look, LOOK_EVERY);
}

struct lifeline *lifeline_new(struct loop *loop, int fd, pid_t pid,
                              void (*callback)(void *ctx), void *ctx)
{
    struct lifeline *l = calloc(1, sizeof(*l));

    if (l == NULL) {
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    *l = (struct lifeline){.loop = loop, .pid = pid, .callback = callback, .ctx = ctx};
    deadline_init(&l->look, on_look, l);
    if (fd >= 0)
        l->watch = watch_new(loop, fd, on_readable, l);
    if (l->watch != NULL) {
        watch_want(l->watch, WATCH_READ);
        return l;
    }
    if (fd >= 0)
        close(fd);
    deadline_set(loop, &l->look, LOOK_EVERY);
    return l;
}

void lifeline_free(struct lifeline *lifeline)
{
    if (lifeline == NULL)
        return;
    watch_close(lifeline->watch);
    deadline_clear(lifeline->loop, &lifeline->look);
    free(lifeline);
}
