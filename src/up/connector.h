/*
 * connector: the one place that knows that proxies exist. Takes a route and a target,
 * gives an open connection.
 *
 * A hop that cannot be reached passes to the next one within the same request and
 * rests; a refusal does not. Never silently direct: only a route that says so is, by
 * its kind or by an entry of its list.
 */
#ifndef CCGATE_UP_CONNECTOR_H
#define CCGATE_UP_CONNECTOR_H

#include "http/quote.h"
#include "up/egress.h"
#include "up/trail.h"
#include "up/upstream.h"

enum connector_mode {
    CONNECTOR_TUNNEL,  /* a byte pipe to the target, by CONNECT or SOCKS where a hop is
                          used */
    CONNECTOR_FORWARD, /* a connection that takes a plain HTTP request for the target:
                          absolute-form if ->hop is an HTTP proxy, else origin-form */
    CONNECTOR_PRIME,   /* a connection to a hop that a GET for a URL has left logged in;
                          ANSWER_NONE where it has not */
};

struct connector_options {
    struct egress *egress;
    struct config *config; /* of the session; must live as long as the connector */
    struct route *route;   /* HOPS or DIRECT; a reference is taken */
    enum connector_mode mode;
    struct span host; /* copied */
    uint16_t port;
    struct span
        via; /* TUNNEL: the Via line with its CR LF, see forward_via(); copied */
    struct span url;      /* PRIME; copied */
    uint32_t owner;       /* uid of the caller */
    bool fresh;           /* not a kept connection */
    struct upstream *own; /* FORWARD: a connection to be used if the route still leads
                             that way, else closed; the connector's from now on, even if
                             it cannot start. Or NULL */
    bool logged_in;       /* FORWARD: a kept connection only if it is logged in */
    struct trail *trail;  /* takes what was tried in vain; must live as long as the
                             connector. NULL: nobody asks */
    bool in_advance; /* nobody has asked for it: only with a login that was accepted
                        before, and it is no use of the target; see warm.h */
    /* For the repeat of a login, see up/repeat.h: */
    const struct hop *only;   /* this hop of the route and no other; or NULL */
    struct auth_trial *trial; /* the login goes past the guard, and PRIME sends HEAD; or
                                 NULL. Must live as long as the connector. */
};

struct connector_result {
    enum outcome outcome;
    struct upstream *upstream; /* OK: the receiver's */
    const struct hop *hop;     /* the last one tried, NULL: the target itself */
    const char *detail;        /* NULL when OK */
    const char *quote;         /* CONNECT_*: from the proxy's page, may be empty */
    uint16_t status;           /* the proxy's answer, 0 if none */
    uint64_t resolve_ns, connect_ns, tls_ns, tunnel_ns; /* of the last attempt */
};

/* Valid during the call, but for the upstream. */
typedef void connector_callback(void *ctx, const struct connector_result *result);

struct connector;

/*
 * The callback comes exactly once, never before this returns, never after
 * connector_cancel(). NULL when memory is out.
 */
struct connector *connector_start(const struct connector_options *options,
                                  connector_callback *callback, void *ctx);
void connector_cancel(struct connector *connector); /* NULL-safe */

/* ---- to say what goes on ---- */

enum connector_phase {
    PHASE_LOOKUP,  /* of a name */
    PHASE_CONNECT, /* TCP */
    PHASE_TLS,
    PHASE_LOGIN,  /* at the hop; it may wait for another login to be answered */
    PHASE_ANSWER, /* the hop was asked for the target */
};

struct connector_view {
    enum connector_phase phase;
    const struct hop *hop; /* whose turn it is; NULL: the target itself */
    uint64_t since;        /* loop_clock(); the last two have one beginning */
};

void connector_view(const struct connector *connector, struct connector_view *view);

#endif
