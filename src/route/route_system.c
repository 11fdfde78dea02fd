/*
 * route_system: `proxy: system`: the environment's variables, then what ccgate-system
 * says of the system's settings.
 */
#include <stdlib.h>

#include "route/pac_url.h"
#include "route/route_internal.h"

#define LABEL "system"

/* ---- the environment ---- */

static enum said ask_variable(struct route_query *query,
                              const struct environment_proxy *proxy)
{
    const struct route_request *request = &query->request;
    const struct router *router = query->router;
    const struct environment *e = &router->environment;
    bool faulty = proxy->route != NULL && proxy->route->kind != ROUTE_HOPS;
    struct span entry;

    if (!faulty && environment_bypasses(e, request->host, request->port, &entry))
        return route_decided(query,
                             router_direct(router, request, e->bypass_name, entry));
    if (proxy->route != NULL)
        return route_decided(query, route_ref(proxy->route));
    if (router->scripts == NULL)
        return SAID_NOTHING;
    return route_ask_script(query, "environment", proxy->name, span_of(proxy->script));
}

enum said route_ask_environment(struct route_query *query)
{
    const struct router *router = query->router;
    const struct environment_proxy *proxy;

    if (!router->config->system)
        return SAID_NOTHING;
    proxy = environment_find(&router->environment, query->request.secure,
                             router->is_self, router->self_ctx);
    if (proxy != NULL)
        return ask_variable(query, proxy);
    route_explain(query, "environment", SPAN("no variable names a proxy"));
    return SAID_NOTHING;
}

/* ---- the settings ---- */

/* "system: SOURCE", to be freed. */
static char *label_of(const struct settings_said *said)
{
    struct buf text;
    char *label = NULL;

    buf_init(&text, SYSTEM_WHY_LIMIT + 32);
    if (buf_printf(&text, LABEL "%s%s", said->source[0] != '\0' ? ": " : "",
                   said->source) == 0)
        label = span_dup(buf_span(&text));
    buf_clear(&text);
    return label;
}

/* It names no way, which the last resort may say. */
static enum said nothing(struct route_query *query, const struct settings_said *said,
                         const char *hint)
{
    struct buf text;

    buf_init(&text, SYSTEM_TEXT_LIMIT + SYSTEM_WHY_LIMIT + 256);
    if (hint != NULL && buf_printf(&text, "%s: %s", said->source, hint) == 0)
        query->hint = span_dup(buf_span(&text));
    buf_clear(&text);
    route_explain(query, LABEL,
                  span_of(query->hint != NULL ? query->hint : said->source));
    return SAID_NOTHING;
}

static enum said through(struct route_query *query, const struct settings_said *said,
                         const char *label)
{
    bool none;
    struct route *route = router_proxies(query->router, &query->request, label,
                                         span_of(said->text), &none);

    if (none)
        return nothing(query, said, "its proxy is ccgate itself");
    return route_decided(query, route);
}

/* On a desktop that is what somebody chose, and is told which key it needs here. */
static const char *detect_hint(const struct route_query *query)
{
    return query->router->config->wpad
               ? "it asks for WPAD, which finds nothing"
               : "it asks for WPAD, which needs \"wpad: on\" here";
}

static enum said take(struct route_query *query, const struct settings_said *said,
                      const char *label)
{
    struct router *router = query->router;

    if (said->failed || said->pending) {
        route_explain(query, LABEL ": failed", span_of(said->text));
        return route_decided(query,
                             route_refuse(router->config, OUTCOME_ROUTE_UNDECIDED,
                                          label, span_of(said->text)));
    }
    switch (said->kind) {
    case SYSTEM_PAC_URL:
        return route_ask_script(query, LABEL, said->source, span_of(said->text));
    case SYSTEM_PROXIES:
        return through(query, said, label);
    case SYSTEM_DIRECT:
        return route_decided(
            query, router_direct(router, &query->request, label, span_of(said->text)));
    case SYSTEM_DETECT:
        return nothing(query, said, detect_hint(query));
    case SYSTEM_UNKNOWN:
        return nothing(query, said, said->text);
    default:
        return nothing(query, said, NULL);
    }
}

static void settings_answered(void *ctx, const struct settings_said *said)
{
    struct route_query *query = ctx;
    char *label = label_of(said);
    enum said next;

    query->settings = NULL;
    next = label != NULL ? take(query, said, label) : route_decided(query, NULL);
    free(label);
    route_resume(query, next);
}

enum said route_ask_settings(struct route_query *query)
{
    const struct route_request *request = &query->request;
    const struct router *router = query->router;
    struct system_ask ask = {.type = SYSTEM_PROXY};
    struct buf url;

    if (!router->config->system || router->settings == NULL)
        return SAID_NOTHING;
    buf_init(&url, SYSTEM_TEXT_LIMIT);
    if (pac_url_write(&url, request->secure, request->host, request->port, SPAN("/")) ==
        0) {
        ask.text = buf_span(&url);
        query->settings =
            settings_start(router->settings, &ask, true, settings_answered, query);
    }
    buf_clear(&url);
    return query->settings != NULL ? SAID_LATER : route_decided(query, NULL);
}
