/*
 * egress: what all ways out share: names, hop health, logins, kept connections, trust,
 * and our name in Via. One per process; survives a reload.
 */
#ifndef CCGATE_UP_EGRESS_H
#define CCGATE_UP_EGRESS_H

#include "net/resolve.h"
#include "route/health.h"
#include "route/route.h"
#include "up/pool.h"
#include "up/tls.h"

#define EGRESS_NAME 32

struct warm;
struct primer;

struct egress {
    struct loop *loop;
    struct resolver *resolver;
    struct means means; /* of the current configuration */
    struct health *health;
    struct guard *guard;
    struct router *router; /* of the current configuration; NULL: none yet */
    struct auth_memory *memory;
    struct gss *gss;
    struct lifetimes *lifetimes;
    struct pool *pool;
    struct warm *warm;       /* ready tunnels */
    struct primer *primer;   /* connections that are logged in unasked */
    struct tls_context *tls; /* of the current configuration */
    char name[EGRESS_NAME];  /* pseudonym, unique per process: "ccgate-1f0c9a2e" */
    /* Whether an address is one of our listeners; NULL where nothing listens. */
    bool (*is_own)(void *ctx, const struct netaddr *addr);
    void *is_own_ctx;
};

/* NULL when memory or descriptors are out. */
struct egress *egress_new(struct loop *loop, struct config *config);

/*
 * Takes over what a new configuration changes: resolver settings, trust. Kept
 * connections and ready tunnels are closed. False when memory is out; the old state
 * then stays.
 */
bool egress_reload(struct egress *egress, struct config *config);

/*
 * The network is another one: names, rests of hops, kept connections, ready tunnels and
 * decisions of the script are given up, the script is fetched again, and whether we
 * are outside is found out anew.
 */
void egress_network_changed(struct egress *egress, const struct config *config);

/* Whether connections to this hop may be opened before anybody asks for them. */
bool egress_allows_advance(const struct egress *egress, const struct hop *hop);

/*
 * Before the end: opens nothing in advance any more, closes ready tunnels, and logins
 * that are cut leave a trace (guard_end()).
 */
void egress_drain(struct egress *egress);

/* Whether a proxy has a password to judge and has not answered yet. */
bool egress_is_logging_in(const struct egress *egress);

/*
 * Names the hops of the current configuration: their logins are prepared, and logins
 * can be repeated at them. A reference is taken; NULL: no more.
 */
void egress_use_router(struct egress *egress, struct router *router);

/* The first digits of its name, which tell processes apart. */
uint16_t egress_tag(const struct egress *egress);

/* Everything started on it must have ended. NULL-safe. */
void egress_free(struct egress *egress);

#endif
