/*
 * server: the forward proxy's listeners, and the sessions they began.
 *
 * Sessions keep the configuration they began with; a reload changes what new ones get.
 */
#ifndef CCGATE_FWD_SERVER_H
#define CCGATE_FWD_SERVER_H

#include "fwd/forward.h"
#include "fwd/recent.h"
#include "net/listener.h"
#include "net/peer.h"
#include "up/egress.h"

struct relay_pool;
struct session;

#define SERVER_ERRORS 16 /* last errors that are remembered */

/* A request that failed, for status. */
struct server_error {
    uint64_t at; /* wall clock, seconds */
    enum outcome outcome;
    bool direct; /* no proxy was on the way */
    char target[128];
    char detail[512];
};

struct server {
    struct loop *loop;
    struct egress *egress;
    struct config *config; /* the current one; a reference is held */
    struct router *router; /* of the current configuration */
    struct relay_pool *relays;
    struct peer_lookup *peers;
    uint32_t uid; /* our own */
    struct listener **listeners;
    size_t listener_count;
    struct forwards forwards;
    struct session *sessions; /* list */
    size_t session_count, session_limit, tunnel_count;
    size_t refused_count; /* sessions that only carry a refusal to their caller */
    bool passed;          /* the listeners came from the service manager */
    bool draining;
    struct deadline drain_limit;
    uint64_t login_until;       /* the end waits for logins under way; 0: not yet */
    struct deferred empty;      /* the last session has ended while draining */
    void (*drained)(void *ctx); /* set while draining */
    void *drained_ctx;
    struct server_error
        errors[SERVER_ERRORS]; /* ring; the next one goes to error_next */
    size_t error_next, error_count;
    request_id last_request; /* the id that was given last */
    struct recent recent;
};

/*
 * NULL when memory or descriptors are out. environment: for the router, see
 * router_options. The limit of sessions comes from limit.sessions, else from
 * RLIMIT_NOFILE, whose soft limit the caller has raised before.
 */
struct server *server_new(struct loop *loop, struct egress *egress,
                          struct config *config);

/*
 * Opens the configured addresses, or takes `passed` sockets of the service manager from
 * descriptor `first` on instead of those of `listen`. False: at least one failed;
 * messages (not NULL) says which and why, a line each. What did open stays open.
 */
bool server_listen(struct server *server, int first, int passed, struct buf *messages);

/*
 * Takes a new configuration: opens listeners that are new, closes those that are gone,
 * keeps the rest. False (with messages): a listener or memory failed, and nothing
 * changed.
 */
bool server_reload(struct server *server, struct config *config, struct buf *messages);

/*
 * Stops accepting; drained() comes from the loop when the last session has ended, or
 * after limit_ms (0: no limit), when the rest is closed. It waits up to 10 s more for
 * the answer to a login under way.
 */
void server_drain(struct server *server, uint64_t limit_ms, void (*drained)(void *ctx),
                  void *ctx);

/* Closes everything. NULL-safe. */
void server_free(struct server *server);

/* Remembers a failed request for status. */
void server_note_error(struct server *server, enum outcome outcome, bool direct,
                       struct span target, const char *detail);

/* For session.c: one session less. */
void server_session_ended(struct server *server);

/* Whether host and port are one of our listeners; a route_is_self. */
bool server_is_self(void *server, struct span host, uint16_t port);

#endif
