/*
 * connector_hop: what is said to a hop that was reached: the login, CONNECT, SOCKS.
 */
#include "up/connector_internal.h"

/* ---- CONNECT ---- */

/*
 * A kept connection that has died says nothing, or not what was asked for. A CONNECT
 * that opened nothing can be repeated (RFC 9110 section 9.2.2).
 */
static bool was_stale(const struct connector *c, const struct tunnel_result *result)
{
    return c->upstream->reused && (result->outcome == OUTCOME_HOP_CLOSED ||
                                   result->outcome == OUTCOME_ANSWER_NONE ||
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
    c->asked = c->asked || result->status == 407;
    if (c->upstream->reused && !result->again)
        pool_learn(c->egress->pool, c->upstream, stale, c->config->timeout.pool_idle);
    if (result->again || stale) {
        connector_again(c);
        return;
    }
    if (result->outcome == OUTCOME_OK && c->mode == CONNECTOR_PRIME &&
        !result->reusable) {
        connector_end(c, OUTCOME_ANSWER_NONE, "the connection was not left logged in");
        return;
    }
    if (result->outcome == OUTCOME_OK) {
        connector_succeeded(c);
        return;
    }
    if (result->reusable && c->config->warm.enabled)
        refused_keep(c);
    c->result.quote = result->quote;
    connector_failed(c, result->outcome, result->detail);
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
        .clear = hop->kind != HOP_HTTPS,
        .login = hop->login,
        .withheld = hop->withheld,
        .accepted_only = c->in_advance,
        .trial = c->trial,
    };
}

static bool login_begin(struct connector *c)
{
    struct auth_options options = login_options(c, connector_hop(c));
    const struct tls_end_point *end_point = &c->upstream->end_point;

    options.end_point = (struct span){(const char *)end_point->hash, end_point->len};
    c->upstream->auth = auth_new(&options);
    return c->upstream->auth != NULL;
}

bool connector_login_held(struct connector *c, const struct hop *hop)
{
    struct auth_options options = login_options(c, hop);
    char text[AUTH_TEXT];

    if (!auth_is_held(&options, text, sizeof(text)))
        return false;
    connector_end(c, OUTCOME_LOGIN_HELD, text);
    return true;
}

void connector_tunnel(struct connector *c)
{
    const struct hop *hop = connector_hop(c);
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
            .head = c->trial != NULL && c->mode == CONNECTOR_PRIME,
            .asked = c->asked,
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

/* ---- SOCKS ---- */

static void socks_done(void *ctx, const struct socks_result *result)
{
    struct connector *c = ctx;

    c->socks = NULL;
    c->result.tunnel_ns += loop_clock() - c->phase_began;
    if (result->again)
        connector_again(c);
    else if (result->outcome == OUTCOME_OK)
        connector_succeeded(c);
    else
        connector_failed(c, result->outcome, result->detail);
}

static void socks_begin(struct connector *c)
{
    c->state = CONNECTOR_CONNECT;
    c->phase_began = loop_clock();
    c->socks = socks_start(
        &(struct socks_options){
            .loop = c->egress->loop,
            .guard = c->egress->guard,
            .stream = c->upstream->stream,
            .hop = connector_hop(c),
            .host = span_of(c->host),
            .port = c->port,
            .accepted_only = c->in_advance,
            .trial = c->trial,
            .greeting_ms = c->config->timeout.tls,
            .login_ms = c->config->timeout.login,
            .answer_ms = c->config->timeout.answer,
        },
        socks_done, c);
    if (!c->socks)
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
}

/* ---- to say what goes on ---- */

void connector_view(const struct connector *c, struct connector_view *view)
{
    bool login = (c->tunnel && tunnel_is_logging_in(c->tunnel)) ||
                 (c->socks && socks_is_logging_in(c->socks));

    *view = (struct connector_view){.hop = connector_hop(c), .since = c->phase_began};
    if (c->dial)
        view->phase =
            dial_is_looking_up(c->dial, &view->since) ? PHASE_LOOKUP : PHASE_CONNECT;
    else if (c->tls)
        view->phase = PHASE_TLS;
    else if (login)
        view->phase = PHASE_LOGIN;
    else
        view->phase = c->state == CONNECTOR_CONNECT ? PHASE_ANSWER : PHASE_LOOKUP;
}

/* ---- what is wanted of it ---- */

void connector_reached(struct connector *c)
{
    const struct hop *hop = connector_hop(c);

    if (!hop)
        connector_end(c, OUTCOME_OK, NULL);
    else if (hop_kind_is_socks(hop->kind))
        socks_begin(c);
    else if (!login_begin(c))
        connector_end(c, OUTCOME_INTERNAL, "out of memory");
    else if (c->mode == CONNECTOR_FORWARD)
        connector_succeeded(c);
    else
        connector_tunnel(c);
}
