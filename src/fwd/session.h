/*
 * session: one client connection, from accept to close: who is it, what does it want,
 * which way, and then a tunnel or plain exchanges.
 */
#ifndef CCGATE_FWD_SESSION_H
#define CCGATE_FWD_SESSION_H

#include "fwd/server.h"

/*
 * Takes an accepted socket. target: "host:port" that it is a tunnel to, without a word
 * of the client; NULL: the client says what it wants. When even the start fails, the
 * socket is closed and a line is logged.
 */
void session_start(struct server *server, int fd, const struct netaddr *local,
                   const struct netaddr *remote, const char *target);

/* Closes a session at once, whatever it does; the reason goes to the access log. */
void session_kill(struct session *session, enum outcome outcome);

/* Tells an idle session that no further request is wanted. */
void session_drain(struct session *session);

/* A reload: what it keeps for itself is closed, as what the pool keeps is. */
void session_reloaded(struct session *session);

/* What status shows of a session. Spans are valid until the session goes on. */
struct session_view {
    const char *state; /* "head", "route", "connect", "tunnel", "exchange", "closing" */
    bool tunnel;
    request_id id; /* of the request that is open; 0: none is */
    uint32_t uid;
    const char *target; /* "host:port", may be empty */
    const char *hop;    /* hop.name, "direct", or "" */
    uint64_t age_ms, bytes_up, bytes_down;
};
void session_view(const struct session *session, struct session_view *view);

/* The next session of the server's list, or NULL. */
struct session *session_next(const struct session *session);

#endif
