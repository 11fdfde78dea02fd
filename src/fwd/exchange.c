/*
 * exchange: life cycle, connecting, and who is watched for what.
 */
#include "fwd/exchange.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/counters.h"
#include "fwd/exchange_internal.h"

/* ---- the end ---- */

void exchange_fail(struct exchange *x, enum outcome outcome, const char *detail)
{
    if (x->state == EXCHANGE_OVER)
        return;
    x->state = EXCHANGE_OVER;
    x->result.outcome = outcome;
    snprintf(x->detail, sizeof(x->detail), "%s", detail ? detail : "");
}

/* Through a SOCKS proxy there is a tunnel to the server. */
const struct hop *exchange_proxy(const struct exchange *x)
{
    const struct hop *hop = x->result.hop;

    return hop && hop_kind_is_http(hop->kind) ? hop : NULL;
}

void exchange_fail_peer(struct exchange *x, enum outcome outcome, const char *what)
{
    char detail[EXCHANGE_DETAIL];

    snprintf(detail, sizeof(detail), "the %s %s",
             exchange_proxy(x) ? "proxy" : "server", what);
    exchange_fail(x, outcome, detail);
}

void exchange_complete(struct exchange *x)
{
    x->state = EXCHANGE_OVER;
    x->result.outcome = OUTCOME_OK;
}

void exchange_cancel(struct exchange *x)
{
    if (!x)
        return;
    connector_cancel(x->connector);
    upstream_free(x->upstream);
    deadline_clear(x->loop, &x->limit);
    deadline_clear(x->loop, &x->idle);
    stream_want(x->o.client, 0);
    stream_on_event(x->o.client, NULL, NULL);
    exchange_request_clear(x);
    exchange_response_clear(x);
    discard_clear(&x->challenge.discard);
    route_unref(x->o.route);
    free(x);
}

/*
 * Hands both streams over. The bytes that were read too far are the first of what the
 * two sides say in the new protocol.
 */
static void upgraded_hand_over(struct exchange *x)
{
    struct upstream *upstream = x->upstream;

    if (stream_unread(upstream->stream, buf_span(&x->down.in)) != 0 ||
        stream_unread(x->o.client, buf_span(x->o.in)) != 0) {
        x->result.outcome = OUTCOME_INTERNAL;
        snprintf(x->detail, sizeof(x->detail), "out of memory");
        return;
    }
    buf_reset(x->o.in);
    stream_want(upstream->stream, 0);
    stream_on_event(upstream->stream, NULL, NULL);
    x->upstream = NULL;
    x->result.upgraded = upstream;
}

/*
 * The connection upstream after a whole answer: kept if nothing speaks against it, for
 * this client alone if the server's own login passed on it.
 */
static void upstream_keep(struct exchange *x)
{
    struct upstream *upstream = x->upstream;

    if (!x->down.reusable || x->down.in.len > 0 || x->up.state != UP_DONE ||
        !outlet_is_empty(&x->up.outlet))
        return;
    if (upstream->login_at && (!x->o.held || !x->down.keep))
        return;
    x->upstream = NULL;
    if (upstream->login_at)
        held_put(x->o.held, upstream);
    else
        pool_put(x->o.egress->pool, upstream, x->o.config->timeout.pool_idle);
}

/* An error page can follow interim answers, but not half of one. */
static void interim_flush(struct exchange *x)
{
    outlet_flush(&x->down.outlet);
    x->result.answered = !outlet_is_empty(&x->down.outlet);
}

static void exchange_finish(struct exchange *x)
{
    exchange_callback *callback = x->callback;
    struct exchange_result result;
    char detail[EXCHANGE_DETAIL];
    void *ctx = x->ctx;

    stream_want(x->o.client, 0);
    if (!x->result.answered)
        interim_flush(x);
    if (x->result.outcome == OUTCOME_OK && x->down.upgrade)
        upgraded_hand_over(x);
    else if (x->result.outcome == OUTCOME_OK)
        upstream_keep(x);
    result = x->result;
    result.keep = result.outcome == OUTCOME_OK && x->down.keep && x->up.whole;
    result.body_left = !result.answered && x->up.has_body && !x->up.whole;
    snprintf(detail, sizeof(detail), "%s", x->detail);
    result.detail = result.outcome == OUTCOME_OK ? NULL : detail;
    exchange_cancel(x);
    callback(ctx, &result);
}

/* ---- events ---- */

static void watch_both(struct exchange *x)
{
    unsigned client = 0, upstream = 0;

    if (exchange_request_wants_client(x))
        client |= STREAM_READ;
    if (!outlet_is_empty(&x->down.outlet))
        client |= STREAM_WRITE;
    stream_want(x->o.client, client);
    if (!x->upstream)
        return;
    if (exchange_response_wants_upstream(x))
        upstream |= STREAM_READ;
    if (!outlet_is_empty(&x->up.outlet))
        upstream |= STREAM_WRITE;
    stream_want(x->upstream->stream, upstream);
}

void exchange_turn_end(struct exchange *x)
{
    if (x->state == EXCHANGE_OVER) {
        exchange_finish(x);
        return;
    }
    deadline_set(x->loop, &x->idle,
                 x->state == EXCHANGE_RUN ? x->o.config->timeout.idle : 0);
    watch_both(x);
}

static void client_fired(void *ctx, unsigned events)
{
    struct exchange *x = ctx;

    if (events & STREAM_WRITE) {
        outlet_unblock(&x->down.outlet);
        exchange_response_pump(x);
    }
    if ((events & STREAM_READ) && exchange_request_wants_client(x))
        exchange_client_read(x);
    exchange_request_pump(x);
    exchange_turn_end(x);
}

static void upstream_fired(void *ctx, unsigned events)
{
    struct exchange *x = ctx;

    if (events & STREAM_WRITE) {
        outlet_unblock(&x->up.outlet);
        exchange_request_pump(x);
    }
    if (events & STREAM_READ) {
        if (x->state == EXCHANGE_CHALLENGE)
            exchange_login_read(x);
        else
            exchange_response_pump(x);
    }
    exchange_turn_end(x);
}

static void limit_fired(void *ctx)
{
    struct exchange *x = ctx;

    if (x->state == EXCHANGE_RUN && x->up.state == UP_HELD)
        exchange_request_release(x);
    else if (x->state == EXCHANGE_RUN)
        exchange_login_unanswered(x);
    else
        exchange_login_expired(x);
    exchange_turn_end(x);
}

static void idle_fired(void *ctx)
{
    struct exchange *x = ctx;

    exchange_fail(x, x->result.answered ? OUTCOME_IDLE_TIMEOUT : OUTCOME_ANSWER_TIMEOUT,
                  "silent for too long (timeout.idle)");
    exchange_turn_end(x);
}

/* ---- connecting ---- */

static void connector_done(void *ctx, const struct connector_result *result)
{
    struct exchange *x = ctx;

    x->connector = NULL;
    x->result.hop = result->hop;
    x->result.direct = !result->hop;
    x->result.resolve_ns = result->resolve_ns;
    x->result.connect_ns = result->connect_ns;
    x->result.tls_ns = result->tls_ns;
    if (result->outcome != OUTCOME_OK) {
        exchange_fail(x, result->outcome, result->detail);
    } else {
        x->upstream = result->upstream;
        x->result.reused = x->upstream->reused;
        counter_add(COUNTER_UPSTREAM_REUSED, x->upstream->reused);
        stream_on_event(x->upstream->stream, upstream_fired, x);
        exchange_login_begin(x);
    }
    exchange_turn_end(x);
}

/*
 * Whatever the request: the server's login is on this connection only, and its next
 * message (RFC 4559 section 6), large bodies and all, makes no sense elsewhere.
 */
static struct upstream *connection_of_client(struct exchange *x)
{
    return x->connections == 1 && x->o.held ? held_take(x->o.held, x->o.url) : NULL;
}

void exchange_connect(struct exchange *x, enum exchange_reuse reuse)
{
    x->state = EXCHANGE_CONNECT;
    x->connections++;
    upstream_free(x->upstream);
    x->upstream = NULL;
    outlet_aim(&x->up.outlet, NULL);
    x->down.heard = false;
    deadline_clear(x->loop, &x->limit);
    x->connector = connector_start(
        &(struct connector_options){
            .egress = x->o.egress,
            .config = x->o.config,
            .route = x->o.route,
            .mode = CONNECTOR_FORWARD,
            .host = x->o.url->host,
            .port = x->o.url->port,
            .owner = x->o.owner,
            .fresh = reuse == REUSE_NONE,
            .own = connection_of_client(x),
            .logged_in = reuse == REUSE_LOGGED_IN,
            .trail = x->o.trail,
        },
        connector_done, x);
    if (!x->connector)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
}

/* ---- to say what goes on ---- */

void exchange_view(const struct exchange *x, struct exchange_view *view)
{
    bool login = x->state == EXCHANGE_LOGIN || x->state == EXCHANGE_CHALLENGE;

    *view = (struct exchange_view){
        .connector = x->connector,
        .hop = x->result.hop,
        .login = login,
        .answered = x->down.state != DOWN_HEAD,
        .since = login ? x->challenge.began : x->sent_at,
    };
}

/* ---- start ---- */

/* RFC 9110 section 9.2.2 */
static bool method_is_idempotent(const struct head *head)
{
    static const char *const methods[] = {"GET",   "HEAD", "OPTIONS",
                                          "TRACE", "PUT",  "DELETE"};

    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++)
        if (head_method_is(head, span_of(methods[i])))
            return true;
    return false;
}

/* What the client asks to switch to; HTTP/1.0 cannot ask (RFC 9110 section 7.8). */
static struct span upgrade_of(const struct head *head)
{
    const struct head_field *field = head_find(head, SPAN("upgrade"));

    if (!field || head->minor == 0 ||
        !head_has_token(head, SPAN("connection"), SPAN("upgrade")))
        return (struct span){"", 0};
    return field->value;
}

/*
 * A kept connection may have died unseen. Only what can be sent again goes over any:
 * not what changes something each time, and not a body. One that is logged in saves
 * the round trips of a login, which is worth that small risk; a body goes over it if
 * it can be kept for the case that the login was lost. One that the client has for
 * itself is taken for all.
 */
static enum exchange_reuse reuse_of(const struct exchange *x)
{
    if (x->idempotent && !x->up.has_body)
        return REUSE_ANY;
    return exchange_request_is_short(x) ? REUSE_LOGGED_IN : REUSE_NONE;
}

struct exchange *exchange_start(const struct exchange_options *options,
                                exchange_callback *callback, void *ctx)
{
    struct exchange *x = calloc(1, sizeof(*x));

    if (!x)
        return NULL;
    x->o = *options;
    x->loop = options->egress->loop;
    x->callback = callback;
    x->ctx = ctx;
    route_ref(x->o.route);
    deadline_init(&x->limit, limit_fired, x);
    deadline_init(&x->idle, idle_fired, x);
    exchange_request_init(x);
    exchange_response_init(x);
    x->idempotent = method_is_idempotent(x->o.head);
    x->upgrade = upgrade_of(x->o.head);
    stream_on_event(x->o.client, client_fired, x);
    exchange_connect(x, reuse_of(x));
    if (x->state == EXCHANGE_OVER) {
        exchange_cancel(x);
        return NULL;
    }
    watch_both(x);
    return x;
}
