/*
 * session_request: reads a request head and decides what it is.
 */
#include <errno.h>
#include <string.h>

#include "base/counters.h"
#include "base/log.h"
#include "fwd/session_internal.h"
#include "http/forward.h"
#include "http/socks.h"

#define TARGET_SHOWN 256 /* bytes of a target in the log */

static void request_refuse(struct session *s, enum outcome outcome, const char *detail)
{
    session_fail(s, &(struct session_fault){.outcome = outcome, .detail = detail});
}

/* ---- what is asked for ---- */

/* The target as it is shown: never with a query, which may carry keys. */
static char *target_shown(const struct intake *in)
{
    struct span target = in->head.target;

    target.len = span_find(target, '?');
    if (in->url.has_userinfo && !in->connect)
        target = in->url.host;
    if (target.len > TARGET_SHOWN)
        target.len = TARGET_SHOWN;
    return span_dup(target);
}

static bool access_begin(struct session *s)
{
    s->access.method = access_method(s->intake->head.method);
    s->access.target = target_shown(s->intake);
    s->access.connect = s->intake->connect;
    s->access.port = s->intake->url.port;
    s->access.trail.id = ++s->server->last_request;
    return s->access.target != NULL;
}

/* CONNECT has no body (RFC 9110 section 9.3.6): what follows is the tunnel's. */
static bool parse_connect(struct session *s)
{
    struct intake *in = s->intake;
    bool ipv6;
    const char *why =
        authority_parse(in->head.target, &in->url.host, &ipv6, &in->url.port);

    in->connect = true;
    in->keep = false;
    in->framing = (struct framing){.kind = FRAMING_NONE};
    if (!why)
        return true;
    request_refuse(s, OUTCOME_BAD_REQUEST, why);
    return false;
}

static bool parse_absolute(struct session *s)
{
    struct intake *in = s->intake;
    const char *why = url_parse(&in->url, in->head.target);

    if (why) {
        request_refuse(s, OUTCOME_BAD_REQUEST, why);
        return false;
    }
    if (!span_equal_nocase(in->url.scheme, SPAN("http"))) {
        request_refuse(s, OUTCOME_SCHEME_UNSUPPORTED,
                       "only http:// is forwarded in clear; use CONNECT for the rest");
        return false;
    }
    return true;
}

static bool parse_framing(struct session *s)
{
    struct intake *in = s->intake;
    const char *why = NULL;

    switch (framing_of_request(&in->head, &in->framing, &why)) {
    case FRAMING_OK:
        return true;
    case FRAMING_UNKNOWN_CODING:
        request_refuse(s, OUTCOME_CODING_UNKNOWN, why);
        return false;
    case FRAMING_BAD:
        break;
    }
    request_refuse(s, OUTCOME_BAD_REQUEST, why);
    return false;
}

static bool check_expect(struct session *s)
{
    const struct head_field *expect = head_find(&s->intake->head, SPAN("Expect"));

    if (!expect || span_equal_nocase(expect->value, SPAN("100-continue")))
        return true;
    request_refuse(s, OUTCOME_EXPECTATION_UNKNOWN, NULL);
    return false;
}

static void request_take(struct session *s)
{
    struct intake *in = s->intake;
    struct span target = in->head.target;
    bool connect = head_method_is(&in->head, SPAN("CONNECT"));

    in->keep = head_keeps_proxy_connection(&in->head);
    if (!parse_framing(s))
        return;
    if (!connect && (span_starts(target, SPAN("/")) || span_equal(target, SPAN("*")))) {
        session_show_self(s);
        return;
    }
    if (!(connect ? parse_connect(s) : parse_absolute(s)) || !check_expect(s))
        return;
    if (!access_begin(s)) {
        request_refuse(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    if (forward_via_has(&in->head, span_of(s->server->egress->name)))
        request_refuse(s, OUTCOME_LOOP, "the request came back (our name is in Via)");
    else
        session_enter(s, SESSION_ROUTE);
}

/* ---- reading ---- */

static bool head_split(struct intake *in)
{
    struct span rest = span_skip(buf_span(&in->raw), in->head.size);

    if (buf_append_span(&in->in, rest) != 0)
        return false;
    in->raw.len = in->head.size;
    return true;
}

/* False when more bytes are needed. */
static bool head_parse(struct session *s)
{
    struct intake *in = s->intake;

    if (s->way != WAY_HTTP)
        return session_socks_parse(s);
    switch (head_read_request(&in->head, in->raw.data + in->raw.start, in->raw.len)) {
    case HEAD_PARTIAL:
        return false;
    case HEAD_DONE:
        counter_add(COUNTER_REQUESTS, 1);
        if (head_split(in))
            request_take(s);
        else
            request_refuse(s, OUTCOME_INTERNAL, "out of memory");
        break;
    case HEAD_TOO_LARGE:
        request_refuse(s, OUTCOME_REQUEST_TOO_LARGE, NULL);
        break;
    case HEAD_BAD:
        request_refuse(s, OUTCOME_BAD_REQUEST, in->head.error);
        break;
    case HEAD_BAD_VERSION:
        request_refuse(s, OUTCOME_VERSION_UNSUPPORTED, NULL);
        break;
    case HEAD_NO_MEMORY:
        request_refuse(s, OUTCOME_INTERNAL, "out of memory");
        break;
    }
    return true;
}

/* The first byte of the connection tells. */
static uint8_t way_of(char first)
{
    switch (first) {
    case SOCKS_VERSION4:
        return WAY_SOCKS4;
    case SOCKS_VERSION5:
        return WAY_SOCKS5;
    default:
        return WAY_HTTP;
    }
}

/* The first bytes of a request are there: its clock begins. */
static bool head_began(struct session *s)
{
    char first = s->intake->raw.data[s->intake->raw.start];

    s->access.began = loop_clock();
    deadline_set(s->server->loop, &s->limit, s->config->timeout.head);
    if (s->way == WAY_UNKNOWN)
        s->way = way_of(first);
    if (first != 0x16)
        return true;
    counter_add(COUNTER_TLS_ON_PLAIN, 1);
    LOG_WARN("tls_on_plain_port", LOG_TEXT("client", s->remote),
             LOG_TEXT("help", "write http:// in the proxy URL, not https://"));
    request_refuse(s, OUTCOME_TLS_ON_PLAIN_PORT, NULL);
    return false;
}

/* Closing between requests is the normal end; within one it is worth a line. */
static void head_ended(struct session *s, ssize_t n)
{
    bool idle = s->intake->raw.len == 0;

    if (!idle)
        LOG_INFO("request_cut", LOG_TEXT("client", s->remote),
                 LOG_INT("bytes", s->intake->raw.len),
                 LOG_TEXT("reason", n < 0 ? strerror((int)-n) : "closed in its head"));
    session_end(s, idle ? OUTCOME_OK : OUTCOME_REQUEST_INCOMPLETE, NULL);
}

void session_head_event(struct session *s)
{
    struct buf *raw = &s->intake->raw;

    for (;;) {
        bool first = raw->len == 0;

        if (buf_reserve(raw, INTAKE_READ) != 0) {
            request_refuse(s, OUTCOME_INTERNAL, "out of memory");
            return;
        }
        ssize_t n = stream_read(s->client, buf_tail(raw), INTAKE_READ);
        if (n == -EAGAIN)
            return;
        if (n <= 0) {
            head_ended(s, n);
            return;
        }
        buf_commit(raw, (size_t)n);
        if ((first && !head_began(s)) || head_parse(s))
            return;
    }
}

/* What was pipelined behind the last request is read first. */
static bool intake_reset(struct session *s)
{
    struct intake *in = s->intake;

    if (!in)
        return session_intake_new(s);
    struct buf pipelined = in->in;
    buf_init(&in->in, INTAKE_LIMIT);
    buf_reset(&in->raw);
    buf_reset(&in->out);
    head_reset(&in->head);
    int error = buf_append_span(&in->raw, buf_span(&pipelined));
    buf_clear(&pipelined);
    return error == 0;
}

void session_head_enter(struct session *s)
{
    if (s->server->draining || !intake_reset(s)) {
        session_end(s, OUTCOME_OK, NULL);
        return;
    }
    stream_want(s->client, STREAM_READ);
    if (s->intake->raw.len > 0) {
        if (!head_began(s) || head_parse(s))
            return;
    } else {
        deadline_set(s->server->loop, &s->limit, s->config->timeout.client_idle);
    }
    session_head_event(s);
}

void session_head_timeout(struct session *s)
{
    if (s->intake->raw.len == 0)
        session_end(s, OUTCOME_OK, NULL);
    else
        request_refuse(s, OUTCOME_REQUEST_TIMEOUT, "the request's head is incomplete");
}
