/*
 * connector: dial → TLS → CONNECT, hop after hop; or a kept connection instead.
 */
#include "up/connector.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/counters.h"
#include "up/dial.h"
#include "up/tunnel.h"
#include "up/warm.h"

/* A login may need a second connection, a kept one may be stale; more is a loop. */
#define CONNECTIONS_PER_HOP 3

enum connector_state {
    CONNECTOR_DIAL,
    CONNECTOR_TLS,
    CONNECTOR_CONNECT,
};

struct connector {
    struct egress *egress;
    struct config *config;
    struct route *route;
    enum connector_mode mode;
    enum connector_state state;
    char *host;
    char *via; /* line for CONNECT */
    char *url; /* PRIME */
    struct auth_trial *trial;
    uint16_t port;
    uint32_t owner;
    uint8_t *order; /* of the route's hops */
    size_t order_count;
    size_t turn;          /* index into order */
    unsigned connections; /* opened to the current hop */
    bool fresh;           /* no kept connection, or no further one */
    bool logged_in;       /* or only one that is logged in */
    bool in_advance;
    struct upstream *upstream; /* under construction */
    struct dial *dial;
    struct tls_handshake *tls;
    struct tunnel *tunnel;
    struct deferred begin;
    uint64_t phase_began;
    struct connector_result result;
    connector_callback *callback;
    void *ctx;
};

static const struct hop *hop_now(const struct connector *c)
{
    if (c->route->kind == ROUTE_DIRECT)
        return NULL;
    return &c->route->hops[c->order[c->turn]];
}

void connector_cancel(struct connector *c)
{
    if (!c)
        return;
    dial_cancel(c->dial);
    tls_cancel(c->tls);
    tunnel_cancel(c->tunnel);
    defer_cancel(&c->begin);
    upstream_free(c->upstream);
    route_unref(c->route);
    free(c->order);
    free(c->host);
    free(c->via);
    free(c->url);
    free(c);
}

static void connector_end(struct connector *c, enum outcome outcome, const char *detail)
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
    result.hop = hop_now(c);
    result.upstream = outcome == OUTCOME_OK ? c->upstream : NULL;
    if (outcome == OUTCOME_OK)
        c->upstream = NULL;
    connector_cancel(c);
    callback(ctx, &result);
    route_unref(route);
}

static void hop_begin(struct connector *c);

/* A hop, or the origin itself, failed: the next hop where the outcome allows it. */
static void hop_failed(struct connector *c, enum outcome outcome, const char *detail)
{
    const struct hop *hop = hop_now(c);

    if (hop) {
        health_failed(c->egress->health, hop, outcome, detail,
                      c->config->timeout.hop_rest);
        counter_add(COUNTER_HOP_FAILURES, outcome_info(outcome)->hop_fault);
    }
    if (hop && outcome_info(outcome)->next_hop && c->turn + 1 < c->order_count) {
        upstream_free(c->upstream);
        c->upstream = NULL;
        c->turn++;
        c->connections = 0;
        hop_begin(c);
        return;
    }
    connector_end(c, outcome, detail);
}

static struct warm_request warm_request_of(const struct connector *c)
{
    return (struct warm_request){
        .route = c->route,
        .hop = hop_now(c),
        .host = span_of(c->host),
        .port = c->port,
        .via = span_of(c->via),
    };
}

static void hop_succeeded(struct connector *c)
{
    const struct warm_request use = warm_request_of(c);
    const struct hop *hop = hop_now(c);

    if (hop)
        health_succeeded(c->egress->health, hop);
    if (hop && c->mode == CONNECTOR_TUNNEL && !c->in_advance)
        warm_used(c->egress->warm, &use, c->upstream->reused);
    connector_end(c, OUTCOME_OK, NULL);
}

/* ---- CONNECT ---- */

/* Once more on a fresh connection, where that may help. */
static void tunnel_again(struct connector *c)
{
    upstream_free(c->upstream);
    c->upstream = NULL;
    c->fresh = true;
    if (c->connections < CONNECTIONS_PER_HOP)
        hop_begin(c);
    else
        connector_end(c, OUTCOME_LOGIN_BROKEN, "the proxy asks again and again");
}

/*
 * A kept connection that has died says nothing, or not what was asked for. A CONNECT
 * that opened nothing can be repeated (RFC 9110 section 9.2.2).
 */
static bool was_stale(const struct connector *c, const struct tunnel_result *result)
{
    return c->upstream->reused && (result->outcome == OUTCOME_ANSWER_NONE ||
                                   result->outcome == OUTCOME_ANSWER_INCOMPLETE ||
                                   result->outcome == OUTCOME_ANSWER_BROKEN);
}

/* The refusal was an answer like any other: the connection stays logged in. */
static void refused_keep(struct connector *c)
{
    struct upstream *upstream = c->upstream;

    c->upstream = NULL;
    pool_put(c->egress->pool, upstream, c->config->timeout.pool_idle);
}

static void tunnel_done(void *ctx, const struct tunnel_result *result)
{
    struct connector *c = ctx;
    bool stale = was_stale(c, result);

    c->tunnel = NULL;
    c->result.tunnel_ns += loop_clock() - c->phase_began;
    c->result.status = result->status;
    if (c->upstream->reused && !result->again)
        pool_learn(c->egress->pool, c->upstream, stale, c->config->timeout.pool_idle);
    if (result->again || stale) {
        tunnel_again(c);
        return;
    }
    if (result->outcome == OUTCOME_OK && c->mode == CONNECTOR_PRIME &&
        !result->reusable) {
        connector_end(c, OUTCOME_ANSWER_NONE, "the connection was not left logged in");
        return;
    }
    if (result->outcome == OUTCOME_OK) {
        hop_succeeded(c);
        return;
    }
    if (result->reusable && c->config->warm.enabled)
        refused_keep(c);
    c->result.quote = result->quote;
    hop_failed(c, result->outcome, result->detail);
}

static bool upstream_key(struct connector *c)
{
    const struct hop *hop = hop_now(c);
    struct buf key;

    buf_init(&key, 512);
    int error = hop ? buf_append_text(&key, hop->name)
                    : buf_printf(&key, "%s:%u", c->host, c->port);
    c->upstream->key = error ? NULL : span_dup(buf_span(&key));
    buf_clear(&key);
    return c->upstream->key != NULL;
}

static struct auth_options login_options(const struct connector *c,
                                         const struct hop *hop)
{
    return (struct auth_options){
        .loop = c->egress->loop,
        .guard = c->egress->guard,
        .memory = c->egress->memory,
        .gss = c->egress->gss,
        .hop = hop->name,
        .host = hop->host,
        .clear = !hop->tls,
        .login = hop->login,
        .withheld = hop->withheld,
        .accepted_only = c->in_advance,
        .trial = c->trial,
    };
}

static bool login_begin(struct connector *c)
{
    struct auth_options options = login_options(c, hop_now(c));
    const struct tls_end_point *end_point = &c->upstream->end_point;

    options.end_point = (struct span){(const char *)end_point->hash, end_point->len};
    c->upstream->auth = auth_new(&options);
    return c->upstream->auth != NULL;
}

/* A rejected login fails at once, without a connection (its secret is the next hop's).
 */
static bool login_held(struct connector *c, const struct hop *hop)
{
    struct auth_options options = login_options(c, hop);
    char text[AUTH_TEXT];

    if (!auth_is_held(&options, text, sizeof(text)))
        return false;
    connector_end(c, OUTCOME_LOGIN_HELD, text);
    return true;
}

static void tunnel_begin(struct connector *c)
{
    const struct hop *hop = hop_now(c);
    const struct config_timeouts *timeout = &c->config->timeout;

    c->state = CONNECTOR_CONNECT;
    c->phase_began = loop_clock();
    c->tunnel = tunnel_start(
        &(struct tunnel_options){
            .loop = c->egress->loop,
            .stream = c->upstream->stream,
            .auth = c->upstream->auth,
            .host = span_of(c->host),
            .port = c->port,
            .url = span_of(c->url),
            .head = c->trial != NULL,
            .via = span_of(c->via),
            .header = hop->header,
            .answer_ms = timeout->answer,
            .login_ms = timeout->login,
            .body_ms = timeout->login_body,
            .body_limit = c->config->limit.login_body,
        },
        tunnel_done, c);
    if (!c->tunnel)
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
}

/* The hop is reached; what is left depends on what is wanted of it. */
static void hop_reached(struct connector *c)
{
    if (!hop_now(c)) {
        connector_end(c, OUTCOME_OK, NULL);
        return;
    }
    if (!login_begin(c))
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
    else if (c->mode == CONNECTOR_FORWARD)
        hop_succeeded(c);
    else
        tunnel_begin(c);
}

/* ---- TLS and TCP ---- */

static void tls_done(void *ctx, enum outcome outcome, const char *detail)
{
    struct connector *c = ctx;

    c->tls = NULL;
    c->result.tls_ns = loop_clock() - c->phase_began;
    if (outcome == OUTCOME_OK)
        hop_reached(c);
    else
        hop_failed(c, outcome, detail);
}

static void tls_begin(struct connector *c)
{
    c->state = CONNECTOR_TLS;
    c->phase_began = loop_clock();
    c->tls = tls_start(
        &(struct tls_options){
            .loop = c->egress->loop,
            .context = c->egress->tls,
            .stream = c->upstream->stream,
            .host = hop_now(c)->host,
            .timeout_ms = c->config->timeout.tls,
            .end_point = &c->upstream->end_point,
        },
        tls_done, c);
    if (!c->tls)
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
}

static void dial_done(void *ctx, const struct dial_result *result)
{
    struct connector *c = ctx;
    const struct hop *hop = hop_now(c);

    c->dial = NULL;
    c->result.resolve_ns = result->resolve_ns;
    c->result.connect_ns = result->connect_ns;
    if (result->outcome != OUTCOME_OK) {
        hop_failed(c, result->outcome, result->detail);
        return;
    }
    c->upstream->stream = stream_new(c->egress->loop, result->fd);
    if (!c->upstream->stream) {
        close(result->fd);
        connector_end(c, OUTCOME_INTERNAL, "out of memory or descriptors");
        return;
    }
    if (hop && hop->tls)
        tls_begin(c);
    else
        hop_reached(c);
}

static bool upstream_begin(struct connector *c)
{
    c->upstream = upstream_new();
    if (!c->upstream)
        return false;
    c->upstream->route = route_ref(c->route);
    c->upstream->hop = hop_now(c);
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
    return c->mode == CONNECTOR_FORWARD || (hop_now(c) && c->config->warm.enabled);
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
    const struct hop *hop = hop_now(c);

    if (hop && take_ready(c)) {
        connector_end(c, OUTCOME_OK, NULL);
        return;
    }
    if (take_kept(c)) {
        if (c->mode == CONNECTOR_TUNNEL)
            tunnel_begin(c);
        else
            connector_end(c, OUTCOME_OK, NULL);
        return;
    }
    if (hop && login_held(c, hop))
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

static void connector_begin(void *ctx)
{
    hop_begin(ctx);
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
    return true;
}

struct connector *connector_start(const struct connector_options *options,
                                  connector_callback *callback, void *ctx)
{
    struct connector *c = calloc(1, sizeof(*c));

    if (!c)
        return NULL;
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
