/*
 * connector_internal: what the files that make up a connector share. Nobody else
 * includes this.
 */
#ifndef CCGATE_UP_CONNECTOR_INTERNAL_H
#define CCGATE_UP_CONNECTOR_INTERNAL_H

#include "up/connector.h"
#include "up/dial.h"
#include "up/socks.h"
#include "up/tunnel.h"
#include "up/warm.h"

/* A login may need a second connection, a kept one may be stale; more is a loop. */
#define CONNECTIONS_PER_HOP 3

enum connector_state {
    CONNECTOR_DIAL,
    CONNECTOR_TLS,
    CONNECTOR_CONNECT, /* or SOCKS */
};

struct connector {
    struct egress *egress;
    struct config *config;
    struct route *route;
    enum connector_mode mode;
    enum connector_state state;
    char *host;
    char *via; /* line for CONNECT */
    char *url; /* PRIME */
    struct auth_trial *trial;
    struct trail *trail;
    uint16_t port;
    uint32_t owner;
    uint8_t *order; /* of the route's hops; NULL: direct */
    size_t order_count;
    size_t turn;          /* index into order */
    unsigned connections; /* opened to the current hop */
    bool asked;           /* it has answered the request with a 407 */
    bool fresh;           /* no kept connection, or no further one */
    bool logged_in;       /* or only one that is logged in */
    bool in_advance;
    bool not_resumed;          /* the hop's last handshake: for its session */
    struct upstream *upstream; /* under construction */
    struct dial *dial;
    struct tls_handshake *tls;
    struct tunnel *tunnel;
    struct socks *socks;
    struct deferred begin;
    uint64_t phase_began;
    struct connector_result result;
    connector_callback *callback;
    void *ctx;
};

/* ---- connector.c ---- */

/* The proxy whose turn it is; NULL: the target itself. */
const struct hop *connector_hop(const struct connector *c);

/* Calls back, and frees the connector. */
void connector_end(struct connector *c, enum outcome outcome, const char *detail);

/* The way is open; or it failed, and the next hop follows where the outcome allows it.
 */
void connector_succeeded(struct connector *c);
void connector_failed(struct connector *c, enum outcome outcome, const char *detail);

/* Once more on a fresh connection, where that may help. */
void connector_again(struct connector *c);

/* ---- connector_hop.c ---- */

/* There is a connection to the hop, or to the target: what follows on it. */
void connector_reached(struct connector *c);

/* The hop is an HTTP proxy, and this connection is to open the tunnel. */
void connector_tunnel(struct connector *c);

/*
 * A rejected login fails at once, without a connection (its secret is the next hop's):
 * then the connector has ended.
 */
bool connector_login_held(struct connector *c, const struct hop *hop);

#endif
