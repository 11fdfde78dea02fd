/*
 * connector: dial → TLS → CONNECT or SOCKS, hop after hop; or a kept connection
 * instead.
 */
#include "up/connector_internal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "base/log.h"

const struct hop *connector_hop(const struct connector *c)
{
    const struct hop *hop;

    if (!c->order || c->turn >= c->order_count)
        return NULL;
    hop = &c->route->hops[c->order[c->turn]];
    return hop->kind == HOP_DIRECT ? NULL : hop;
}

void connector_cancel(struct connector *c)
{
    if (!c)
        return;
    dial_cancel(c->dial);
    tls_cancel(c->tls);
    tunnel_cancel(c->tunnel);
    socks_cancel(c->socks);
    defer_cancel(&c->begin);
    upstream_free(c->upstream);
    route_unref(c->route);
    free(c->order);
    free(c->host);
    free(c->via);
    free(c->url);
    free(c);
}

static const char *hop_name(const struct connector *c)
{
    const struct hop *hop = connector_hop(c);

    return hop ? hop->name : "direct";
}

static void failure_note(struct connector *c, enum outcome outcome, const char *detail)
{
    if (c->trail)
        trail_add(c->trail, hop_name(c), outcome, detail);
}

void connector_end(struct connector *c, enum outcome outcome, const char *detail)
{
    struct connector_result result = c->result;
    connector_callback *callback = c->callback;
    struct route *route = route_ref(c->route);
    void *ctx = c->ctx;
    char text[512];

    if (detail) {
        snprintf(text, sizeof(text), "%s", detail);
        result.detail = text;
    }
    result.outcome = outcome;
    result.hop = connector_hop(c);
    if (outcome != OUTCOME_OK)
        failure_note(c, outcome, detail);
    result.upstream = outcome == OUTCOME_OK ? c->upstream : NULL;
    if (outcome == OUTCOME_OK)
        c->upstream = NULL;
    connector_cancel(c);
    callback(ctx, &result);
    route_unref(route);
}

static void hop_begin(struct connector *c);

/* The request goes on, so that its own line in the log will not tell. */
static void failover_log(const struct connector *c, enum outcome outcome,
                         const char *failed, const char *detail)
{
    char id[REQUEST_ID_TEXT];

    if (!c->trail)
        return;
    request_id_format(c->trail->id, id);
    LOG_WARN("hop_failed", LOG_TEXT("id", id), LOG_TEXT("hop", failed),
             LOG_TEXT("outcome", outcome_info(outcome)->name),
             LOG_TEXT("detail", detail), LOG_TEXT("next", hop_name(c)));
}

void connector_failed(struct connector *c, enum outcome outcome, const char *detail)
{
    const struct hop *hop = connector_hop(c);

    if (hop) {
        health_failed(c->egress->health, hop, outcome, detail,
                      c->config->timeout.hop_rest);
        counter_add(COUNTER_HOP_FAILURES, outcome_info(outcome)->hop_fault);
    }
    if (outcome_info(outcome)->next_hop && c->turn + 1 < c->order_count) {
        const char *failed = hop_name(c);

        failure_note(c, outcome, detail);
        c->turn++;
        failover_log(c, outcome, failed, detail);
        upstream_free(c->upstream);
        c->upstream = NULL;
        c->connections = 0;
        c->asked = false;
        c->result.quote = NULL; /* the page was the failed one's */
        c->result.status = 0;
        hop_begin(c);
        return;
    }
    connector_end(c, outcome, detail);
}

void connector_again(struct connector *c)
{
    upstream_free(c->upstream);
    c->upstream = NULL;
    c->fresh = true;
    if (c->connections < CONNECTIONS_PER_HOP)
        hop_begin(c);
    else
        connector_end(c, OUTCOME_LOGIN_BROKEN, "the proxy asks again and again");
}

static bool is_http(const struct hop *hop)
{
    return hop && hop_kind_is_http(hop->kind);
}

static struct warm_request warm_request_of(const struct connector *c)
{
    return (struct warm_request){
        .route = c->route,
        .hop = connector_hop(c),
        .host = span_of(c->host),
        .port = c->port,
        .via = span_of(c->via),
    };
}

void connector_succeeded(struct connector *c)
{
    const struct warm_request use = warm_request_of(c);
    const struct hop *hop = connector_hop(c);

    if (hop)
        health_succeeded(c->egress->health, hop);
    if (is_http(hop) && c->mode == CONNECTOR_TUNNEL && !c->in_advance)
        warm_used(c->egress->warm, &use, c->upstream->reused);
    connector_end(c, OUTCOME_OK, NULL);
}

/* A connection through SOCKS leads to one target. */
static bool upstream_key(struct connector *c)
{
    const struct hop *hop = connector_hop(c);
    struct buf key;

    buf_init(&key, 1024);
    int error = hop ? buf_append_text(&key, hop->name) : 0;
    if (!error && !is_http(hop))
        error = buf_printf(&key, "%s%s:%u", hop ? " " : "", c->host, c->port);
    c->upstream->key = error ? NULL : span_dup(buf_span(&key));
    buf_clear(&key);
    return c->upstream->key != NULL;
}

/* ---- TLS and TCP ---- */

static void tls_done(void *ctx, enum outcome outcome, const char *detail)
{
    struct connector *c = ctx;

    c->tls = NULL;
    c->result.tls_ns = loop_clock() - c->phase_began;
    if (outcome == OUTCOME_OK)
        connector_reached(c);
    else if (c->not_resumed && c->connections < CONNECTIONS_PER_HOP)
        connector_again(c);
    else
        connector_failed(c, outcome, detail);
}

static void tls_begin(struct connector *c)
{
    c->state = CONNECTOR_TLS;
    c->not_resumed = false;
    c->phase_began = loop_clock();
    c->tls = tls_start(
        &(struct tls_options){
            .loop = c->egress->loop,
            .context = c->egress->tls,
            .stream = c->upstream->stream,
            .host = connector_hop(c)->host,
            .session = connector_hop(c)->name,
            .no_identity = connector_hop(c)->withheld,
            .timeout_ms = c->config->timeout.tls,
            .end_point = &c->upstream->end_point,
            .not_resumed = &c->not_resumed,
        },
        tls_done, c);
    if (!c->tls)
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
}

static void dial_done(void *ctx, const struct dial_result *result)
{
    struct connector *c = ctx;
    const struct hop *hop = connector_hop(c);

    c->dial = NULL;
    c->result.resolve_ns = result->resolve_ns;
    c->result.connect_ns = result->connect_ns;
    if (hop && result->no_such_name)
        outside_doubt(c->egress->means.outside);
    if (result->outcome != OUTCOME_OK) {
        connector_failed(c, result->outcome, result->detail);
        return;
    }
    c->upstream->stream = stream_new(c->egress->loop, result->fd);
    if (!c->upstream->stream) {
        close(result->fd);
        connector_end(c, OUTCOME_INTERNAL, "out of memory or descriptors");
        return;
    }
    if (hop && hop->kind == HOP_HTTPS)
        tls_begin(c);
    else
        connector_reached(c);
}

static bool upstream_begin(struct connector *c)
{
    c->upstream = upstream_new();
    if (!c->upstream)
        return false;
    c->upstream->route = route_ref(c->route);
    c->upstream->hop = connector_hop(c);
    c->upstream->owner = c->owner;
    if (upstream_key(c))
        return true;
    upstream_free(c->upstream);
    c->upstream = NULL;
    return false;
}

/* A tunnel that stands already. */
static bool take_ready(struct connector *c)
{
    const struct warm_request request = warm_request_of(c);

    if (c->mode == CONNECTOR_TUNNEL && !c->fresh && c->connections == 0)
        c->upstream = warm_take(c->egress->warm, &request);
    return c->upstream != NULL;
}

/*
 * A tunnel needs a connection that is logged in: one message, then, instead of a TCP
 * handshake and two or three of them.
 */
static bool kept_would_do(const struct connector *c)
{
    if (c->fresh || c->connections > 0)
        return false;
    return c->mode == CONNECTOR_FORWARD ||
           (is_http(connector_hop(c)) && c->config->warm.enabled);
}

/*
 * A kept connection that leads through the hop, or to the origin. Its login state came
 * with it. False if there is none, or when memory is out.
 */
static bool take_kept(struct connector *c)
{
    struct upstream *fresh;

    if (!kept_would_do(c) || !upstream_begin(c))
        return false;
    fresh = c->upstream;
    c->upstream = pool_take(c->egress->pool, &(struct pool_want){
                                                 .key = fresh->key,
                                                 .owner = c->owner,
                                                 .config = c->route->config,
                                                 .logged_in = c->logged_in,
                                             });
    upstream_free(fresh);
    return c->upstream != NULL;
}

static void hop_begin(struct connector *c)
{
    const struct hop *hop = connector_hop(c);

    if (is_http(hop) && take_ready(c)) {
        connector_end(c, OUTCOME_OK, NULL);
        return;
    }
    if (take_kept(c)) {
        if (c->mode == CONNECTOR_TUNNEL)
            connector_tunnel(c);
        else
            connector_end(c, OUTCOME_OK, NULL);
        return;
    }
    if (is_http(hop) && connector_login_held(c, hop))
        return;
    c->state = CONNECTOR_DIAL;
    c->connections++;
    if (!upstream_begin(c)) {
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    c->dial = dial_start(
        &(struct dial_options){
            .loop = c->egress->loop,
            .resolver = c->egress->resolver,
            .host = span_of(hop ? hop->host : c->host),
            .port = hop ? hop->port : c->port,
            .refuse_local = !hop && c->route->refuse_local,
            .is_own = c->egress->is_own,
            .is_own_ctx = c->egress->is_own_ctx,
            .connect_ms = c->config->timeout.connect,
            .keepalive_ms = c->config->timeout.keepalive,
        },
        dial_done, c);
    if (!c->dial)
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
}

/* ---- start ---- */

static bool leads_the_same_way(const struct hop *a, const struct hop *b)
{
    return a && b ? strcmp(a->name, b->name) == 0 : a == b;
}

/* The connection that was given may be used: it is the turn of its hop. */
static bool own_fits(struct connector *c)
{
    const struct upstream *own = c->upstream;

    if (!own || own->route->config != c->route->config)
        return false;
    for (c->turn = 0; c->turn == 0 || c->turn < c->order_count; c->turn++)
        if (leads_the_same_way(own->hop, connector_hop(c)))
            return true;
    c->turn = 0;
    return false;
}

static void connector_begin(void *ctx)
{
    struct connector *c = ctx;

    if (c->order && c->order_count == 0) {
        connector_end(c, OUTCOME_ROUTE_UNDECIDED, "no proxy that this could be for");
    } else if (own_fits(c)) {
        connector_end(c, OUTCOME_OK, NULL);
    } else {
        upstream_free(c->upstream);
        c->upstream = NULL;
        hop_begin(c);
    }
}

/* What nobody has asked for goes through HTTP proxies only. */
static void order_for_advance(struct connector *c)
{
    size_t kept = 0;

    for (size_t i = 0; i < c->order_count; i++)
        if (is_http(&c->route->hops[c->order[i]]))
            c->order[kept++] = c->order[i];
    c->order_count = kept;
}

static bool order_make(struct connector *c, const struct hop *only)
{
    if (c->route->kind == ROUTE_DIRECT)
        return true;
    c->order = malloc(c->route->hop_count);
    if (!c->order)
        return false;
    c->order_count = only ? 1 : c->route->hop_count;
    if (only)
        c->order[0] = (uint8_t)(only - c->route->hops);
    else
        health_order(c->egress->health, c->route, c->order);
    if (c->in_advance || c->mode == CONNECTOR_PRIME)
        order_for_advance(c);
    return true;
}

struct connector *connector_start(const struct connector_options *options,
                                  connector_callback *callback, void *ctx)
{
    struct connector *c = calloc(1, sizeof(*c));

    if (!c) {
        upstream_free(options->own);
        return NULL;
    }
    c->upstream = options->own;
    c->egress = options->egress;
    c->config = options->config;
    c->route = route_ref(options->route);
    c->mode = options->mode;
    c->port = options->port;
    c->owner = options->owner;
    c->fresh = options->fresh;
    c->in_advance = options->in_advance;
    c->logged_in = options->logged_in || c->mode == CONNECTOR_TUNNEL;
    c->trial = options->trial;
    c->trail = options->trail;
    c->callback = callback;
    c->ctx = ctx;
    deferred_init(&c->begin, connector_begin, c);
    c->host = span_dup(options->host);
    c->via = span_dup(options->via);
    c->url = span_dup(options->url);
    if (!c->host || !c->via || !c->url || !order_make(c, options->only)) {
        connector_cancel(c);
        return NULL;
    }
    defer(c->egress->loop, &c->begin);
    return c;
}
