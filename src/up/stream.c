/*
 * stream: plain sockets, pushed-back bytes, and the place for a TLS layer.
 */
#include "up/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct unread {
    size_t start, len;
    char bytes[];
};

struct stream {
    struct loop *loop;
    struct watch *watch;
    const struct stream_layer *layer;
    void *state;
    stream_callback *callback;
    void *ctx;
    struct unread *unread;
    struct deferred again; /* readiness that the socket does not show */
    uint8_t want;
};

static ssize_t result_of(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

static bool bytes_wait(const struct stream *s)
{
    return s->unread || (s->layer && s->layer->pending(s->state));
}

/* What the socket is watched for: the caller's wish, plus what the layer needs. */
static void watch_update(struct stream *s)
{
    unsigned events = s->want;

    if (s->layer && s->want)
        events |= s->layer->crossed(s->state);
    watch_want(s->watch, events);
    if ((s->want & STREAM_READ) && bytes_wait(s))
        defer(s->loop, &s->again);
    else
        defer_cancel(&s->again);
}

/*
 * A layer may need the socket in the other direction than its caller; so with a layer
 * any event is offered as all that the caller wants.
 */
static void watch_fired(void *ctx, unsigned events)
{
    struct stream *s = ctx;
    unsigned seen = s->layer ? s->want : events & s->want;

    if (seen)
        s->callback(s->ctx, seen);
}

static void again_fired(void *ctx)
{
    struct stream *s = ctx;

    if (!(s->want & STREAM_READ) || !bytes_wait(s))
        return;
    defer(s->loop, &s->again);
    s->callback(s->ctx, STREAM_READ);
}

struct stream *stream_new(struct loop *loop, int fd)
{
    struct stream *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->loop = loop;
    s->watch = watch_new(loop, fd, watch_fired, s);
    if (!s->watch) {
        free(s);
        return NULL;
    }
    deferred_init(&s->again, again_fired, s);
    return s;
}

void stream_set_layer(struct stream *s, const struct stream_layer *layer, void *state)
{
    s->layer = layer;
    s->state = state;
}

void stream_on_event(struct stream *s, stream_callback *callback, void *ctx)
{
    s->callback = callback;
    s->ctx = ctx;
}

void stream_want(struct stream *s, unsigned events)
{
    s->want = (uint8_t)events;
    watch_update(s);
}

static ssize_t unread_take(struct stream *s, void *bytes, size_t n)
{
    struct unread *u = s->unread;

    if (n > u->len)
        n = u->len;
    memcpy(bytes, u->bytes + u->start, n);
    u->start += n;
    u->len -= n;
    if (u->len == 0) {
        free(u);
        s->unread = NULL;
    }
    return (ssize_t)n;
}

ssize_t stream_read(struct stream *s, void *bytes, size_t n)
{
    if (s->unread)
        return unread_take(s, bytes, n);
    if (!s->layer)
        return result_of(recv(watch_fd(s->watch), bytes, n, 0));
    ssize_t got = s->layer->read(s->state, bytes, n);
    watch_update(s);
    return got;
}

ssize_t stream_write(struct stream *s, const void *bytes, size_t n)
{
    if (!s->layer)
        return result_of(send(watch_fd(s->watch), bytes, n, MSG_NOSIGNAL));
    ssize_t put = s->layer->write(s->state, bytes, n);
    watch_update(s);
    return put;
}

int stream_shutdown(struct stream *s)
{
    if (s->layer) {
        int error = s->layer->shutdown(s->state);

        if (error)
            return error;
    }
    return shutdown(watch_fd(s->watch), SHUT_WR) == 0 ? 0 : -errno;
}

int stream_unread(struct stream *s, struct span bytes)
{
    if (bytes.len == 0)
        return 0;
    size_t kept = s->unread ? s->unread->len : 0;
    struct unread *u = malloc(sizeof(*u) + bytes.len + kept);
    if (!u)
        return -ENOMEM;
    u->start = 0;
    u->len = bytes.len + kept;
    memcpy(u->bytes, bytes.at, bytes.len);
    if (kept)
        memcpy(u->bytes + bytes.len, s->unread->bytes + s->unread->start, kept);
    free(s->unread);
    s->unread = u;
    watch_update(s);
    return 0;
}

int stream_splice_fd(const struct stream *s)
{
    return s->layer || s->unread ? -1 : watch_fd(s->watch);
}

int stream_fd(const struct stream *s)
{
    return watch_fd(s->watch);
}

bool stream_is_quiet(struct stream *s)
{
    char byte;

    if (bytes_wait(s))
        return false;
    ssize_t n = recv(watch_fd(s->watch), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

void stream_close(struct stream *s)
{
    if (!s)
        return;
    defer_cancel(&s->again);
    if (s->layer)
        s->layer->free(s->state);
    watch_close(s->watch);
    free(s->unread);
    free(s);
}

void stream_abort(struct stream *s)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (!s)
        return;
    setsockopt(watch_fd(s->watch), SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    stream_close(s);
}
