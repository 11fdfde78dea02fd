/*
 * loop_watch: descriptors on the loop, one uv_poll_t each.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/loop_internal.h"

struct watch {
    uv_poll_t handle; /* first, so that the handle is the watch */
    watch_callback *callback;
    void *ctx;
    int fd;
    uint8_t want;
    bool close_fd; /* the descriptor is ours to close after the handle */
};

static void watch_fired(uv_poll_t *handle, int status, int events)
{
    struct watch *watch = (struct watch *)handle;
    unsigned seen = 0;

    if (status < 0)
        seen = WATCH_READ | WATCH_WRITE;
    if (events & UV_READABLE)
        seen |= WATCH_READ;
    if (events & UV_WRITABLE)
        seen |= WATCH_WRITE;
    watch->callback(watch->ctx, seen);
}

struct watch *watch_new(struct loop *loop, int fd, watch_callback *callback, void *ctx)
{
    struct watch *watch = malloc(sizeof(*watch));

    if (!watch)
        return NULL;
    int error = uv_poll_init(&loop->uv, &watch->handle, fd);
    if (error) {
        free(watch);
        errno = -error;
        return NULL;
    }
    watch->callback = callback;
    watch->ctx = ctx;
    watch->fd = fd;
    watch->want = 0;
    watch->close_fd = true;
    return watch;
}

void watch_want(struct watch *watch, unsigned events)
{
    if (watch->want == events)
        return;
    watch->want = (uint8_t)events;
    if (events == 0) {
        uv_poll_stop(&watch->handle);
        return;
    }
    int uv_events = 0;
    if (events & WATCH_READ)
        uv_events |= UV_READABLE;
    if (events & WATCH_WRITE)
        uv_events |= UV_WRITABLE;
    uv_poll_start(&watch->handle, uv_events, watch_fired);
}

void watch_set_callback(struct watch *watch, watch_callback *callback, void *ctx)
{
    watch->callback = callback;
    watch->ctx = ctx;
}

int watch_fd(const struct watch *watch)
{
    return watch->fd;
}

static void watch_closed(uv_handle_t *handle)
{
    struct watch *watch = (struct watch *)handle;

    if (watch->close_fd)
        close(watch->fd);
    free(watch);
}

void watch_close(struct watch *watch)
{
    if (watch)
        uv_close((uv_handle_t *)&watch->handle, watch_closed);
}

int watch_release(struct watch *watch)
{
    int fd = watch->fd;

    watch->close_fd = false;
    uv_close((uv_handle_t *)&watch->handle, watch_closed);
    return fd;
}
