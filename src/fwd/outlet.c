/*
 * outlet: tries a write first; keeps the rest.
 */
#include "fwd/outlet.h"

#include <errno.h>

void outlet_init(struct outlet *o, size_t ceiling)
{
    *o = (struct outlet){0};
    buf_init(&o->buf, ceiling);
}

void outlet_clear(struct outlet *o)
{
    buf_wipe(&o->buf); /* it may have held a login */
    o->blocked = false;
}

void outlet_aim(struct outlet *o, struct stream *stream)
{
    buf_reset(&o->buf);
    o->blocked = false;
    o->stream = stream;
}

void outlet_unblock(struct outlet *o)
{
    o->blocked = false;
}

/* What the stream takes of bytes is cut off. 0 or a negative errno. */
static int write_some(struct outlet *o, struct span *bytes)
{
    while (bytes->len > 0 && !o->blocked) {
        ssize_t n = stream_write(o->stream, bytes->at, bytes->len);

        if (n == -EAGAIN)
            o->blocked = true;
        else if (n < 0)
            return (int)n;
        else
            *bytes = span_skip(*bytes, (size_t)n);
    }
    return 0;
}

int outlet_flush(struct outlet *o)
{
    struct span rest = buf_span(&o->buf);
    int error = write_some(o, &rest);

    buf_consume(&o->buf, o->buf.len - rest.len);
    return error;
}

int outlet_put(struct outlet *o, struct span bytes)
{
    int error = outlet_flush(o);

    if (!error && o->buf.len == 0)
        error = write_some(o, &bytes);
    return error ? error : buf_append_span(&o->buf, bytes);
}

bool outlet_is_empty(const struct outlet *o)
{
    return o->buf.len == 0;
}

bool outlet_is_full(const struct outlet *o)
{
    return o->buf.len >= OUTLET_BACKLOG;
}
