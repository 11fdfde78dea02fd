/*
 * loop: the loop itself, deferred calls and signals.
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
    if (loop->queue.next == &loop->queue)
        uv_ref((uv_handle_t *)&loop->prepare);
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

static void idle_fired(uv_idle_t *handle)
{
    (void)handle;
}

/*
 * Runs what is queued, and what that queues. A chain that goes on and on must not
 * starve the descriptors: the round is bounded, and an idle handle keeps the loop from
 * sleeping while something is left.
 */
static void deferred_run(struct loop *loop)
{
    for (int n = 0; n < DEFERRED_PER_TURN && loop->queue.next != &loop->queue; n++) {
        struct deferred *d = loop->queue.next;

        defer_cancel(d);
        d->callback(d->ctx);
    }
    if (loop->queue.next != &loop->queue) {
        uv_idle_start(&loop->idle, idle_fired);
        return;
    }
    uv_idle_stop(&loop->idle);
    uv_unref((uv_handle_t *)&loop->prepare);
}

static void prepare_fired(uv_prepare_t *handle)
{
    struct loop *loop = handle->data;

    deferred_run(loop);
    if (loop->idle_hook)
        loop->idle_hook(loop->idle_ctx);
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
}

/* ---- the loop ---- */

struct loop *loop_new(void)
{
    struct loop *loop = calloc(1, sizeof(*loop));

    if (!loop)
        return NULL;
    if (uv_loop_init(&loop->uv) != 0) {
        free(loop);
        return NULL;
    }
    loop->queue.next = loop->queue.prev = &loop->queue;
    uv_prepare_init(&loop->uv, &loop->prepare);
    loop->prepare.data = loop;
    uv_prepare_start(&loop->prepare, prepare_fired);
    uv_unref((uv_handle_t *)&loop->prepare);
    uv_idle_init(&loop->uv, &loop->idle);
    uv_timer_init(&loop->uv, &loop->timer);
    loop->timer.data = loop;
    return loop;
}

void loop_run(struct loop *loop)
{
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

void loop_stop(struct loop *loop)
{
    uv_stop(&loop->uv);
}

static void count_open(uv_handle_t *handle, void *arg)
{
    if (!uv_is_closing(handle))
        ++*(int *)arg;
}

int loop_free(struct loop *loop)
{
    int open = 0;

    if (!loop)
        return 0;
    loop->idle_hook = NULL;
    loop_signals_close(loop);
    uv_close((uv_handle_t *)&loop->prepare, NULL);
    uv_close((uv_handle_t *)&loop->idle, NULL);
    uv_close((uv_handle_t *)&loop->timer, NULL);
    uv_walk(&loop->uv, count_open, &open);
    if (open > 0)
        return UV_EBUSY;
    /* Close callbacks and ended work are still to be run; nothing new begins here. */
    uv_run(&loop->uv, UV_RUN_DEFAULT);
    int error = uv_loop_close(&loop->uv);
    if (error)
        return error;
    loop_deadlines_free(loop);
    free(loop);
    return 0;
}

struct uv_loop_s *loop_uv(struct loop *loop)
{
    return &loop->uv;
}

uint64_t loop_now(const struct loop *loop)
{
    return uv_now(&loop->uv);
}

uint64_t loop_clock(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}
