/*
 * route_source: the sources of routes, in their order. Each has decided, has nothing to
 * say, or is waited for.
 */
#include <stdlib.h>

#include "route/noproxy.h"
#include "route/route_internal.h"

enum said route_decided(struct route_query *query, struct route *route)
{
    query->route = route;
    return SAID_ROUTE;
}

/* ---- our own listeners, and this machine ---- */

static enum said ask_listeners(struct route_query *query)
{
    const struct router *router = query->router;
    const struct route_request *request = &query->request;

    if (router->is_self != NULL &&
        router->is_self(router->self_ctx, request->host, request->port))
        return route_decided(query, route_refuse(router->config, OUTCOME_LOOP,
                                                 "own listener", SPAN("")));
    route_explain(query, "own listener", SPAN("no"));
    return SAID_NOTHING;
}

static enum said ask_local(struct route_query *query)
{
    const struct router *router = query->router;
    const char *why = "local target";

    if (!noproxy_is_local(query->request.host)) {
        route_explain(query, why, SPAN("no"));
        return SAID_NOTHING;
    }
    if (query->request.own_caller)
        return route_decided(query,
                             router_direct(router, &query->request, why, SPAN("")));
    return route_decided(
        query,
        route_refuse(router->config, OUTCOME_LOCAL_TARGET_REFUSED, why, SPAN("")));
}

/* ---- noproxy ---- */

static enum said ask_noproxy(struct route_query *query)
{
    const struct route_request *request = &query->request;
    const struct config_patterns *noproxy = &query->router->config->noproxy;
    long entry =
        noproxy_match(noproxy->pattern, noproxy->count, request->host, request->port);

    if (entry >= 0)
        return route_decided(query, router_direct(query->router, request, "noproxy",
                                                  span_of(noproxy->text[entry])));
    if (noproxy->count > 0)
        route_explain(query, "noproxy", SPAN("no entry matches"));
    return SAID_NOTHING;
}

/* ---- outside ---- */

static route_source ask_outside;

static void outside_known(void *ctx)
{
    struct route_query *query = ctx;

    query->outside = NULL;
    route_resume(query, ask_outside(query));
}

static enum said ask_outside(struct route_query *query)
{
    struct router *router = query->router;
    const char *why;

    if (router->outside == NULL)
        return SAID_NOTHING;
    switch (outside_ask(router->outside, &why)) {
    case OUTSIDE_UNKNOWN:
        query->outside = outside_start(router->outside, outside_known, query);
        return query->outside != NULL ? SAID_LATER : route_decided(query, NULL);
    case OUTSIDE_NO:
        route_explain(query, "outside: no", span_of(why));
        break;
    case OUTSIDE_YES:
        return route_decided(
            query, router_direct(router, &query->request, "outside", span_of(why)));
    }
    return SAID_NOTHING;
}

/* ---- the list ---- */

struct route *router_list(const struct router *router, const char *no_script)
{
    const struct hop *own = router_own_hop(router, router->list);

    /* A list that leads back to ourselves is a mistake that no request survives. */
    if (own != NULL)
        return route_refuse(router->config, OUTCOME_LOOP, "proxy: own listener",
                            span_of(own->name));
    if (no_script == NULL)
        return route_ref(router->list);
    return route_of_list(router->config, "proxy: list, for want of a PAC script",
                         span_of(no_script));
}

static enum said ask_list(struct route_query *query)
{
    if (query->router->list == NULL)
        return SAID_NOTHING;
    return route_decided(query, router_list(query->router, query->no_script));
}

/* ---- nobody ---- */

static enum said ask_nobody(struct route_query *query)
{
    struct config *config = query->router->config;
    struct span hint = span_of(query->hint != NULL ? query->hint : "");

    if (!config->via_corp_proxy)
        return route_decided(query, router_direct(query->router, &query->request,
                                                  "no proxy named", hint));
    return route_decided(
        query,
        route_refuse(config, OUTCOME_ROUTE_UNDECIDED,
                     "via_corp_proxy is set, but no source names a proxy", hint));
}

route_source *const route_sources[] = {
    ask_listeners,         ask_local,          route_ask_rules_before, ask_noproxy,
    ask_outside,           route_ask_pac,      route_ask_wpad,         ask_list,
    route_ask_environment, route_ask_settings, route_ask_rules_after,  ask_nobody,
};
