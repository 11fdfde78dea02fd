/*
 * flight: passes on, keeps, and waits for the first byte of an answer.
 */
#include "fwd/flight.h"

#include <errno.h>
#include <stdlib.h>

#include "up/client_hello.h"

#define READ_SIZE 4096

struct flight {
    struct flight_options o;
    size_t sent; /* of what is kept */
    struct deadline idle;
    flight_callback *callback;
    void *ctx;
};

void flight_cancel(struct flight *f)
{
    if (!f)
        return;
    deadline_clear(f->o.loop, &f->idle);
    stream_want(f->o.client, 0);
    stream_want(f->o.upstream, 0);
    stream_on_event(f->o.client, NULL, NULL);
    stream_on_event(f->o.upstream, NULL, NULL);
    free(f);
}

static void flight_end(struct flight *f, enum flight_end end)
{
    flight_callback *callback = f->callback;
    size_t sent = f->sent;
    void *ctx = f->ctx;

    flight_cancel(f);
    callback(ctx, end, sent);
}

static void flight_watch(struct flight *f)
{
    bool waits = f->sent < f->o.kept->len;

    stream_want(f->o.client, waits ? 0 : STREAM_READ);
    stream_want(f->o.upstream, waits ? STREAM_READ | STREAM_WRITE : STREAM_READ);
    deadline_set(f->o.loop, &f->idle, f->o.idle_ms);
}

/* Sends what the client has sent, if it is what can be sent again. */
static void flight_pass(struct flight *f)
{
    if (client_hello_judge(buf_span(f->o.kept)) == CLIENT_HELLO_NOT) {
        flight_end(f, FLIGHT_OVER);
        return;
    }
    while (f->sent < f->o.kept->len) {
        struct span rest = span_skip(buf_span(f->o.kept), f->sent);
        ssize_t n = stream_write(f->o.upstream, rest.at, rest.len);

        if (n == -EAGAIN)
            break;
        if (n < 0) {
            flight_end(f, FLIGHT_DIED);
            return;
        }
        f->sent += (size_t)n;
    }
    flight_watch(f);
}

/* An end is seen again by whoever has the stream next; an error is not. */
static void client_fired(void *ctx, unsigned events)
{
    struct flight *f = ctx;
    struct buf *kept = f->o.kept;
    ssize_t n;

    (void)events;
    if (kept->len + READ_SIZE > FLIGHT_LIMIT) {
        flight_end(f, FLIGHT_OVER);
        return;
    }
    if (buf_reserve(kept, READ_SIZE) != 0) {
        flight_end(f, FLIGHT_FAILED);
        return;
    }
    n = stream_read(f->o.client, buf_tail(kept), READ_SIZE);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        flight_end(f, n == 0 ? FLIGHT_OVER : FLIGHT_BROKEN);
        return;
    }
    buf_commit(kept, (size_t)n);
    flight_pass(f);
}

/* False when nothing has come; else the flight is over. */
static bool upstream_read(struct flight *f)
{
    char bytes[READ_SIZE];
    ssize_t n = stream_read(f->o.upstream, bytes, sizeof(bytes));

    if (n == -EAGAIN)
        return false;
    if (n <= 0)
        flight_end(f, FLIGHT_DIED);
    else if (stream_unread(f->o.upstream, (struct span){bytes, (size_t)n}) != 0)
        flight_end(f, FLIGHT_FAILED);
    else
        flight_end(f, FLIGHT_ANSWERED);
    return true;
}

static void upstream_fired(void *ctx, unsigned events)
{
    struct flight *f = ctx;

    if (!((events & STREAM_READ) && upstream_read(f)) && (events & STREAM_WRITE))
        flight_pass(f);
}

static void idle_fired(void *ctx)
{
    flight_end(ctx, FLIGHT_SILENT);
}

struct flight *flight_start(const struct flight_options *options,
                            flight_callback *callback, void *ctx)
{
    struct flight *f = calloc(1, sizeof(*f));

    if (!f)
        return NULL;
    f->o = *options;
    f->callback = callback;
    f->ctx = ctx;
    deadline_init(&f->idle, idle_fired, f);
    stream_on_event(f->o.client, client_fired, f);
    stream_on_event(f->o.upstream, upstream_fired, f);
    flight_watch(f); /* what has come already goes out at the next turn */
    return f;
}
