/*
 * session_internal: what the files that make up a session share. Nobody else includes
 * this.
 */
#ifndef CCGATE_FWD_SESSION_INTERNAL_H
#define CCGATE_FWD_SESSION_INTERNAL_H

#include "base/url.h"
#include "fwd/access.h"
#include "fwd/exchange.h"
#include "fwd/flight.h"
#include "fwd/relay.h"
#include "fwd/reply.h"
#include "fwd/session.h"
#include "http/framing.h"
#include "up/connector.h"

#define INTAKE_READ  4096         /* bytes asked for at a time */
#define INTAKE_LIMIT (128 * 1024) /* bytes kept behind a head */

enum session_state {
    SESSION_HEAD,     /* waiting for a request head, or reading it */
    SESSION_ROUTE,    /* asking which way */
    SESSION_CONNECT,  /* CONNECT: the way out is being opened */
    SESSION_EXCHANGE, /* a plain request is under way */
    SESSION_FLIGHT,   /* the first flight of a client through a ready tunnel */
    SESSION_TUNNEL,   /* relaying */
    SESSION_REPLY,    /* sending what we have to say */
    SESSION_LINGER,   /* said; reading on, so that no reset erases it */
    SESSION_STATES
};

/* How the client says what it wants. */
enum session_way {
    WAY_UNKNOWN, /* nothing was read yet */
    WAY_HTTP,
    WAY_SOCKS4, /* these by the first byte of the connection */
    WAY_SOCKS5,
    WAY_FORWARD, /* it says nothing: its address has a target */
};

/* A request being read and served; freed as soon as the session is a tunnel. */
struct intake {
    struct buf raw; /* the head or what stands for it, then nothing else */
    struct buf in;  /* bytes behind the head */
    struct buf out; /* our own reply */
    struct head head;
    struct url url; /* absolute-form target; CONNECT: host and port only */
    struct framing framing;
    bool connect;         /* CONNECT or what stands for it, else absolute-form */
    size_t greeting;      /* SOCKS5: bytes of `raw` that were answered */
    uint8_t socks_fault;  /* a socks_reply that says more than the outcome; 0: none */
    char *authority;      /* not HTTP: "host:port", which `url` points into */
    struct held held;     /* lives on to the next request */
    bool keep;            /* after the reply another request may come */
    enum outcome outcome; /* of the reply in `out` */
    char detail[320];
};

struct session {
    struct session *next, *prev;
    struct server *server;
    struct config *config; /* the one it began with, and its router */
    struct router *router;
    struct stream *client;
    struct stream *upstream; /* of a tunnel */
    struct intake *intake;
    struct route_query *query;
    struct route *route;
    struct connector *connector;
    struct exchange *exchange;
    struct flight *flight;
    struct relay *relay;
    struct deadline limit;
    struct access access;
    char *remote;     /* "127.0.0.1:41234" */
    uint64_t born;    /* loop milliseconds */
    uint64_t idle_ms; /* of a ready tunnel, before it was taken */
    struct peer peer;
    uint8_t state;
    uint8_t way;
    bool open;         /* the client was told that it has a tunnel */
    bool refused;      /* its caller may not speak; counted apart */
    uint32_t lingered; /* bytes discarded */
};

/* The one transition function: runs the entry action of the new state. */
void session_enter(struct session *s, enum session_state state);

/* Logs the request that is open, if one is, and closes its record. */
void session_log(struct session *s, enum outcome outcome, const char *detail);

/* Ends the session: logs the request if one is open, closes everything. */
void session_end(struct session *s, enum outcome outcome, const char *detail);

/* A stream_callback: what happens at the client's socket, outside exchange and tunnel.
 */
void session_client_fired(void *ctx, unsigned events);

/* ---- session_request.c ---- */

/* Entry and events of SESSION_HEAD; goes on to SESSION_ROUTE or a reply. */
void session_head_enter(struct session *s);
void session_head_event(struct session *s);
void session_head_timeout(struct session *s);

/* ---- session_socks.c ---- */

/* The same with SOCKS: takes what has come; false when more bytes are needed. */
bool session_socks_parse(struct session *s);

/* A tunnel to "host:port" from the start. */
void session_forward(struct session *s, const char *target);

/* Appends the answer to a request, or to what was read of one. An error of
 * buf_append(). */
int session_socks_answer(const struct session *s, struct buf *out,
                         enum outcome outcome);

/* ---- session_way.c ---- */

void session_route_enter(struct session *s);
void session_connect_enter(struct session *s);
void session_connect_event(struct session *s);
void session_exchange_enter(struct session *s);
void session_flight_enter(struct session *s);
void session_tunnel_enter(struct session *s);

/* Says in the log that a request has no way yet, if that is so. */
void session_waits(const struct session *s);

/* ---- session_reply.c ---- */

/* What an error reply says beyond its outcome; see struct reply. */
struct session_fault {
    enum outcome outcome;
    const char *detail;
    const char *hop;
    const char *quote;
    uint16_t received;
};

/* Sends an error and goes on to the next request or to the end. */
void session_fail(struct session *s, const struct session_fault *fault);

/* Sends the page for origin-form requests. */
void session_show_self(struct session *s);

void session_reply_event(struct session *s);
void session_linger_enter(struct session *s);
void session_linger_event(struct session *s);

/* The request is over and logged; read the next one, or end in good order. */
void session_request_done(struct session *s, bool keep);

bool session_is_own_caller(const struct session *s);

/* An empty intake for the next request; false when memory is out. */
bool session_intake_new(struct session *s);

/* Frees it: a tunnel needs it no more. */
void session_intake_free(struct session *s);

#endif
