/*
 * discard: the body of a 407.
 */
#include "up/discard.h"

bool discard_begin(struct discard *d, const struct head *head,
                   const struct framing *framing, uint64_t limit)
{
    if (!head_keeps_proxy_connection(head) || framing->kind == FRAMING_CLOSE ||
        (framing->kind == FRAMING_LENGTH && framing->length > limit))
        return false;
    discard_clear(d);
    body_init(&d->body, framing, false);
    d->taken = 0;
    d->limit = limit;
    return true;
}

void discard_clear(struct discard *d)
{
    body_clear(&d->body);
}

/*
 * What stands behind the body was not asked for: such a connection is not used again
 * (RFC 9112 section 6.3).
 */
enum discard_progress discard_read(struct discard *d, struct buf *in)
{
    struct span rest = buf_span(in), data;
    enum body_progress progress;

    d->taken += rest.len;
    do
        progress = body_read(&d->body, &rest, &data);
    while (progress == BODY_DATA);
    buf_reset(in);
    if (progress == BODY_BAD || rest.len > 0 || d->taken > d->limit)
        return DISCARD_SPENT;
    return progress == BODY_END ? DISCARD_DONE : DISCARD_MORE;
}
