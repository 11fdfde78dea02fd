/*
 * route: routes, and the router that decides on them. See route.h.
 */
#include "route/route.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "route/noproxy.h"
#include "route/route_internal.h"

/* ---- routes ---- */

static char *join(const char *label, struct span text)
{
    size_t size = strlen(label) + text.len + 3;
    char *joined = malloc(size);

    if (joined == NULL)
        return NULL;
    if (text.len == 0)
        (void)snprintf(joined, size, "%s", label);
    else
        (void)snprintf(joined, size, "%s: %.*s", label, SPAN_ARG(text));
    return joined;
}

struct route *route_make(enum route_kind kind, struct config *config, const char *label,
                         struct span text)
{
    struct route *route = calloc(1, sizeof(*route));

    if (route == NULL)
        return NULL;
    route->refs = 1;
    route->kind = kind;
    route->outcome = OUTCOME_OK;
    route->config = config_ref(config);
    route->why = join(label, text);
    if (route->why == NULL) {
        route_unref(route);
        return NULL;
    }
    return route;
}

struct route *route_refuse(struct config *config, enum outcome outcome,
                           const char *label, struct span text)
{
    struct route *route = route_make(ROUTE_REFUSED, config, label, text);

    if (route != NULL)
        route->outcome = outcome;
    return route;
}

bool route_hops(struct route *route, size_t count)
{
    route->hops = calloc(count, sizeof(*route->hops));
    if (route->hops != NULL)
        route->hop_count = count;
    return route->hops != NULL;
}

struct route *route_ref(struct route *route)
{
    route->refs++;
    return route;
}

void route_unref(struct route *route)
{
    if (route == NULL || --route->refs > 0)
        return;
    for (size_t i = 0; i < route->hop_count; i++) {
        free(route->hops[i].host);
        free(route->hops[i].name);
        free(route->hops[i].header);
    }
    free(route->hops);
    free(route->why);
    free(route->trace);
    free(route->script.facts);
    environment_login_free(route->environment_login);
    config_unref(route->config);
    free(route);
}

/* ---- hops ---- */

static size_t count_lines(char *const *lines)
{
    size_t count = 0;

    while (lines != NULL && lines[count] != NULL)
        count++;
    return count;
}

static bool names_field(char *const *lines, const char *line)
{
    size_t name = strcspn(line, ":") + 1;

    for (; lines != NULL && *lines != NULL; lines++)
        if (strncasecmp(*lines, line, name) == 0)
            return true;
    return false;
}

static bool set_header(struct hop *hop, char *const *common, char *const *more)
{
    size_t room = count_lines(common) + count_lines(more);
    size_t count = 0;

    if (room == 0)
        return true;
    hop->header = calloc(room + 1, sizeof(*hop->header));
    if (hop->header == NULL)
        return false;
    for (; common != NULL && *common != NULL; common++)
        if (!names_field(more, *common))
            hop->header[count++] = *common;
    for (; more != NULL && *more != NULL; more++)
        hop->header[count++] = *more;
    return true;
}

const struct config_login hop_no_login = {.auth = CONFIG_AUTH_NONE};

static char *hop_name(const struct hop *hop)
{
    size_t size = strlen(hop->host) + sizeof("socks5://[]:65535");
    bool ipv6 = strchr(hop->host, ':') != NULL;
    char *name;

    if (hop->kind == HOP_DIRECT)
        return span_dup(span_of(hop_kind_name(hop->kind)));
    name = malloc(size);
    if (name != NULL)
        (void)snprintf(name, size, "%s://%s%s%s:%u", hop_kind_name(hop->kind),
                       ipv6 ? "[" : "", hop->host, ipv6 ? "]" : "",
                       (unsigned)hop->port);
    return name;
}

bool hop_set(struct hop *hop, enum hop_kind kind, struct span host, uint16_t port,
             const struct config *config, char *const *more)
{
    hop->kind = kind;
    hop->port = port;
    hop->host = span_dup(host);
    if (hop->host == NULL)
        return false;
    /* The zone behind '%' is the name of an interface, where case matters. */
    for (char *c = hop->host; *c != '\0' && *c != '%'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
    hop->name = hop_name(hop);
    return hop->name != NULL &&
           (!hop_kind_is_http(kind) || set_header(hop, config->header, more));
}

struct route *route_of_proxies(struct config *config,
                               const struct config_proxy *proxies, size_t count,
                               const char *label, struct span text)
{
    struct route *route = route_make(ROUTE_HOPS, config, label, text);

    if (count > ROUTE_HOP_LIMIT)
        count = ROUTE_HOP_LIMIT;
    if (route == NULL || !route_hops(route, count))
        goto out;
    for (size_t i = 0; i < count; i++) {
        const struct config_proxy *proxy = &proxies[i];

        /* Somewhere else it may stand with its login. */
        if (proxy->bare)
            proxy = config_find_proxy(config, proxy->kind, span_of(proxy->host),
                                      proxy->port);
        route->hops[i].login = &proxy->login;
        if (!hop_set(&route->hops[i], proxy->kind, span_of(proxy->host), proxy->port,
                     config, proxy->header))
            goto out;
    }
    return route;
out:
    route_unref(route);
    return NULL;
}

struct route *route_of_list(struct config *config, const char *label, struct span text)
{
    return route_of_proxies(config, config->proxy, config->proxy_count, label, text);
}

/* ---- the router ---- */

struct router *router_new(const struct router_options *options)
{
    struct router *router = calloc(1, sizeof(*router));
    struct config *config = options->config;

    if (router == NULL)
        return NULL;
    router->refs = 1;
    router->loop = options->loop;
    router->config = config_ref(config);
    router->is_self = options->is_self;
    router->self_ctx = options->self_ctx;
    if (options->means != NULL) {
        router->pac = pac_ref(options->means->pac);
        router->outside = outside_ref(options->means->outside);
        router->settings = options->means->settings;
        router->scripts = options->means->scripts;
    }
    if (environment_read(&router->environment, options->environment, config) != 0)
        goto out;
    if (config->proxy_count > 0) {
        router->list = route_of_list(config, "proxy: list", SPAN(""));
        if (router->list == NULL)
            goto out;
    }
    if (!router_rules_read(router))
        goto out;
    return router;
out:
    router_free(router);
    return NULL;
}

struct router *router_ref(struct router *router)
{
    router->refs++;
    return router;
}

void router_free(struct router *router)
{
    if (router == NULL || --router->refs > 0)
        return;
    route_unref(router->list);
    router_rules_free(router);
    for (size_t i = 0; i < ROUTER_SEEN; i++)
        route_unref(router->seen[i]);
    pac_unref(router->pac);
    outside_unref(router->outside);
    environment_clear(&router->environment);
    config_unref(router->config);
    free(router);
}

static size_t add_hop(const struct hop **hops, size_t count, const struct hop *hop)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(hops[i]->name, hop->name) == 0)
            return count;
    hops[count] = hop;
    return count + 1;
}

static size_t add_hops(const struct route *route, const struct hop **hops, size_t count,
                       size_t limit)
{
    for (size_t i = 0; route != NULL && i < route->hop_count && count < limit; i++)
        count = add_hop(hops, count, &route->hops[i]);
    return count;
}

/* Of the environment, where that is asked at all; NULL: none names a proxy. */
static struct route *route_of_variable(const struct router *router, bool secure)
{
    const struct environment_proxy *proxy = NULL;

    if (router->config->system && router->pac == NULL)
        proxy = environment_find(&router->environment, secure, router->is_self,
                                 router->self_ctx);
    return proxy != NULL ? proxy->route : NULL;
}

size_t router_hops(const struct router *router, const struct hop **hops, size_t limit)
{
    size_t count = add_hops(router->list, hops, 0, limit);

    for (size_t i = 0; i < router->config->rule_count; i++)
        count = add_hops(router->rules[i], hops, count, limit);
    for (size_t i = 0; i < ROUTER_SEEN; i++)
        count = add_hops(router->seen[i], hops, count, limit);
    for (int secure = 1; secure >= 0; secure--)
        count = add_hops(route_of_variable(router, secure != 0), hops, count, limit);
    return count;
}

static bool has_hop(const struct route *route, const char *name, size_t *place)
{
    for (*place = 0; route != NULL && *place < route->hop_count; ++*place)
        if (strcmp(route->hops[*place].name, name) == 0)
            return true;
    return false;
}

/* Of what the configuration and the script name; NULL: there is none. */
static struct route *find_named(const struct router *router, const char *name,
                                size_t *place)
{
    if (has_hop(router->list, name, place))
        return router->list;
    for (size_t i = 0; i < router->config->rule_count; i++)
        if (has_hop(router->rules[i], name, place))
            return router->rules[i];
    for (size_t i = 0; i < ROUTER_SEEN; i++)
        if (has_hop(router->seen[i], name, place))
            return router->seen[i];
    return NULL;
}

/* Whether somebody names hops that the configuration does not. */
static bool others_may_name(const struct router *router)
{
    const struct config *config = router->config;

    return config->pac != NULL ||
           (router->settings != NULL && (config->wpad || config->system));
}

struct route *router_find_hop(const struct router *router, const char *name,
                              size_t *place)
{
    struct route *named = find_named(router, name, place);

    if (named != NULL)
        return route_ref(named);
    for (int secure = 1; secure >= 0; secure--) {
        struct route *route = route_of_variable(router, secure != 0);

        if (has_hop(route, name, place))
            return route_ref(route);
    }
    *place = 0;
    return others_may_name(router) ? router_named_hop(router, name) : NULL;
}

void router_saw(struct router *router, struct route *route)
{
    bool known = true;
    size_t place;

    for (size_t i = 0; i < route->hop_count && known; i++)
        known = route->hops[i].kind == HOP_DIRECT ||
                find_named(router, route->hops[i].name, &place) != NULL;
    if (known)
        return;
    route_unref(router->seen[router->seen_next]);
    router->seen[router->seen_next] = route_ref(route);
    router->seen_next = (router->seen_next + 1) % ROUTER_SEEN;
}

/* ---- decisions ---- */

const struct hop *router_own_hop(const struct router *router, const struct route *route)
{
    for (size_t i = 0; router->is_self != NULL && i < route->hop_count; i++)
        if (router->is_self(router->self_ctx, span_of(route->hops[i].host),
                            route->hops[i].port))
            return &route->hops[i];
    return NULL;
}

struct route *router_direct(const struct router *router,
                            const struct route_request *request, const char *label,
                            struct span text)
{
    struct route *route = route_make(ROUTE_DIRECT, router->config, label, text);

    if (route != NULL)
        route->refuse_local = !request->own_caller;
    return route;
}
