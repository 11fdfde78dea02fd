/*
 * body: one reader over the four framings.
 */
#include "http/body.h"

void body_init(struct body *body, const struct framing *framing, bool strict)
{
    *body = (struct body){.framing = *framing, .left = framing->length};
    chunked_init(&body->chunked, strict);
}

void body_clear(struct body *body)
{
    chunked_clear(&body->chunked);
}

static enum body_progress read_all(struct span *in, struct span *data)
{
    if (in->len == 0)
        return BODY_MORE;
    *data = *in;
    *in = span_skip(*in, in->len);
    return BODY_DATA;
}

static enum body_progress read_length(struct body *body, struct span *in,
                                      struct span *data)
{
    if (body->left == 0)
        return BODY_END;
    if (in->len == 0)
        return BODY_MORE;
    *data = *in;
    if (data->len > body->left)
        data->len = (size_t)body->left;
    body->left -= data->len;
    *in = span_skip(*in, data->len);
    return BODY_DATA;
}

static enum body_progress read_chunked(struct body *body, struct span *in,
                                       struct span *data)
{
    switch (chunked_read(&body->chunked, in, data)) {
    case CHUNKED_DATA:
        return BODY_DATA;
    case CHUNKED_MORE:
        return BODY_MORE;
    case CHUNKED_END:
        return BODY_END;
    case CHUNKED_BAD:
        break;
    }
    body->error = body->chunked.error;
    return BODY_BAD;
}

enum body_progress body_read(struct body *body, struct span *in, struct span *data)
{
    switch (body->framing.kind) {
    case FRAMING_LENGTH:
        return read_length(body, in, data);
    case FRAMING_CHUNKED:
        return read_chunked(body, in, data);
    case FRAMING_CLOSE:
        return read_all(in, data);
    case FRAMING_NONE:
        break;
    }
    return BODY_END;
}

bool body_ends_by_close(const struct body *body)
{
    return body->framing.kind == FRAMING_CLOSE;
}

struct span body_trailers(const struct body *body)
{
    if (body->framing.kind == FRAMING_CHUNKED)
        return buf_span(&body->chunked.trailers);
    return (struct span){"", 0};
}
