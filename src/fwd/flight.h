/*
 * flight: the first flight of a client through a ready tunnel, which may have died
 * unseen. What the client sends is passed on and kept until the far side speaks; if the
 * tunnel ends before, the same can be sent through another one, unless it was more than
 * one TLS ClientHello. Comes before the relay, which knows nothing of it.
 */
#ifndef CCGATE_FWD_FLIGHT_H
#define CCGATE_FWD_FLIGHT_H

#include "base/buf.h"
#include "up/stream.h"

#define FLIGHT_LIMIT (16 * 1024) /* bytes that are kept */

struct flight_options {
    struct loop *loop;
    struct stream *client; /* both stay the caller's, not to be used meanwhile */
    struct stream *upstream;
    struct buf *kept; /* what the client has sent; more is added */
    uint64_t idle_ms; /* silence in both directions; 0: never cut */
};

enum flight_end {
    FLIGHT_ANSWERED, /* the far side spoke; what it said is unread in its stream */
    FLIGHT_OVER,     /* the client sent what cannot be sent twice, or ended */
    FLIGHT_DIED,     /* the tunnel ended: another one may take what is kept */
    FLIGHT_BROKEN,   /* the client's connection broke */
    FLIGHT_SILENT,   /* idle_ms passed */
    FLIGHT_FAILED,   /* memory is out */
};

/* delivered: bytes of what is kept that the upstream took. */
typedef void flight_callback(void *ctx, enum flight_end end, size_t delivered);

struct flight;

/* The usual contract: once, never before this returns, never after flight_cancel(). */
struct flight *flight_start(const struct flight_options *options,
                            flight_callback *callback, void *ctx);
void flight_cancel(struct flight *flight); /* NULL-safe */

#endif
