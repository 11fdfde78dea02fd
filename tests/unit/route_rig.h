/*
 * route_rig: what the tests of routes share: routers made of YAML and variables, and
 * decisions as text.
 */
#ifndef CCGATE_TESTS_UNIT_ROUTE_RIG_H
#define CCGATE_TESTS_UNIT_ROUTE_RIG_H

#include <stdio.h>
#include <string.h>

#include "config/internal.h"
#include "route/route.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define VARIABLES    6

static inline struct config *config_of(const char *yaml)
{
    struct buf messages;
    struct config *config;

    buf_init(&messages, 65536);
    config = config_parse_text("test", span_of(yaml), &messages);
    ck_assert_msg(config != NULL, "%.*s", SPAN_ARG(buf_span(&messages)));
    buf_clear(&messages);
    return config;
}

/* We listen on these. */
static inline bool is_self(void *ctx, struct span host, uint16_t port)
{
    const bool *listening = ctx;

    return *listening && port == 3128 &&
           (span_equal(host, SPAN("127.0.0.1")) ||
            span_equal(host, SPAN("localhost")) || span_equal(host, SPAN("::1")) ||
            span_equal(host, SPAN("gate.corp")));
}

static bool listening = true;

static inline struct router *router_of(const char *yaml, char *const *environment)
{
    struct config *config = config_of(yaml);
    struct router *router = router_new(&(struct router_options){
        .config = config,
        .environment = environment,
        .is_self = is_self,
        .self_ctx = &listening,
    });

    ck_assert_ptr_nonnull(router);
    config_unref(config);
    return router;
}

/* "kind: why", with the names of the hops or the name of the outcome. */
static inline void show(const struct route *route, char *text, size_t size)
{
    size_t n = 0;

    if (route->kind == ROUTE_DIRECT)
        n = (size_t)snprintf(text, size, "DIRECT%s",
                             route->refuse_local ? " refuse_local" : "");
    else if (route->kind == ROUTE_REFUSED)
        n = (size_t)snprintf(text, size, "REFUSED %s",
                             outcome_info(route->outcome)->name);
    else
        for (size_t i = 0; i < route->hop_count; i++)
            n += (size_t)snprintf(text + n, size - n, "%s%s", i > 0 ? " " : "",
                                  route->hops[i].name);
    (void)snprintf(text + n, size - n, " (%s)", route->why);
}

struct route_case {
    const char *yaml;
    char *environment[VARIABLES];
    const char *host;
    uint16_t port;
    bool plain;   /* http, not CONNECT */
    bool foreign; /* a caller of another uid */
    const char *way;
};

static inline void decides_as(const struct route_case *c)
{
    char *environment[VARIABLES + 1] = {NULL};
    struct route_request request = {
        .host = span_of(c->host),
        .port = c->port,
        .secure = !c->plain,
        .own_caller = !c->foreign,
    };
    struct router *router;
    struct route *route;
    char way[512];

    memcpy(environment, c->environment, sizeof(c->environment));
    router = router_of(c->yaml, environment);
    route = route_decide(router, &request);
    ck_assert_ptr_nonnull(route);
    router_free(router); /* the route holds what it needs */
    show(route, way, sizeof(way));
    ck_assert_str_eq(way, c->way);
    route_unref(route);
}

static inline struct route *decide(struct router *router, const char *host, bool secure)
{
    struct route *route = route_decide(
        router,
        &(struct route_request){.host = span_of(host), .port = 443, .secure = secure});

    ck_assert_ptr_nonnull(route);
    return route;
}

#endif
