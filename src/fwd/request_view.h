/*
 * request_view: one request as it is now, or as it ended, for those who explain it.
 */
#ifndef CCGATE_FWD_REQUEST_VIEW_H
#define CCGATE_FWD_REQUEST_VIEW_H

#include "fwd/server.h"

enum request_phase {
    REQUEST_ROUTE, /* the way is being decided */
    REQUEST_LOOKUP,
    REQUEST_CONNECT,
    REQUEST_TLS,
    REQUEST_LOGIN,
    REQUEST_ANSWER,  /* of the hop or the server */
    REQUEST_DELIVER, /* the answer is on its way to the client */
    REQUEST_FLIGHT,  /* the first bytes through a ready tunnel */
    REQUEST_RELAY,   /* a tunnel */
    REQUEST_REPLY,   /* an error is being told */
    REQUEST_ENDED,
    REQUEST_PHASES
};

/* "route", "lookup", ... */
const char *request_phase_name(enum request_phase phase);

/* Views, which last until the loop goes on. */
struct request_view {
    const struct access *access;
    uint64_t bytes_up, bytes_down; /* so far */
    const char *client;
    int64_t uid; /* -1: unknown */
    bool own_caller;
    const struct route *route; /* NULL: none */
    enum request_phase phase;
    const char *phase_hop; /* whom it is about: hop.name; NULL: the target, or nobody */
    uint64_t phase_since;  /* loop_clock(); 0: unknown */
    struct router *router; /* of its configuration; NULL: that of the server */
    enum outcome outcome;  /* REQUEST_ENDED and REQUEST_REPLY */
    const char *detail;    /* likewise; NULL: none */
    uint64_t ended;        /* loop_clock(); 0: it is open */
};

/* False: it is neither open nor among the last that ended. */
bool request_find(const struct server *server, request_id id,
                  struct request_view *view);

/* The request that a session has open; false: it has none. */
bool request_of(const struct session *session, struct request_view *view);

#endif
