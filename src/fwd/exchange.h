/*
 * exchange: one plain HTTP request and its answer: connects, logs in, sends the request
 * on, carries both bodies, and says what is left of the connections.
 */
#ifndef CCGATE_FWD_EXCHANGE_H
#define CCGATE_FWD_EXCHANGE_H

#include "base/url.h"
#include "fwd/held.h"
#include "http/framing.h"
#include "http/head.h"
#include "up/connector.h"

struct exchange_options {
    struct egress *egress;
    struct config *config;   /* of the session; outlives the exchange */
    struct route *route;     /* HOPS or DIRECT; a reference is taken */
    struct held *held;       /* of the client connection, for a server's own login;
                                outlives the exchange. NULL: none is kept */
    struct stream *client;   /* stays the caller's, not to be used meanwhile */
    struct buf *in;          /* bytes read from the client behind the head; body bytes
                                are consumed from it, more are read into it */
    const struct head *head; /* its spans must stay valid; so it lives elsewhere than
                                in `in` */
    const struct url *url;   /* the target, parsed, views likewise */
    struct framing framing;  /* of the request */
    uint32_t owner;          /* uid of the caller */
    struct trail *trail; /* takes what was tried in vain; outlives the exchange. NULL:
                            nobody asks */
};

struct exchange_result {
    enum outcome outcome;  /* OK: an answer was delivered whole (or upgraded) */
    const char *detail;    /* NULL when OK */
    const struct hop *hop; /* the last one tried, NULL: none; kept alive by the
                              caller's route */
    bool direct;           /* an attempt was made to reach the target without a proxy */
    bool answered;  /* a byte of an answer went to the client: no error page now */
    bool keep;      /* the client's connection can take another request */
    bool body_left; /* not answered, and part of the request's body is still to be
                       read from the client */
    struct upstream *upgraded; /* 101 was delivered: relay with this; the receiver's.
                                  Bytes read too far are unread in both streams. */
    uint16_t status;           /* of the answer, 0 if none */
    bool reused;               /* over a kept connection */
    uint64_t bytes_up, bytes_down; /* of bodies */
    uint64_t resolve_ns, connect_ns, tls_ns,
        wait_ns; /* wait: request out to answer head */
};

typedef void exchange_callback(void *ctx, const struct exchange_result *result);

struct exchange;

/* The usual contract: once, never before this returns, never after exchange_cancel().
 */
struct exchange *exchange_start(const struct exchange_options *options,
                                exchange_callback *callback, void *ctx);
void exchange_cancel(struct exchange *x); /* NULL-safe */

/* ---- to say what goes on ---- */

struct exchange_view {
    const struct connector *connector; /* a connection is being opened; or NULL */
    const struct hop *hop;             /* it leads through; NULL: the server itself */
    bool login;                        /* a login is being made */
    bool answered;                     /* the answer is on its way */
    uint64_t since; /* loop_clock() of the request, or the login; 0: unknown */
};

void exchange_view(const struct exchange *x, struct exchange_view *view);

#endif
