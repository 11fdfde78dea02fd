/*
 * route_query: a question to the router, from its start to its answer. The sources are
 * asked one after the other until one of them has decided.
 */
#include <stdlib.h>
#include <string.h>

#include "route/route_internal.h"

#define TRACE_LIMIT 131072

void route_explain(struct route_query *query, const char *step, struct span text)
{
    if (query->request.trace)
        (void)buf_printf(&query->trace, "%s%s%.*s\n", step, text.len > 0 ? ": " : "",
                         SPAN_ARG(text));
}

/* ---- birth and end ---- */

static void query_free(struct route_query *query)
{
    defer_cancel(&query->deferred);
    outside_cancel(query->outside);
    pac_cancel(query->pac);
    settings_cancel(query->settings);
    script_cancel(query->script);
    route_unref(query->route);
    router_free(query->router);
    buf_clear(&query->trace);
    free(query->label);
    free(query->no_script);
    free(query->hint);
    free(query->texts);
    free(query);
}

/* The query ends; the route is the caller's. */
static struct route *query_finish(struct route_query *query)
{
    struct route *route = query->route;

    if (route != NULL && query->request.trace) {
        free(route->trace); /* of a route that several requests have, the last one's */
        route_explain(query, "decided", span_of(route->why));
        route->trace = span_dup(buf_span(&query->trace));
    }
    query->route = NULL;
    query_free(query);
    return route;
}

static void query_answer(void *ctx)
{
    struct route_query *query = ctx;
    route_callback *callback = query->callback;
    void *callback_ctx = query->ctx;

    callback(callback_ctx, query_finish(query));
}

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

static struct route_query *query_new(struct router *router,
                                     const struct route_request *request)
{
    struct route_query *query = calloc(1, sizeof(*query));

    if (query == NULL)
        return NULL;
    query->router = router_ref(router);
    buf_init(&query->trace, TRACE_LIMIT);
    deferred_init(&query->deferred, query_answer, query);
    if (take_request(query, request))
        return query;
    query_free(query);
    return NULL;
}

/* ---- one source after the other ---- */

static enum said query_ask(struct route_query *query, enum said said)
{
    while (said == SAID_NOTHING)
        said = route_sources[query->source++](query);
    return said;
}

void route_resume(struct route_query *query, enum said said)
{
    if (query_ask(query, said) == SAID_ROUTE)
        query_answer(query);
}

struct route_query *route_start(struct router *router,
                                const struct route_request *request,
                                route_callback *callback, void *ctx)
{
    struct route_query *query = query_new(router, request);

    if (query == NULL)
        return NULL;
    query->callback = callback;
    query->ctx = ctx;
    if (query_ask(query, SAID_NOTHING) == SAID_ROUTE)
        defer(router->loop, &query->deferred);
    return query;
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
    struct route_query *query;

    if (router->loop != NULL) {
        if (route_start(router, request, waited, &waiting) != NULL)
            loop_run(router->loop);
        return waiting.route;
    }
    query = query_new(router, request);
    if (query == NULL)
        return NULL;
    (void)query_ask(query, SAID_NOTHING); /* nothing can be waited for without a loop */
    return query_finish(query);
}
