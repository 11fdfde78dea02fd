/*
 * route_query: a question to the router, from its start to its answer.
 */
#include <stdlib.h>
#include <string.h>

#include "route/route_internal.h"

#define TRACE_LIMIT 131072

struct route_query {
    struct deferred deferred; /* what is known at once is said from the loop */
    struct router *router;    /* a reference is held */
    struct route_request request;
    char *texts; /* what the request's spans point to */
    struct pac_query *pac;
    struct buf trace;
    struct route *route; /* NULL: memory was out */
    route_callback *callback;
    void *ctx;
};

/* ---- the explanation ---- */

/* Memory that is out cuts it. */
static void explain(struct route_query *query, const char *step, struct span text)
{
    if (query->request.trace)
        (void)buf_printf(&query->trace, "%s%s%.*s\n", step, text.len > 0 ? ": " : "",
                         SPAN_ARG(text));
}

static void explain_before(struct route_query *query, const struct route *route)
{
    const struct config *config = query->router->config;

    if (route != NULL) {
        explain(query, "decided", span_of(route->why));
        return;
    }
    explain(query, "own listener", SPAN("no"));
    explain(query, "local target", SPAN("no"));
    if (config->noproxy.count > 0)
        explain(query, "noproxy", SPAN("no entry matches"));
}

static void explain_pac(struct route_query *query, const struct pac_decision *decision)
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

/* ---- the answer ---- */

static void query_free(struct route_query *query)
{
    defer_cancel(&query->deferred);
    pac_cancel(query->pac);
    route_unref(query->route);
    router_free(query->router);
    buf_clear(&query->trace);
    free(query->texts);
    free(query);
}

static void query_answer(void *ctx)
{
    struct route_query *query = ctx;
    struct route *route = query->route;
    route_callback *callback = query->callback;
    void *callback_ctx = query->ctx;

    if (route != NULL && query->request.trace && route->trace == NULL)
        route->trace = span_dup(buf_span(&query->trace));
    query->route = NULL;
    query_free(query);
    callback(callback_ctx, route);
}

static void pac_decided(void *ctx, const struct pac_decision *decision)
{
    struct route_query *query = ctx;

    query->pac = NULL;
    explain_pac(query, decision);
    query->route = router_pac(query->router, &query->request, decision);
    query_answer(query);
}

/* ---- the question ---- */

static bool take_request(struct route_query *query, const struct route_request *request)
{
    query->request = *request;
    query->texts = malloc(request->host.len + request->path.len + 1);
    if (query->texts == NULL)
        return false;
    memcpy(query->texts, request->host.at, request->host.len);
    query->request.host.at = query->texts;
    if (request->path.len > 0)
        memcpy(query->texts + request->host.len, request->path.at, request->path.len);
    query->request.path.at = query->texts + request->host.len;
    return true;
}

static bool ask_pac(struct route_query *query)
{
    const struct route_request *request = &query->request;

    query->pac =
        pac_start(query->router->pac,
                  &(struct pac_request){.secure = request->secure,
                                        .host = request->host,
                                        .port = request->port,
                                        .path = request->path,
                                        .trace = request->trace},
                  request->patient || query->router->list == NULL, pac_decided, query);
    return query->pac != NULL;
}

/* False when memory is out. */
static bool query_begin(struct route_query *query)
{
    struct router *router = query->router;

    query->route = router_before(router, &query->request);
    explain_before(query, query->route);
    if (query->route == NULL && router->pac != NULL)
        return ask_pac(query);
    if (query->route == NULL)
        query->route = router_after(router, &query->request);
    defer(router->loop, &query->deferred);
    return true;
}

struct route_query *route_start(struct router *router,
                                const struct route_request *request,
                                route_callback *callback, void *ctx)
{
    struct route_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->router = router_ref(router);
    query->callback = callback;
    query->ctx = ctx;
    buf_init(&query->trace, TRACE_LIMIT);
    deferred_init(&query->deferred, query_answer, query);
    if (take_request(query, request) && query_begin(query))
        return query;
    query_free(query);
    return NULL;
}

void route_cancel(struct route_query *query)
{
    if (query != NULL)
        query_free(query);
}

/* ---- while somebody waits ---- */

struct waiting {
    struct loop *loop;
    struct route *route;
};

static void waited(void *ctx, struct route *route)
{
    struct waiting *waiting = ctx;

    waiting->route = route;
    loop_stop(waiting->loop);
}

struct route *route_decide(struct router *router, const struct route_request *request)
{
    struct waiting waiting = {.loop = router->loop};
    struct route *route;

    if (router->loop != NULL) {
        if (route_start(router, request, waited, &waiting) != NULL)
            loop_run(router->loop);
        return waiting.route;
    }
    route = router_before(router, request);
    return route != NULL ? route : router_after(router, request);
}
