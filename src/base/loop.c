/*
 * loop: the turn of the loop, deferred calls and signals.
 *
 * Descriptors and deadlines are ours: libuv's uv_poll_t takes a descriptor out of epoll
 * and puts it back at each change of mind, 20 calls for one tunnel. What libuv is good
 * at (worker threads, signals, child processes) runs inside our loop, behind its one
 * descriptor.
 */
#include <stdlib.h>
#include <time.h>

#include "base/loop_internal.h"

/* Deferred calls in one turn, before descriptors are looked at again. */
#define DEFERRED_PER_TURN 1024

struct signal_watch {
    uv_signal_t handle; /* first, so that the handle is the watch */
    struct signal_watch *next;
    void (*callback)(void *ctx);
    void *ctx;
};

/* ---- deferred calls ---- */

void deferred_init(struct deferred *d, void (*callback)(void *ctx), void *ctx)
{
    *d = (struct deferred){.callback = callback, .ctx = ctx};
}

void defer(struct loop *loop, struct deferred *d)
{
    if (d->next)
        return;
    d->next = &loop->queue;
    d->prev = loop->queue.prev;
    d->prev->next = d;
    loop->queue.prev = d;
}

void defer_cancel(struct deferred *d)
{
    if (!d->next)
        return;
    d->prev->next = d->next;
    d->next->prev = d->prev;
    d->next = d->prev = NULL;
}

static bool deferred_wait(const struct loop *loop)
{
    return loop->queue.next != &loop->queue;
}

/*
 * Runs what is queued, and what that queues. A chain that goes on and on must not
 * starve the descriptors, so a turn is bounded.
 */
static void deferred_run(struct loop *loop)
{
    for (int n = 0; n < DEFERRED_PER_TURN && deferred_wait(loop); n++) {
        struct deferred *d = loop->queue.next;

        defer_cancel(d);
        d->callback(d->ctx);
    }
}

void loop_on_idle(struct loop *loop, void (*hook)(void *ctx), void *ctx)
{
    loop->idle_hook = hook;
    loop->idle_ctx = ctx;
}

/* ---- signals ---- */

static void signal_fired(uv_signal_t *handle, int signum)
{
    struct signal_watch *watch = (struct signal_watch *)handle;

    (void)signum;
    watch->callback(watch->ctx);
}

static void signal_closed(uv_handle_t *handle)
{
    free(handle);
}

int loop_signal(struct loop *loop, int signum, void (*callback)(void *ctx), void *ctx)
{
    struct signal_watch *watch = calloc(1, sizeof(*watch));

    if (!watch)
        return UV_ENOMEM;
    int error = uv_signal_init(&loop->uv, &watch->handle);
    if (error) {
        free(watch);
        return error;
    }
    loop->uv_due = true;
    watch->callback = callback;
    watch->ctx = ctx;
    error = uv_signal_start(&watch->handle, signal_fired, signum);
    if (error) {
        uv_close((uv_handle_t *)&watch->handle, signal_closed);
        return error;
    }
    watch->next = loop->signals;
    loop->signals = watch;
    return 0;
}

void loop_signals_close(struct loop *loop)
{
    while (loop->signals) {
        struct signal_watch *watch = loop->signals;

        loop->signals = watch->next;
        uv_close((uv_handle_t *)&watch->handle, signal_closed);
    }
    loop->uv_due = true;
}

/* ---- the loop ---- */

uint64_t loop_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void loop_clock_update(struct loop *loop)
{
    loop->now = loop_clock() / 1000000u;
}

uint64_t loop_now(const struct loop *loop)
{
    return loop->now;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    loop->uv_due = true;
    return &loop->uv;
}

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return NULL;
    }
    loop->waiter = waiter_new(uv_backend_fd(&loop->uv));
    if (!loop->waiter) {
        uv_loop_close(&loop->uv);
        free(loop);
        return NULL;
    }
    loop->queue.next = loop->queue.prev = &loop->queue;
    loop->uv_due = true;
    loop_clock_update(loop);
    return loop;
}

static bool loop_alive(const struct loop *loop)
{
    return loop->watch_count > 0 || loop->deadlines || deferred_wait(loop) ||
           uv_loop_alive(&loop->uv);
}

static int sooner(int a, int b)
{
    if (a < 0)
        return b;
    return b >= 0 && b < a ? b : a;
}

/* libuv registers and closes its handles only while it runs. */
static void uv_turn(struct loop *loop)
{
    loop->uv_due = false;
    uv_run(&loop->uv, UV_RUN_NOWAIT);
}

/* When libuv wants its turn; without anything to wait for it would say: at once. */
static int uv_time(const struct loop *loop)
{
    return uv_loop_alive(&loop->uv) ? uv_backend_timeout(&loop->uv) : -1;
}

static int sleep_time(struct loop *loop)
{
    if (deferred_wait(loop) || loop->uv_due || loop->stopped)
        return 0;
    return sooner(loop_deadlines_next(loop), uv_time(loop));
}

static void loop_turn(struct loop *loop)
{
    loop_deadlines_run(loop);
    deferred_run(loop);
    if (loop->uv_due)
        uv_turn(loop);
    if (loop->idle_hook)
        loop->idle_hook(loop->idle_ctx);
    loop_watches_apply(loop);
    if (!loop_alive(loop))
        return;
    bool uv_ready = waiter_wait(loop->waiter, loop, sleep_time(loop));
    if (uv_ready || uv_time(loop) == 0)
        uv_turn(loop);
    loop_watches_bury(loop);
}

void loop_run(struct loop *loop)
{
    loop->stopped = false;
    loop_clock_update(loop);
    while (!loop->stopped && loop_alive(loop))
        loop_turn(loop);
}

void loop_stop(struct loop *loop)
{
    loop->stopped = true;
}

static void count_open(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        ++*(int *)arg;
}

static bool runs_on; /* of any loop of the process */

bool loop_runs_on(void)
{
    return runs_on;
}

int loop_free(struct loop *loop)
{
    int open = 0;

    if (!loop)
        return 0;
    loop_signals_close(loop);
    uv_walk(&loop->uv, count_open, &open);
    if (open > 0 || loop->watch_open > 0 || loop->deadlines || deferred_wait(loop))
        return UV_EBUSY;
    /* Close callbacks and ended work are still to be run; nothing new begins here. */
    while (loop->works > 0)
        uv_run(&loop->uv, UV_RUN_ONCE);
    uv_run(&loop->uv, loop->left > 0 ? UV_RUN_NOWAIT : UV_RUN_DEFAULT);
    if (loop->left > 0) {
        runs_on = true;
        return 0;
    }
    int error = uv_loop_close(&loop->uv);
    if (error)
        return error;
    loop_watches_bury(loop);
    waiter_free(loop->waiter);
    free(loop);
    return 0;
}
