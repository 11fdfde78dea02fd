/*
 * discard: reads the body of a 407 away, so that the login can go on over the same
 * connection. Bounded: a body that is too long is not worth it. Pure.
 */
#ifndef CCGATE_UP_DISCARD_H
#define CCGATE_UP_DISCARD_H

#include "base/buf.h"
#include "http/body.h"

struct discard {
    struct body body;
    uint64_t taken; /* bytes of the body so far, its framing included */
    uint64_t limit;
};

enum discard_progress {
    DISCARD_MORE,
    DISCARD_DONE,  /* the connection can take the next request */
    DISCARD_SPENT, /* it cannot: too long, faulty, or more came than was asked for */
};

/*
 * Begins the body of this answer. False if the connection cannot be used behind it
 * anyway, or not within the limit of bytes; then there is nothing to read.
 */
bool discard_begin(struct discard *discard, const struct head *head,
                   const struct framing *framing, uint64_t limit);
void discard_clear(struct discard *discard);

/* Takes all that has come; in must begin behind the head. */
enum discard_progress discard_read(struct discard *discard, struct buf *in);

#endif
