/*
 * route_script: the sources that are PAC scripts: the one that the configuration names,
 * and the one that the network does. While one of them cannot be had the `proxy` list
 * stands in; without a list that is undecided.
 */
#include <stdlib.h>

#include "route/route_internal.h"

static void explain(struct route_query *query, const struct pac_decision *decision)
{
    struct span rest = decision->trace;
    struct pac_call call;

    if (!query->request.trace)
        return;
    while (pac_trace_next(&rest, &call))
        (void)buf_printf(&query->trace, "pac: %.*s(%.*s) = %.*s  %.1f us\n",
                         SPAN_ARG(call.name), SPAN_ARG(call.arguments),
                         SPAN_ARG(call.result), (double)call.ns / 1000);
    (void)buf_printf(&query->trace, "pac: FindProxyForURL(\"%.*s\", \"%.*s\")",
                     SPAN_ARG(decision->url), SPAN_ARG(decision->host));
    if (decision->verdict != PAC_SAID)
        (void)buf_printf(&query->trace, " failed: %s\n", decision->why);
    else
        (void)buf_printf(&query->trace, " = \"%.*s\"  %.1f us in %u runs\n",
                         SPAN_ARG(decision->text), (double)decision->ns / 1000,
                         decision->rounds);
}

static const char *label_of(const struct route_query *query)
{
    return query->label != NULL ? query->label : "pac";
}

/* Only the list may stand in, because it was named for the same requests. */
static enum said absent(struct route_query *query, const char *label, const char *why)
{
    struct router *router = query->router;

    if (router->list == NULL)
        return route_decided(
            query,
            route_refuse(router->config, OUTCOME_ROUTE_UNDECIDED, label, span_of(why)));
    query->no_script = span_dup(span_of(why));
    return query->no_script != NULL ? SAID_NOTHING : route_decided(query, NULL);
}

/* Costs little: what each helper said in turn is only written down when it is traced.
 */
static void note(struct route *route, const struct pac_decision *decision)
{
    if (route == NULL)
        return;
    route->script = (struct route_script){
        .asked = true,
        .cached = decision->cached,
        .age_ms = decision->age_ms,
        .ns = decision->ns,
        .runs = decision->rounds,
        .facts = decision->facts.len > 0 ? span_dup(decision->facts) : NULL,
    };
}

static void decided(void *ctx, const struct pac_decision *decision)
{
    struct route_query *query = ctx;
    struct route *route;

    query->pac = NULL;
    query->script = NULL;
    explain(query, decision);
    if (decision->verdict == PAC_ABSENT) {
        route_resume(query, absent(query, label_of(query), decision->why));
        return;
    }
    route = router_pac(query->router, &query->request, label_of(query), decision);
    note(route, decision);
    route_resume(query, route_decided(query, route));
}

static struct pac_request request_of(const struct route_query *query)
{
    const struct route_request *request = &query->request;

    return (struct pac_request){.secure = request->secure,
                                .host = request->host,
                                .port = request->port,
                                .path = request->path,
                                .trace = request->trace};
}

/* What can stand in is not kept waiting by what is still to be loaded. */
static bool is_patient(const struct route_query *query)
{
    return query->request.patient || query->router->list == NULL;
}

enum said route_ask_pac(struct route_query *query)
{
    const struct pac_request request = request_of(query);

    if (query->router->pac == NULL)
        return SAID_NOTHING;
    query->pac =
        pac_start(query->router->pac, &request, is_patient(query), decided, query);
    return query->pac != NULL ? SAID_LATER : route_decided(query, NULL);
}

enum said route_ask_script(struct route_query *query, const char *label,
                           const char *source, struct span urls)
{
    const struct pac_request request = request_of(query);
    struct buf text;

    buf_init(&text, SYSTEM_WHY_LIMIT + 32);
    if (buf_printf(&text, "%s: %s", label, source) == 0)
        query->label = span_dup(buf_span(&text));
    buf_clear(&text);
    if (query->label == NULL)
        return route_decided(query, NULL);
    route_explain(query, query->label, urls);
    query->script = script_start(query->router->scripts, urls, &request,
                                 is_patient(query), decided, query);
    return query->script != NULL ? SAID_LATER : route_decided(query, NULL);
}

/* ---- the network's ---- */

static void wpad_said(void *ctx, const struct settings_said *said)
{
    struct route_query *query = ctx;
    enum said next = SAID_NOTHING;

    query->settings = NULL;
    if (said->failed || said->pending) {
        route_explain(query, said->failed ? "wpad: failed" : "wpad",
                      span_of(said->text));
        next = absent(query, "wpad", said->text);
    } else if (said->kind == SYSTEM_PAC_URL) {
        next = route_ask_script(query, "wpad", said->source, span_of(said->text));
    } else {
        route_explain(query, "wpad", span_of(said->text));
    }
    route_resume(query, next);
}

enum said route_ask_wpad(struct route_query *query)
{
    const struct router *router = query->router;
    const struct config *config = router->config;
    const struct system_ask ask = {.type = SYSTEM_WPAD,
                                   .text = span_of(config->wpad_domain)};

    if (!config->wpad || router->pac != NULL || router->settings == NULL)
        return SAID_NOTHING;
    query->settings =
        settings_start(router->settings, &ask, is_patient(query), wpad_said, query);
    return query->settings != NULL ? SAID_LATER : route_decided(query, NULL);
}
