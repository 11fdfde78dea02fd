/*
 * loop_internal: what the files that make up the loop share. Nobody else includes this.
 */
#ifndef CCGATE_BASE_LOOP_INTERNAL_H
#define CCGATE_BASE_LOOP_INTERNAL_H

#include <stddef.h>
#include <uv.h>

#include "base/loop.h"

struct signal_watch;
struct waiter;

struct loop {
    uv_loop_t uv; /* workers, signals, child processes */
    bool uv_due;  /* it has something to set up or to close */
    bool stopped;
    uint64_t now;               /* milliseconds, as of the start of the turn */
    struct deferred queue;      /* list head */
    struct deadline *deadlines; /* the first one, root of a heap on ->at */
    struct waiter *waiter;      /* what sleeps: epoll or poll */
    struct watch *dirty;        /* watches whose wish has changed in this turn */
    struct watch *dead;         /* closed in this turn; freed at its end */
    uint32_t watch_count;       /* watches that wait for something */
    uint32_t watch_open;        /* watches that are not closed */
    uint32_t works;             /* that have not ended and are waited for at the end */
    uint32_t left;              /* that are not */
    struct signal_watch *signals;
    void (*idle_hook)(void *ctx);
    void *idle_ctx;
};

struct watch {
    struct loop *loop;
    watch_callback *callback; /* NULL: closed */
    void *ctx;
    struct watch *next_dirty; /* itself at the end of the list, NULL when not in it */
    struct watch *next_dead;
    int fd;
    uint32_t slot; /* for the waiter */
    uint8_t want;  /* what the owner wishes */
    uint8_t armed; /* what the waiter knows */
    bool known;    /* the waiter has the descriptor */
};

/* Brings the waiter up to date, and frees what was closed. */
void loop_watches_apply(struct loop *loop);
void loop_watches_bury(struct loop *loop);

/* Takes the time of the turn; called when the loop wakes. */
void loop_clock_update(struct loop *loop);

void loop_deadlines_run(struct loop *loop);

/* Milliseconds until the first deadline, or -1. */
int loop_deadlines_next(const struct loop *loop);

/* ---- the waiter: loop_epoll.c, or loop_poll.c where there is no epoll ---- */

/* uv_fd: libuv's own descriptor, whose readiness waiter_wait() reports. */
struct waiter *waiter_new(int uv_fd);
void waiter_free(struct waiter *waiter);

/* Makes `armed` what `want` says. */
void waiter_set(struct waiter *waiter, struct watch *watch);

/* Forgets a descriptor that is about to leave. */
void waiter_remove(struct waiter *waiter, struct watch *watch);

/* Sleeps at most timeout ms (-1: for ever), calls back, true if libuv has something. */
bool waiter_wait(struct waiter *waiter, struct loop *loop, int timeout);

/* Hands an event to a watch that still wants it. */
void watch_fire(struct watch *watch, unsigned events);

#endif
