/*
 * session_way: route, connection, exchange, tunnel.
 */
#include <errno.h>
#include <string.h>

#include "base/counters.h"
#include "base/log.h"
#include "fwd/request_view.h"
#include "fwd/session_internal.h"
#include "http/forward.h"
#include "up/warm.h"

/* Whose connections it may share: only a uid that the kernel named has any. */
static uint32_t session_owner(const struct session *s)
{
    return s->peer.kind == PEER_LOCAL ? s->peer.uid : POOL_NO_OWNER;
}

/* ---- a request that waits ---- */

/* It has no line of its own before its end, and whoever looks for it needs its id. */
void session_waits(const struct session *s)
{
    struct request_view view;
    char id[REQUEST_ID_TEXT];

    if (!request_of(s, &view) || (s->exchange && view.phase >= REQUEST_ANSWER))
        return;
    request_id_format(s->access.trail.id, id);
    LOG_INFO("request_waits", LOG_TEXT("id", id), LOG_TEXT("client", s->remote),
             LOG_TEXT("method", s->access.method), LOG_TEXT("target", s->access.target),
             LOG_TEXT("for", request_phase_name(view.phase)),
             LOG_TEXT("hop", view.phase_hop),
             LOG_MS("total_ms", loop_clock() - s->access.began));
}

/* ---- the route ---- */

static void route_found(void *ctx, struct route *route)
{
    struct session *s = ctx;

    s->query = NULL;
    route_unref(s->route);
    s->route = route;
    s->access.why = route->why;
    s->access.direct = route->kind == ROUTE_DIRECT;
    if (route->kind == ROUTE_REFUSED)
        session_fail(s, &(struct session_fault){.outcome = route->outcome,
                                                .detail = route->why});
    else
        session_enter(s, s->intake->connect ? SESSION_CONNECT : SESSION_EXCHANGE);
}

void session_route_enter(struct session *s)
{
    const struct intake *in = s->intake;

    s->query = route_start(s->router,
                           &(struct route_request){
                               .host = in->url.host,
                               .port = in->url.port,
                               .secure = in->connect,
                               .path = in->url.path_query,
                               .own_caller = session_is_own_caller(s),
                           },
                           route_found, s);
    if (!s->query)
        session_fail(s, &(struct session_fault){.outcome = OUTCOME_INTERNAL});
}

/* ---- CONNECT ---- */

/*
 * The one answer that all HTTP clients take, in one write (proxy.md section 1.1). The
 * socket's buffer is empty, so that a short write means a client that is gone.
 */
static bool tunnel_announce(struct session *s)
{
    struct span answer = SPAN("HTTP/1.1 200 Connection established\r\n\r\n");
    struct buf *out = &s->intake->out;

    if (s->way == WAY_FORWARD)
        return true;
    buf_reset(out);
    if (s->way != WAY_HTTP) {
        if (session_socks_answer(s, out, OUTCOME_OK) != 0)
            return false;
        answer = buf_span(out);
    }
    return stream_write(s->client, answer.at, answer.len) == (ssize_t)answer.len;
}

static void session_opened(struct session *s)
{
    s->open = true;
    s->server->tunnel_count++;
    counter_add(COUNTER_TUNNELS, 1);
    s->access.tunnel = true;
}

static void upstream_take(struct session *s, struct upstream *upstream)
{
    s->upstream = upstream->stream;
    s->idle_ms = upstream->idle_ms;
    upstream->stream = NULL;
    upstream_free(upstream);
}

static void connected(void *ctx, const struct connector_result *result)
{
    struct session *s = ctx;

    s->connector = NULL;
    s->access.hop = result->hop ? result->hop->name : NULL;
    s->access.direct = !result->hop;
    s->access.resolve_ns = result->resolve_ns;
    s->access.connect_ns = result->connect_ns;
    s->access.tls_ns = result->tls_ns;
    s->access.wait_ns = result->tunnel_ns;
    /* The client was promised a tunnel, so that there is nothing left to say to it. */
    if (result->outcome != OUTCOME_OK && s->open) {
        session_end(s, result->outcome, result->detail);
        return;
    }
    if (result->outcome != OUTCOME_OK) {
        session_fail(s, &(struct session_fault){
                            .outcome = result->outcome,
                            .detail = result->detail,
                            .hop = s->access.hop,
                            .quote = result->quote,
                            .received = result->status,
                        });
        return;
    }
    bool ready = result->upstream->ready;
    bool reused = result->upstream->reused;
    upstream_take(s, result->upstream);
    if (s->open) {
        session_enter(s, SESSION_TUNNEL);
        return;
    }
    s->access.status = s->way == WAY_HTTP ? 200 : 0;
    s->access.reused = ready ? "ready" : reused ? "warm" : NULL;
    if (tunnel_announce(s)) {
        session_opened(s);
        session_enter(s, ready ? SESSION_FLIGHT : SESSION_TUNNEL);
    } else {
        session_end(s, OUTCOME_REQUEST_INCOMPLETE, "the client is gone");
    }
}

static struct connector *connector_begin(struct session *s, struct span via)
{
    const struct intake *in = s->intake;

    return connector_start(
        &(struct connector_options){
            .egress = s->server->egress,
            .config = s->config,
            .route = s->route,
            .mode = CONNECTOR_TUNNEL,
            .host = in->url.host,
            .port = in->url.port,
            .via = via,
            .owner = session_owner(s),
            .fresh = s->open,
            .trail = &s->access.trail,
        },
        connected, s);
}

void session_connect_enter(struct session *s)
{
    struct buf via;

    buf_init(&via, HEAD_LIMIT);
    if (forward_via(&via, &s->intake->head, span_of(s->server->egress->name)) == 0)
        s->connector = connector_begin(s, buf_span(&via));
    buf_clear(&via);
    if (!s->connector && s->open)
        session_end(s, OUTCOME_INTERNAL, "out of memory");
    else if (!s->connector)
        session_fail(s, &(struct session_fault){.outcome = OUTCOME_INTERNAL});
}

/*
 * Early bytes are kept for the tunnel, up to a limit. An end or a reset is seen again
 * by the relay; the attempt goes on meanwhile, since a login that was cut off before
 * its answer would count as a failed one.
 */
void session_connect_event(struct session *s)
{
    struct buf *in = &s->intake->in;
    ssize_t n = -ENOMEM;

    if (in->len + INTAKE_READ <= INTAKE_LIMIT && buf_reserve(in, INTAKE_READ) == 0)
        n = stream_read(s->client, buf_tail(in), INTAKE_READ);
    if (n > 0)
        buf_commit(in, (size_t)n);
    else if (n != -EAGAIN)
        stream_want(s->client, 0);
}

/* ---- a ready tunnel ---- */

static void flight_tell(struct session *s, bool died)
{
    const struct url *url = &s->intake->url;

    if (s->access.hop)
        warm_tell(s->server->egress->warm, s->access.hop, url->host, url->port,
                  s->idle_ms, died);
}

/* The same once more, over another tunnel; the client does not notice. */
static void flight_repeat(struct session *s)
{
    stream_close(s->upstream);
    s->upstream = NULL;
    stream_on_event(s->client, session_client_fired, s);
    stream_want(s->client, STREAM_READ);
    session_enter(s, SESSION_CONNECT);
}

static void flight_done(void *ctx, enum flight_end end, size_t delivered)
{
    struct session *s = ctx;

    s->flight = NULL;
    switch (end) {
    case FLIGHT_ANSWERED:
        flight_tell(s, false);
        break;
    case FLIGHT_OVER:
        break;
    case FLIGHT_DIED:
        flight_tell(s, true);
        trail_add(&s->access.trail, s->access.hop, OUTCOME_ANSWER_NONE,
                  "the ready tunnel had died; the same is sent through another one");
        flight_repeat(s);
        return;
    case FLIGHT_BROKEN:
        session_end(s, OUTCOME_REQUEST_INCOMPLETE, "the client broke off");
        return;
    case FLIGHT_SILENT:
        session_end(s, OUTCOME_IDLE_TIMEOUT, "silent for too long");
        return;
    case FLIGHT_FAILED:
        session_end(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    s->access.bytes_up += delivered;
    buf_consume(&s->intake->in, delivered);
    session_enter(s, SESSION_TUNNEL);
}

void session_flight_enter(struct session *s)
{
    s->flight = flight_start(
        &(struct flight_options){
            .loop = s->server->loop,
            .client = s->client,
            .upstream = s->upstream,
            .kept = &s->intake->in,
            .idle_ms = s->config->timeout.idle,
        },
        flight_done, s);
    if (!s->flight)
        session_end(s, OUTCOME_INTERNAL, "out of memory");
}

/* ---- the tunnel ---- */

static void relay_done(void *ctx, const struct relay_result *result)
{
    struct session *s = ctx;

    s->relay = NULL;
    s->access.bytes_up += result->bytes_up;
    s->access.bytes_down += result->bytes_down;
    session_end(s, result->outcome, result->detail);
}

void session_tunnel_enter(struct session *s)
{
    if (stream_unread(s->client, buf_span(&s->intake->in)) != 0) {
        session_end(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    session_intake_free(s);
    s->relay = relay_start(
        &(struct relay_options){
            .loop = s->server->loop,
            .pool = s->server->relays,
            .client = s->client,
            .upstream = s->upstream,
            .mode = s->config->relay,
            .idle_ms = s->config->timeout.idle,
        },
        relay_done, s);
    if (!s->relay)
        session_end(s, OUTCOME_INTERNAL, "out of memory");
}

/* ---- plain HTTP ---- */

static void exchange_noted(struct session *s, const struct exchange_result *result)
{
    s->access.hop = result->hop ? result->hop->name : NULL;
    s->access.direct = s->access.direct || result->direct;
    s->access.status = result->status;
    s->access.reused = result->reused ? "warm" : NULL;
    s->access.bytes_up = result->bytes_up;
    s->access.bytes_down = result->bytes_down;
    s->access.resolve_ns = result->resolve_ns;
    s->access.connect_ns = result->connect_ns;
    s->access.tls_ns = result->tls_ns;
    s->access.wait_ns = result->wait_ns;
}

static void upgraded(struct session *s, struct upstream *upstream)
{
    upstream_take(s, upstream);
    session_opened(s);
    buf_reset(&s->intake->in); /* the exchange has pushed it back */
    session_enter(s, SESSION_TUNNEL);
}

static void exchange_done(void *ctx, const struct exchange_result *result)
{
    struct session *s = ctx;

    s->exchange = NULL;
    exchange_noted(s, result);
    stream_on_event(s->client, session_client_fired, s);
    if (result->upgraded) {
        upgraded(s, result->upgraded);
    } else if (result->outcome == OUTCOME_OK) {
        session_log(s, OUTCOME_OK, NULL);
        session_request_done(s, result->keep);
    } else if (result->answered) {
        session_end(s, result->outcome, result->detail);
    } else {
        s->intake->keep = s->intake->keep && !result->body_left;
        session_fail(s, &(struct session_fault){.outcome = result->outcome,
                                                .detail = result->detail,
                                                .hop = s->access.hop});
    }
}

void session_exchange_enter(struct session *s)
{
    struct intake *in = s->intake;

    s->exchange = exchange_start(
        &(struct exchange_options){
            .egress = s->server->egress,
            .config = s->config,
            .route = s->route,
            .held = &in->held,
            .client = s->client,
            .in = &in->in,
            .head = &in->head,
            .url = &in->url,
            .framing = in->framing,
            .owner = session_owner(s),
            .trail = &s->access.trail,
        },
        exchange_done, s);
    if (!s->exchange)
        session_fail(s, &(struct session_fault){.outcome = OUTCOME_INTERNAL});
}
