/*
 * route_named: routes out of what others than the configuration name: a PAC script's
 * answer, a list of proxies in the system's settings.
 */
#include "route/pac_result.h"
#include "route/route_internal.h"

#include <stdio.h>
#include <string.h>

#include "base/url.h"

#define WHY_LIMIT 200 /* bytes of what was said that are repeated */

/* Cuts the next entry off; false when there is none left. */
typedef bool next_entry(struct span *rest, struct pac_entry *entry);

/* What was said, and by whom. */
struct saying {
    const char *label;
    struct span text;
    struct span why; /* of it, on one line */
    next_entry *next;
};

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

static struct tally count(const struct router *router, const struct saying *saying)
{
    struct tally tally = {0};
    struct span rest = saying->text;
    struct pac_entry entry;

    while (saying->next(&rest, &entry)) {
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

static struct span cut(struct span text)
{
    text = span_trim(text);
    if (text.len > WHY_LIMIT)
        text.len = WHY_LIMIT;
    return text;
}

static struct route *hops_route(struct router *router,
                                const struct route_request *request,
                                const struct saying *saying, size_t hops)
{
    struct route *route =
        route_make(ROUTE_HOPS, router->config, saying->label, saying->why);
    struct span rest = saying->text;
    struct pac_entry entry;
    size_t at = 0;

    if (route == NULL || !route_hops(route, hops))
        goto out;
    route->refuse_local = !request->own_caller;
    while (at < hops && saying->next(&rest, &entry))
        if (!is_own(router, &entry) &&
            !fill_hop(&route->hops[at++], KINDS[entry.way], &entry, router->config))
            goto out;
    router_saw(router, route);
    return route;
out:
    route_unref(route);
    return NULL;
}

/* With a reason in front of what was said. */
static struct route *refuse(const struct router *router, const struct saying *saying,
                            enum outcome outcome, const char *reason)
{
    char text[WHY_LIMIT + 64];

    (void)snprintf(text, sizeof(text), "%s: %.*s", reason, SPAN_ARG(saying->why));
    return route_refuse(router->config, outcome, saying->label, span_of(text));
}

static struct route *way_of(struct router *router, const struct route_request *request,
                            const struct saying *saying, const struct tally *tally)
{
    if (tally->hops > 0 && tally->hops == tally->direct)
        return router_direct(router, request, saying->label, saying->why);
    if (tally->hops > 0)
        return hops_route(router, request, saying, tally->hops);
    if (tally->own > 0)
        return refuse(router, saying, OUTCOME_LOOP, "own listener");
    return refuse(router, saying, OUTCOME_ROUTE_UNDECIDED,
                  "an answer that names no way");
}

struct route *router_pac(struct router *router, const struct route_request *request,
                         const char *label, const struct pac_decision *decision)
{
    const struct saying saying = {label, decision->text, cut(decision->text),
                                  pac_result_next};
    struct tally tally;

    if (decision->verdict != PAC_SAID)
        return route_refuse(router->config, OUTCOME_ROUTE_UNDECIDED, label,
                            span_of(decision->why));
    if (pac_result_is_empty(decision->text))
        return router_direct(router, request, label, SPAN("an empty answer"));
    tally = count(router, &saying);
    return way_of(router, request, &saying, &tally);
}

/* ---- a list of URLs ---- */

static enum pac_way way_of_kind(enum hop_kind kind)
{
    enum pac_way way = PAC_WAY_DIRECT;

    while (KINDS[way] != kind)
        way++;
    return way;
}

/* libproxy's "socks" is of a version that nobody has said. */
static bool read_url(struct span text, struct pac_entry *entry)
{
    enum hop_kind kind;
    struct url url;

    if (span_equal_nocase(text, SPAN("direct://"))) {
        *entry = (struct pac_entry){.way = PAC_WAY_DIRECT};
        return true;
    }
    if (url_parse(&url, text) != NULL)
        return false;
    if (span_equal_nocase(url.scheme, SPAN("socks")))
        kind = HOP_SOCKS5;
    else if (!hop_kind_of_scheme(url.scheme, &kind))
        return false;
    *entry = (struct pac_entry){
        .way = way_of_kind(kind), .host = url.host, .port = url.port};
    return url.port != 0;
}

static bool next_url(struct span *rest, struct pac_entry *entry)
{
    struct span line;

    while (span_next(rest, "\n", &line))
        if (read_url(line, entry))
            return true;
    return false;
}

struct route *router_proxies(struct router *router, const struct route_request *request,
                             const char *label, struct span urls, bool *none)
{
    char line[WHY_LIMIT];
    struct saying saying = {label, urls, cut(urls), next_url};
    struct tally tally = count(router, &saying);

    for (size_t i = 0; i < saying.why.len; i++)
        line[i] = saying.why.at[i] == '\n' ? ' ' : saying.why.at[i];
    saying.why.at = line;

    *none = tally.hops == 0 && tally.own > 0;
    return *none ? NULL : way_of(router, request, &saying, &tally);
}

struct route *router_named_hop(const struct router *router, const char *name)
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
    route = route_make(ROUTE_HOPS, router->config, "named before", SPAN(""));
    if (route != NULL && route_hops(route, 1) &&
        fill_hop(&route->hops[0], kind, &entry, router->config))
        return route;
    route_unref(route);
    return NULL;
}
