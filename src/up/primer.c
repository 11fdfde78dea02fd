/*
 * primer: one request at a time, a look every second. See primer.h.
 */
#include "up/primer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/url.h"
#include "up/connector.h"

enum {
    TICK_MS = 1000,
    REST_MS = 30000, /* after one that was of no use */
};

struct primer {
    struct egress *egress;
    const struct config *config;
    struct router *router;
    char *hop;         /* of the last CONNECT */
    uint64_t noted_at; /* when that was; loop milliseconds */
    uint64_t rests_until;
    struct route_query *query;
    struct connector *connector;
    struct deadline tick;
};

static uint64_t now_of(const struct primer *p)
{
    return loop_now(p->egress->loop);
}

static bool is_on(const struct primer *p)
{
    return p->config && p->router && p->config->warm.enabled && p->config->warm.primer;
}

static void look(struct primer *p);

/* ---- one request ---- */

static void primed(void *ctx, const struct connector_result *result)
{
    struct primer *p = ctx;

    p->connector = NULL;
    if (result->outcome == OUTCOME_OK) {
        pool_put(p->egress->pool, result->upstream, p->config->timeout.pool_idle);
        look(p);
    } else {
        p->rests_until = now_of(p) + REST_MS;
    }
}

/* The hop that a request through this route would take now. */
static const struct hop *first_hop(const struct primer *p, const struct route *route)
{
    uint8_t order[ROUTE_HOP_LIMIT];

    if (route->kind != ROUTE_HOPS || route->config != p->config)
        return NULL;
    health_order(p->egress->health, route, order);
    for (size_t i = 0; i < route->hop_count; i++)
        if (hop_kind_is_http(route->hops[order[i]].kind))
            return &route->hops[order[i]];
    return NULL;
}

static void request_start(struct primer *p, struct route *route)
{
    struct url url;
    char via[64];

    if (url_parse(&url, span_of(p->config->warm.primer)) != NULL)
        return; /* it was looked at when it was read */
    snprintf(via, sizeof(via), "Via: 1.1 %s\r\n", p->egress->name);
    p->connector = connector_start(
        &(struct connector_options){
            .egress = p->egress,
            .config = route->config,
            .route = route,
            .mode = CONNECTOR_PRIME,
            .host = url.host,
            .port = url.port,
            .url = span_of(p->config->warm.primer),
            .via = span_of(via),
            .owner = POOL_ALL_OWNERS,
            .fresh = true,
            .in_advance = true,
        },
        primed, p);
}

static void routed(void *ctx, struct route *route)
{
    struct primer *p = ctx;
    const struct hop *hop = first_hop(p, route);

    p->query = NULL;
    if (hop && strcmp(hop->name, p->hop) == 0 && egress_allows_advance(p->egress, hop))
        request_start(p, route);
    else
        p->rests_until = now_of(p) + REST_MS;
    route_unref(route);
}

/* ---- when ---- */

static bool is_due(const struct primer *p)
{
    return !p->query && !p->connector && now_of(p) >= p->rests_until &&
           auth_memory_bound(p->egress->memory, p->hop) &&
           pool_count(p->egress->pool, p->hop, true) < p->config->warm.connections;
}

static void look(struct primer *p)
{
    struct url url;

    if (!is_due(p) || url_parse(&url, span_of(p->config->warm.primer)) != NULL)
        return;
    p->query = route_start(p->router,
                           &(struct route_request){.host = url.host,
                                                   .port = url.port,
                                                   .path = url.path_query,
                                                   .own_caller = true},
                           routed, p);
}

static void tick_fired(void *ctx)
{
    struct primer *p = ctx;

    if (!is_on(p) || now_of(p) - p->noted_at > PRIMER_QUIET)
        return;
    look(p);
    deadline_set(p->egress->loop, &p->tick, TICK_MS);
}

void primer_noted(struct primer *p, const struct route *route, const struct hop *hop)
{
    if (!is_on(p) || route->config != p->config)
        return;
    if (!p->hop || strcmp(p->hop, hop->name) != 0) {
        free(p->hop);
        p->hop = span_dup(span_of(hop->name));
    }
    if (!p->hop)
        return;
    p->noted_at = now_of(p);
    look(p);
    deadline_set(p->egress->loop, &p->tick, TICK_MS);
}

/* ---- life ---- */

static void primer_stop(struct primer *p)
{
    deadline_clear(p->egress->loop, &p->tick);
    route_cancel(p->query);
    connector_cancel(p->connector);
    p->query = NULL;
    p->connector = NULL;
    p->rests_until = 0;
}

struct primer *primer_new(struct egress *egress, const struct config *config)
{
    struct primer *p = calloc(1, sizeof(*p));

    if (!p)
        return NULL;
    p->egress = egress;
    p->config = config;
    deadline_init(&p->tick, tick_fired, p);
    return p;
}

void primer_configure(struct primer *p, const struct config *config)
{
    primer_stop(p);
    p->config = config;
}

void primer_set_router(struct primer *p, struct router *router)
{
    primer_stop(p);
    if (router)
        router_ref(router);
    router_free(p->router);
    p->router = router;
}

void primer_free(struct primer *p)
{
    if (!p)
        return;
    primer_set_router(p, NULL);
    free(p->hop);
    free(p);
}
