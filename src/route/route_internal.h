/*
 * route_internal: what the files that make up the router share; nobody else includes
 * it.
 */
#ifndef CCGATE_ROUTE_ROUTE_INTERNAL_H
#define CCGATE_ROUTE_ROUTE_INTERNAL_H

#include "route/environment.h"

#define ROUTER_SEEN 16 /* routes of the script that are remembered for their hops */

struct router {
    unsigned refs;
    struct loop *loop;
    struct config *config;
    route_is_self *is_self;
    void *self_ctx;
    struct pac *pac;    /* NULL: no script */
    struct route *list; /* for every request that the `proxy` list decides, or NULL */
    struct environment environment;
    struct route *seen[ROUTER_SEEN]; /* of the script, for status; a ring */
    size_t seen_next;
};

/* ---- route.c ---- */

/* Direct, and for foreign callers not to this machine. NULL: memory. */
struct route *router_direct(const struct router *router,
                            const struct route_request *request, const char *label,
                            struct span text);

/* The entries of `proxy`, because of what label and text say. NULL: memory. */
struct route *route_of_list(struct config *config, const char *label, struct span text);

/* A reference to the list; or the refusal of one that leads to ourselves. */
struct route *router_list(const struct router *router, struct route *list);

/* What comes before the script; NULL: nothing there decides. */
struct route *router_before(const struct router *router,
                            const struct route_request *request);

/* What comes after it. NULL: memory. */
struct route *router_after(const struct router *router,
                           const struct route_request *request);

/* Remembers the hops of a route that the script has chosen. */
void router_saw(struct router *router, struct route *route);

/* ---- route_pac.c ---- */

/* The route that a script's answer stands for. NULL: memory. */
struct route *router_pac(struct router *router, const struct route_request *request,
                         const struct pac_decision *decision);

#endif
