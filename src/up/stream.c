/*
 * stream: plain sockets, pushed-back bytes, and the place for a TLS layer.
 */
#include "up/stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/*
 * What lies above the socket. Most streams are plain and have nothing there: they carry
 * only the pointer, since there are thousands of them.
 */
struct above {
    const struct stream_layer *layer; /* NULL: plain */
    void *state;
    char *unread; /* pushed-back bytes, NULL: none */
    size_t unread_at, unread_len;
    struct deferred again; /* readiness that the socket does not show */
};

struct stream {
    struct loop *loop;
    struct watch *watch;
    stream_callback *callback;
    void *ctx;
    struct above *above;
    uint8_t want;
};

static ssize_t result_of(ssize_t n)
{
    if (n >= 0)
        return n;
    return errno == EWOULDBLOCK || errno == EINTR ? -EAGAIN : -errno;
}

static const struct stream_layer *layer_of(const struct stream *s)
{
    return s->above ? s->above->layer : NULL;
}

static bool bytes_wait(const struct stream *s)
{
    const struct above *above = s->above;

    return above &&
           (above->unread || (above->layer && above->layer->pending(above->state)));
}

/* What the socket is watched for: the caller's wish, plus what the layer needs. */
static void watch_update(struct stream *s)
{
    const struct stream_layer *layer = layer_of(s);
    unsigned events = s->want;

    if (layer && s->want)
        events |= layer->crossed(s->above->state);
    watch_want(s->watch, events);
    if (!s->above)
        return;
    if ((s->want & STREAM_READ) && bytes_wait(s))
        defer(s->loop, &s->above->again);
    else
        defer_cancel(&s->above->again);
}

/*
 * A layer may need the socket in the other direction than its caller; so with a layer
 * any event is offered as all that the caller wants.
 */
static void watch_fired(void *ctx, unsigned events)
{
    struct stream *s = ctx;
    unsigned seen = layer_of(s) ? s->want : events & s->want;

    if (seen)
        s->callback(s->ctx, seen);
}

static void again_fired(void *ctx)
{
    struct stream *s = ctx;

    if (!(s->want & STREAM_READ) || !bytes_wait(s))
        return;
    defer(s->loop, &s->above->again);
    s->callback(s->ctx, STREAM_READ);
}

static struct above *above_get(struct stream *s)
{
    if (s->above)
        return s->above;
    s->above = calloc(1, sizeof(*s->above));
    if (s->above)
        deferred_init(&s->above->again, again_fired, s);
    return s->above;
}

static void above_free(struct above *above)
{
    if (!above)
        return;
    defer_cancel(&above->again);
    if (above->layer)
        above->layer->free(above->state);
    free(above->unread);
    free(above);
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
    return s;
}

int stream_set_layer(struct stream *s, const struct stream_layer *layer, void *state)
{
    struct above *above = above_get(s);

    if (!above)
        return -ENOMEM;
    above->layer = layer;
    above->state = state;
    return 0;
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

static ssize_t unread_take(struct above *above, void *bytes, size_t n)
{
    if (n > above->unread_len)
        n = above->unread_len;
    memcpy(bytes, above->unread + above->unread_at, n);
    above->unread_at += n;
    above->unread_len -= n;
    if (above->unread_len > 0)
        return (ssize_t)n;
    free(above->unread);
    above->unread = NULL;
    return (ssize_t)n;
}

static ssize_t above_read(struct above *above, int fd, void *bytes, size_t n)
{
    if (above && above->unread)
        return unread_take(above, bytes, n);
    if (above && above->layer)
        return above->layer->read(above->state, bytes, n);
    return result_of(recv(fd, bytes, n, 0));
}

static ssize_t above_write(struct above *above, int fd, const void *bytes, size_t n)
{
    if (above && above->layer)
        return above->layer->write(above->state, bytes, n);
    return result_of(send(fd, bytes, n, MSG_NOSIGNAL));
}

ssize_t stream_read(struct stream *s, void *bytes, size_t n)
{
    struct above *above = s->above;
    bool by_layer = above && !above->unread;
    ssize_t got = above_read(above, watch_fd(s->watch), bytes, n);

    if (by_layer) {
        watch_update(s);
    } else if (above && !above->unread && !above->layer) {
        above_free(above);
        s->above = NULL;
    }
    return got;
}

ssize_t stream_write(struct stream *s, const void *bytes, size_t n)
{
    ssize_t put = above_write(s->above, watch_fd(s->watch), bytes, n);

    if (layer_of(s))
        watch_update(s);
    return put;
}

int stream_shutdown(struct stream *s)
{
    const struct stream_layer *layer = layer_of(s);

    if (layer) {
        int error = layer->shutdown(s->above->state);

        if (error)
            return error;
    }
    return shutdown(watch_fd(s->watch), SHUT_WR) == 0 ? 0 : -errno;
}

int stream_unread(struct stream *s, struct span bytes)
{
    if (bytes.len == 0)
        return 0;
    struct above *above = above_get(s);
    char *joined = above ? malloc(bytes.len + above->unread_len) : NULL;
    if (!joined)
        return -ENOMEM;
    memcpy(joined, bytes.at, bytes.len);
    if (above->unread)
        memcpy(joined + bytes.len, above->unread + above->unread_at, above->unread_len);
    free(above->unread);
    above->unread = joined;
    above->unread_at = 0;
    above->unread_len += bytes.len;
    watch_update(s);
    return 0;
}

int stream_splice_fd(const struct stream *s)
{
    return s->above ? -1 : watch_fd(s->watch);
}

int stream_fd(const struct stream *s)
{
    return watch_fd(s->watch);
}

/* What comes next from the socket: 1 a byte, 0 the end, else a negative errno. */
static int socket_peek(const struct stream *s)
{
    char byte;

    return (int)result_of(recv(watch_fd(s->watch), &byte, 1, MSG_PEEK | MSG_DONTWAIT));
}

bool stream_is_quiet(struct stream *s)
{
    if (bytes_wait(s))
        return false;
    if (layer_of(s))
        return s->above->layer->quiet(s->above->state);
    return socket_peek(s) == -EAGAIN;
}

bool stream_has_ended(const struct stream *s)
{
    int next = socket_peek(s);

    return next == 0 || (next < 0 && next != -EAGAIN);
}

/* ---- what is taken from below another layer ---- */

struct stream_below {
    struct stream *stream;
    struct above *above; /* NULL: the socket */
};

bool stream_is_layered(const struct stream *s)
{
    return s->above != NULL;
}

struct stream_below *stream_take_below(struct stream *s)
{
    struct stream_below *below = calloc(1, sizeof(*below));

    if (!below)
        return NULL;
    below->stream = s;
    below->above = s->above;
    s->above = NULL;
    if (below->above)
        defer_cancel(&below->above->again);
    return below;
}

ssize_t stream_below_read(struct stream_below *below, void *bytes, size_t n)
{
    return above_read(below->above, watch_fd(below->stream->watch), bytes, n);
}

ssize_t stream_below_write(struct stream_below *below, const void *bytes, size_t n)
{
    return above_write(below->above, watch_fd(below->stream->watch), bytes, n);
}

unsigned stream_below_crossed(struct stream_below *below)
{
    struct above *above = below->above;

    return above && above->layer ? above->layer->crossed(above->state) : 0;
}

int stream_below_shutdown(struct stream_below *below)
{
    struct above *above = below->above;

    return above && above->layer ? above->layer->shutdown(above->state) : 0;
}

void stream_below_free(struct stream_below *below)
{
    if (!below)
        return;
    above_free(below->above);
    free(below);
}

/* ---- the end ---- */

void stream_close(struct stream *s)
{
    if (!s)
        return;
    above_free(s->above);
    watch_close(s->watch);
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
