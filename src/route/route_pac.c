/*
 * route_pac: the route that a PAC script's answer stands for.
 */
#include "base/url.h"
#include "route/pac_result.h"
#include "route/route_internal.h"

#include <stdio.h>
#include <string.h>

#define WHY_LIMIT 200 /* bytes of what the script said that are repeated */

static const enum hop_kind KINDS[] = {
    [PAC_WAY_DIRECT] = HOP_DIRECT, [PAC_WAY_HTTP] = HOP_HTTP,
    [PAC_WAY_HTTPS] = HOP_HTTPS,   [PAC_WAY_SOCKS4] = HOP_SOCKS4,
    [PAC_WAY_SOCKS5] = HOP_SOCKS5,
};

/* How many entries of a kind a result has. */
struct tally {
    size_t hops;   /* that can be used */
    size_t direct; /* of these, DIRECT */
    size_t own;    /* that name ourselves, and are passed over */
};

static bool is_own(const struct router *router, const struct pac_entry *entry)
{
    return entry->way != PAC_WAY_DIRECT && router->is_self != NULL &&
           router->is_self(router->self_ctx, entry->host, entry->port);
}

static struct tally count(const struct router *router, struct span said)
{
    struct tally tally = {0};
    struct pac_entry entry;

    while (pac_result_next(&said, &entry)) {
        if (is_own(router, &entry)) {
            tally.own++;
        } else {
            tally.hops++;
            tally.direct += entry.way == PAC_WAY_DIRECT;
        }
    }
    if (tally.hops > ROUTE_HOP_LIMIT)
        tally.hops = ROUTE_HOP_LIMIT;
    return tally;
}

/* Anybody can name a proxy in a script: our login goes to those the user named. */
static bool fill_hop(struct hop *hop, enum hop_kind kind, const struct pac_entry *entry,
                     const struct config *config)
{
    const struct config_proxy *proxy =
        config_find_proxy(config, kind, entry->host, entry->port);

    if (proxy != NULL) {
        hop->login = &proxy->login;
        return hop_set(hop, kind, entry->host, entry->port, config, proxy->header);
    }
    hop->login = hop_kind_is_http(kind) ? &config->login : &hop_no_login;
    hop->withheld = !config_may_login(config, entry->host, entry->port, false);
    return hop_set(hop, kind, entry->host, entry->port, config, NULL);
}

static struct route *hops_route(struct router *router,
                                const struct route_request *request, struct span said,
                                struct span why, size_t hops)
{
    struct route *route = route_make(ROUTE_HOPS, router->config, "pac", why);
    struct pac_entry entry;
    size_t at = 0;

    if (route == NULL || !route_hops(route, hops))
        goto out;
    route->refuse_local = !request->own_caller;
    while (at < hops && pac_result_next(&said, &entry))
        if (!is_own(router, &entry) &&
            !fill_hop(&route->hops[at++], KINDS[entry.way], &entry, router->config))
            goto out;
    router_saw(router, route);
    return route;
out:
    route_unref(route);
    return NULL;
}

static struct route *said_route(struct router *router,
                                const struct route_request *request, struct span said)
{
    struct tally tally = count(router, said);
    struct span why = span_trim(said);

    if (why.len > WHY_LIMIT)
        why.len = WHY_LIMIT;
    if (pac_result_is_empty(said))
        return router_direct(router, request, "pac", SPAN("an empty answer"));
    if (tally.hops > 0 && tally.hops == tally.direct)
        return router_direct(router, request, "pac", why);
    if (tally.hops > 0)
        return hops_route(router, request, said, why, tally.hops);
    if (tally.own > 0)
        return route_refuse(router->config, OUTCOME_LOOP, "pac: own listener", why);
    return route_refuse(router->config, OUTCOME_ROUTE_UNDECIDED,
                        "pac: an answer that names no way", why);
}

struct route *router_pac(struct router *router, const struct route_request *request,
                         const struct pac_decision *decision)
{
    if (decision->verdict == PAC_SAID)
        return said_route(router, request, decision->text);
    return route_refuse(router->config, OUTCOME_ROUTE_UNDECIDED, "pac",
                        span_of(decision->why));
}

struct route *router_pac_hop(const struct router *router, const char *name)
{
    struct pac_entry entry = {.way = PAC_WAY_HTTP};
    struct route *route;
    enum hop_kind kind;
    struct url url;

    if (url_parse(&url, span_of(name)) != NULL ||
        !hop_kind_of_scheme(url.scheme, &kind))
        return NULL;
    entry.host = url.host;
    entry.port = url.port;
    if (is_own(router, &entry))
        return NULL;
    route = route_make(ROUTE_HOPS, router->config, "pac: named before", SPAN(""));
    if (route != NULL && route_hops(route, 1) &&
        fill_hop(&route->hops[0], kind, &entry, router->config))
        return route;
    route_unref(route);
    return NULL;
}
