/*
 * route: which way out, and why.
 *
 * The order of sources: our own listeners (a loop), loopback and link-local targets
 * (never to a parent), the first of `rules` that matches, `noproxy`, being outside the
 * company's network where `outside` says what that means, the script of `pac` or,
 * without that key, the one that the network names (`wpad`), the `proxy` list, with
 * `proxy: system` the environment's variables (whose NO_PROXY counts only with them)
 * and what the system's settings say, and the rules that come after all these. The list
 * stands in while there is no script that can be run; the system does not. Direct is
 * the last resort, and only when no source names a way and via_corp_proxy is off. A
 * source that failed makes the decision undecided.
 */
#ifndef CCGATE_ROUTE_ROUTE_H
#define CCGATE_ROUTE_ROUTE_H

#include "base/loop.h"
#include "base/netaddr.h"
#include "base/outcome.h"
#include "config/config.h"
#include "route/means.h"

enum route_kind {
    ROUTE_HOPS, /* through one of `hops`, in this order */
    ROUTE_DIRECT,
    ROUTE_REFUSED, /* no way: `outcome` says which kind, `why` the rest */
};

/* An entry of a list of ways out: a proxy, or going direct. */
struct hop {
    enum hop_kind kind;
    char *host; /* lower case, without brackets; DIRECT: empty */
    uint16_t port;
    char *name; /* "http://wp1.corp:8080", the key of health and login memory; or
                   "direct" */
    const struct config_login *login; /* never NULL; without a user: none */
    bool withheld; /* it must not be given our login: see config_may_login() */
    char **header; /* extra lines, NULL-terminated, or NULL; an own line replaces a
                      global one of that name. The array is the route's. */
};

#define ROUTE_HOP_LIMIT 255 /* hops of a route; further ones are left out */

/* How a script came to say what it said, for those who ask later. */
struct route_script {
    bool asked;  /* else the rest means nothing */
    bool cached; /* by a request before, age_ms earlier */
    uint64_t age_ms;
    uint64_t ns; /* in the engine; 0 if cached */
    unsigned runs;
    char *facts; /* see pac_run_result; NULL: none */
};

/* A decision. Immutable and reference-counted; holds what its hops point to. */
struct route {
    unsigned refs;
    enum route_kind kind;
    enum outcome outcome; /* REFUSED: LOOP, LOCAL_TARGET_REFUSED, RULE_REFUSED,
                             ROUTE_UNDECIDED */
    bool refuse_local;    /* DIRECT, and hops of that kind: no loopback or link-local
                             address after lookup */
    char *why;            /* "noproxy: *.corp.example", "proxy: list", ... never NULL */
    char *trace; /* if that was asked for: what was looked at, a line each; or NULL */
    struct route_script script;
    struct hop *hops;
    size_t hop_count;
    struct config *config;                  /* keeps logins and header lines alive */
    struct config_login *environment_login; /* of a proxy from a variable */
};

struct route *route_ref(struct route *route);
void route_unref(struct route *route); /* NULL-safe */

struct route_request {
    struct span host; /* without brackets */
    uint16_t port;
    bool secure;      /* CONNECT or https: which environment variable counts */
    bool own_caller;  /* the caller has our uid: it may reach its own loopback */
    struct span path; /* of what is not secure, with the query; for the PAC script */
    bool trace;       /* explain */
    bool patient;     /* wait for the script, also where the list could stand in */
};

/* Whether a host and port are one of our listeners. */
typedef bool route_is_self(void *ctx, struct span host, uint16_t port);

struct router;

struct router_options {
    struct loop *loop;        /* NULL: only route_decide() is used */
    struct config *config;    /* a reference is taken */
    char *const *environment; /* environ or NULL; read at once */
    route_is_self *is_self;   /* NULL: nothing is */
    void *self_ctx;
    /* What is asked besides; must outlive the router. NULL: only the environment. */
    const struct means *means;
};

/* NULL when memory is out. One router per configuration; reload makes a new one. */
struct router *router_new(const struct router_options *options);
void router_free(struct router *router);
struct router *router_ref(struct router *router);

struct route_query;

/* The route is the receiver's: route_unref(). NULL when memory is out. */
typedef void route_callback(void *ctx, struct route *route);

/*
 * The callback comes exactly once, never before this returns, never after
 * route_cancel(). NULL when memory is out.
 */
struct route_query *route_start(struct router *router,
                                const struct route_request *request,
                                route_callback *callback, void *ctx);
void route_cancel(struct route_query *query); /* NULL-safe */

/*
 * The decision, for `ccgate route` and tests: with a script, this runs the loop until
 * it is there. NULL when memory is out.
 */
struct route *route_decide(struct router *router, const struct route_request *request);

/*
 * The hops that are known, for status: those of the `proxy` list or, without it and
 * without a script, those of the environment; those of the rules; and those that the
 * script named lately; each once. Returns how many it put into hops, limit at
 * most. They live as long as the router.
 */
size_t router_hops(const struct router *router, const struct hop **hops, size_t limit);

/*
 * The route of these sources that has a hop of this name, now the caller's, and
 * its place in it; NULL if there is none. With a script it is made, if need be: a
 * script may name any proxy, and says so only when it is asked for the right URL.
 */
struct route *router_find_hop(const struct router *router, const char *name,
                              size_t *place);

#endif
