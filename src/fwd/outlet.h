/*
 * outlet: bytes on their way into a stream. Written at once where the stream takes
 * them, else kept, up to a ceiling, until it does.
 */
#ifndef CCGATE_FWD_OUTLET_H
#define CCGATE_FWD_OUTLET_H

#include "base/buf.h"
#include "up/stream.h"

#define OUTLET_BACKLOG (64 * 1024) /* above this the source is to be paused */

struct outlet {
    struct stream *stream; /* the caller's */
    struct buf buf;        /* what was not taken yet; may be appended to directly */
    bool blocked;          /* the stream took no more */
};

/* The ceiling must leave room above the backlog for what is put in at once. */
void outlet_init(struct outlet *outlet, size_t ceiling);
void outlet_clear(struct outlet *outlet);

/* Drops what is left and goes on with this stream. */
void outlet_aim(struct outlet *outlet, struct stream *stream);

/* The stream is writable again. */
void outlet_unblock(struct outlet *outlet);

/* Writes what is kept as far as it goes: 0, or a negative errno but for -EAGAIN. */
int outlet_flush(struct outlet *outlet);

/*
 * Writes bytes behind what is kept, and keeps what is not taken. 0, -ENOMEM or
 * -EMSGSIZE, or another negative errno of the stream.
 */
int outlet_put(struct outlet *outlet, struct span bytes);

bool outlet_is_empty(const struct outlet *outlet);
bool outlet_is_full(const struct outlet *outlet);

#endif
