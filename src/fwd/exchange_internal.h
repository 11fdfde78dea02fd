/*
 * exchange_internal: what the parts of the exchange share. Private to exchange*.c.
 *
 * Nothing in here ends the exchange at once: exchange_fail() and exchange_complete()
 * set the state, and exchange_turn_end(), the last call of every event, acts on it.
 */
#ifndef CCGATE_FWD_EXCHANGE_INTERNAL_H
#define CCGATE_FWD_EXCHANGE_INTERNAL_H

#include "fwd/exchange.h"
#include "fwd/outlet.h"
#include "http/body.h"
#include "up/discard.h"

enum {
    EXCHANGE_READ_SIZE = 32 * 1024,
    EXCHANGE_READS = 16, /* of one direction, before others get their turn */
    /* the backlog, one read, its chunk framing, trailers; or a head with a login */
    EXCHANGE_CEILING = 4 * HEAD_LIMIT,
    EXCHANGE_DETAIL = 512,
};

enum exchange_state {
    EXCHANGE_CONNECT,
    EXCHANGE_LOGIN,     /* auth_step() before the first head on a connection */
    EXCHANGE_RUN,       /* both directions are open */
    EXCHANGE_CHALLENGE, /* a 407 came: the login is made, the 407's body read away */
    EXCHANGE_OVER,      /* the result stands */
};

enum up_state {
    UP_HEAD, /* the head is not sent yet */
    UP_HELD, /* the body waits for a sign of the proxy */
    UP_BODY,
    UP_DONE,   /* all is in the outlet */
    UP_BROKEN, /* upstream takes no more; it may have answered nevertheless */
};

/* The request's direction. */
struct exchange_up {
    enum up_state state;
    bool has_body;
    bool whole;   /* the client sent all of the body */
    bool started; /* bytes of the body were taken */
    bool keeping; /* ... and stand in `kept`, so that they can be sent again */
    bool sent;    /* auth_sent() was called for the head */
    bool emptied; /* the head says that there is no body: it is a leg of the login */
    struct body body;
    struct buf kept;   /* the body as it came, while a 407 may follow it */
    struct buf replay; /* what is sent once more, before that in o.in */
    struct outlet outlet;
};

enum down_state {
    DOWN_HEAD,
    DOWN_BODY,
    DOWN_DONE, /* nothing more is read; what the outlet holds is delivered */
};

/* The answer's direction. */
struct exchange_down {
    enum down_state state;
    bool heard;           /* a byte came on this connection */
    bool reusable;        /* so says the head: the connection can be kept */
    bool keep;            /* the client was told that its connection stays */
    bool upgrade;         /* 101 */
    enum outcome verdict; /* DOWN_DONE: how the answer ended */
    const char *what;     /* and why, if not OK; a static fragment */
    struct buf in;
    struct head head;
    struct framing to_client;
    struct body body;
    struct outlet outlet;
};

/* The answer to a 407 in the making. */
struct exchange_challenge {
    uint64_t began; /* the login before the first head, by loop_clock() */
    bool login_ready;
    bool queued;   /* it has waited for others for longer than a login may take */
    bool spent;    /* the login goes on over another connection */
    bool too_late; /* the body is on its way: it cannot go on at all */
    bool drained;  /* the 407's body is read */
    bool bound;    /* the login is bound to the connection, which may not close now */
    bool asked;    /* the hop answered the request with a 407 */
    bool unasked;  /* a leg was answered as if it were the request: no more of them */
    struct discard discard;
};

struct exchange {
    struct exchange_options o; /* holds a reference on the route */
    struct loop *loop;
    enum exchange_state state;
    struct connector *connector;
    struct upstream *upstream;
    unsigned connections; /* opened so far, since a hop failed */
    unsigned failovers;   /* hops that left the request unanswered */
    bool client_eof;
    bool idempotent;
    struct span upgrade; /* what the client wants to upgrade to, or empty */
    struct exchange_up up;
    struct exchange_down down;
    struct exchange_challenge challenge;
    struct buf target;     /* the request-target for the hop */
    struct deadline limit; /* of the login, of the 407's body, of holding the body,
                              of the answer to a login */
    struct deadline idle;
    uint64_t sent_at;
    struct exchange_result result;
    char detail[EXCHANGE_DETAIL];
    exchange_callback *callback;
    void *ctx;
};

/* ---- exchange.c: life cycle ---- */

/* The exchange is over; what waits to be written is dropped. The first call counts. */
void exchange_fail(struct exchange *x, enum outcome outcome, const char *detail);

/* Likewise; detail is "the proxy what" or "the server what". */
void exchange_fail_peer(struct exchange *x, enum outcome outcome, const char *what);

/* Both directions did what they should. */
void exchange_complete(struct exchange *x);

/* What every event ends with; the exchange may be gone afterwards. */
void exchange_turn_end(struct exchange *x);

/* Which kept connections may be taken. */
enum exchange_reuse { REUSE_NONE, REUSE_LOGGED_IN, REUSE_ANY };

/* Opens a connection, or takes a kept one, instead of the one there is. */
void exchange_connect(struct exchange *x, enum exchange_reuse reuse);

/* ---- exchange_login.c ---- */

/* Begins with the login on a new connection; the request follows. */
void exchange_login_begin(struct exchange *x);

/* down.head is a 407 of the hop with this framing; down.in begins with it. */
void exchange_login_challenged(struct exchange *x, const struct framing *framing);

/*
 * The answer to a leg that carried an empty body is no 407: the proxy did not ask, and
 * passed the leg on as if it were the request, which now follows without a login.
 */
void exchange_login_unasked(struct exchange *x);

/*
 * down.head is the answer to the request itself: the login is accepted. False after
 * exchange_fail(), when the hop is not who it should be.
 */
bool exchange_login_settle(struct exchange *x);

/*
 * The connection ended without an answer. True if it did so between a challenge and a
 * leg of the login that does not decide: no login is lost, and another connection is
 * on its way (a close after the first 407 that was not announced).
 */
bool exchange_login_again(struct exchange *x);

/*
 * The request is out: the answer is waited for no longer than a login may take, if it
 * is one to a leg, or to a login that others wait for. Then it did not come in time.
 */
void exchange_login_await(struct exchange *x);
void exchange_login_unanswered(struct exchange *x);

/* Upstream can be read, or the limit passed, in EXCHANGE_CHALLENGE or _LOGIN. */
void exchange_login_read(struct exchange *x);
void exchange_login_expired(struct exchange *x);

/* ---- exchange_failover.c ---- */

/*
 * The proxy ended the connection without a byte. True if the request, which can be sent
 * again and went there without a login, is on its way to another hop.
 */
bool exchange_next_hop(struct exchange *x, const char *what);

/* ---- exchange_request.c ---- */

void exchange_request_init(struct exchange *x);
void exchange_request_clear(struct exchange *x);

/* Whether its body, if there is one, is short enough to be sent twice for nothing. */
bool exchange_request_is_short(const struct exchange *x);

/* Sends the head with the login there is, and what follows. */
void exchange_request_send(struct exchange *x);

/* Moves what can be moved. */
void exchange_request_pump(struct exchange *x);

/*
 * Makes the request ready to be sent once more, its body too. False when bytes of that
 * are gone.
 */
bool exchange_request_rewind(struct exchange *x);

/* Ends the holding of the body, if it is held. */
void exchange_request_release(struct exchange *x);

/* The answer to the request itself has come: its body is not needed any more. */
void exchange_request_forget(struct exchange *x);

/* The HTTP proxy that the request goes to; NULL: it goes to the server. */
const struct hop *exchange_proxy(const struct exchange *x);

/* The request-target for the hop, into x->target. False after exchange_fail(). */
bool exchange_request_target(struct exchange *x);

/* Tells the login that the head is with the proxy; once is enough. */
void exchange_request_told(struct exchange *x);

/*
 * Reads from the client into o.in, which must be empty. False if nothing came. The end
 * and errors are dealt with.
 */
bool exchange_client_read(struct exchange *x);

/* What the client is watched for on behalf of the request. */
bool exchange_request_wants_client(const struct exchange *x);

/* ---- exchange_response.c ---- */

void exchange_response_init(struct exchange *x);
void exchange_response_clear(struct exchange *x);

/* Expects an answer to the head that is being sent. */
void exchange_response_expect(struct exchange *x);

/* Moves what can be moved. */
void exchange_response_pump(struct exchange *x);

bool exchange_response_wants_upstream(const struct exchange *x);

#endif
