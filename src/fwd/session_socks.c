/*
 * session_socks: what becomes a CONNECT and is none. Clients that speak SOCKS (RFC
 * 1928, SOCKS4a) where others speak HTTP: without a login; a name is passed on, and
 * what follows is the tunnel's. And static forwards, whose clients say nothing.
 */
#include <stdio.h>

#include "base/counters.h"
#include "fwd/session_internal.h"
#include "http/socks.h"

enum { AUTHORITY_SIZE = SOCKS_NAME + 16 };

static void refuse(struct session *s, enum outcome outcome, const char *detail)
{
    session_fail(s, &(struct session_fault){.outcome = outcome, .detail = detail});
}

int session_socks_answer(const struct session *s, struct buf *out, enum outcome outcome)
{
    const struct intake *in = s->intake;

    if (s->way == WAY_SOCKS4)
        return socks4_put_reply(out, outcome == OUTCOME_OK);
    if (in->greeting == 0)
        return socks5_put_method(out, SOCKS_METHOD_REFUSED);
    return socks5_put_reply(out, in->socks_fault ? in->socks_fault
                                                 : outcome_socks_reply(outcome));
}

/* ---- the greeting ---- */

/* A short write means a client that is gone: the socket's buffer is empty. */
static bool method_send(struct session *s)
{
    static const char answer[] = {SOCKS_VERSION5, SOCKS_METHOD_NONE};

    return stream_write(s->client, answer, sizeof(answer)) == sizeof(answer);
}

/* False when this is the end. */
static bool greeting_take(struct session *s, size_t size, bool no_login)
{
    if (!no_login) {
        refuse(s, OUTCOME_BAD_REQUEST,
               "the program offers no SOCKS5 without a login, and there is none here");
        return false;
    }
    s->intake->greeting = size;
    if (method_send(s))
        return true;
    session_end(s, OUTCOME_REQUEST_INCOMPLETE, "the client is gone");
    return false;
}

/* ---- the request ---- */

/* What a CONNECT would be, to a target that is held to the same grammar. */
static const char *connect_take(struct session *s, const char *method,
                                const char *target)
{
    struct intake *in = s->intake;
    bool ipv6;
    const char *why;

    in->connect = true;
    in->keep = false;
    in->head.minor = 1; /* for Via */
    in->framing = (struct framing){.kind = FRAMING_NONE};
    in->authority = span_dup(span_of(target));
    if (!in->authority)
        return "cannot be kept: out of memory";
    why = authority_parse(span_of(in->authority), &in->url.host, &ipv6, &in->url.port);
    if (why)
        return why;
    s->access.method = method;
    s->access.target = span_dup(span_of(in->authority));
    s->access.connect = true;
    s->access.port = in->url.port;
    s->access.trail.id = ++s->server->last_request;
    return NULL;
}

static const char *target_take(struct session *s, const struct socks_request *request)
{
    struct span host = span_of(request->host);
    bool ipv6 = span_find(host, ':') < host.len;
    char text[AUTHORITY_SIZE];

    snprintf(text, sizeof(text), ipv6 ? "[%s]:%u" : "%s:%u", request->host,
             (unsigned)request->port);
    return connect_take(s, s->way == WAY_SOCKS4 ? "SOCKS4" : "SOCKS5", text);
}

static void request_take(struct session *s, const struct socks_request *request)
{
    const char *why;

    counter_add(COUNTER_REQUESTS, 1);
    if (request->fault != SOCKS_REPLY_OK) {
        s->intake->keep = false;
        s->intake->socks_fault = request->fault;
        refuse(s, OUTCOME_BAD_REQUEST, socks_reply_text(request->fault));
        return;
    }
    why = target_take(s, request);
    if (why)
        refuse(s, OUTCOME_BAD_REQUEST, why);
    else
        session_enter(s, SESSION_ROUTE);
}

/* What came behind the request is the tunnel's. */
static bool rest_keep(struct intake *in, size_t size)
{
    struct span rest = span_skip(buf_span(&in->raw), size);

    if (buf_append_span(&in->in, rest) != 0)
        return false;
    in->raw.len = size;
    return true;
}

bool session_socks_parse(struct session *s)
{
    struct intake *in = s->intake;
    enum socks_progress progress;
    struct socks_request request;
    struct span rest;
    size_t size = 0;
    bool no_login = false;

    if (s->way == WAY_SOCKS5 && in->greeting == 0) {
        if (socks5_read_greeting(buf_span(&in->raw), &size, &no_login) != SOCKS_DONE)
            return false;
        if (!greeting_take(s, size, no_login))
            return true;
    }
    rest = span_skip(buf_span(&in->raw), in->greeting);
    progress = s->way == WAY_SOCKS4 ? socks4_read_request(rest, &size, &request)
                                    : socks5_read_request(rest, &size, &request);
    if (progress == SOCKS_MORE)
        return false;
    if (progress == SOCKS_BAD)
        refuse(s, OUTCOME_BAD_REQUEST, "what follows the greeting is not SOCKS");
    else if (!rest_keep(in, in->greeting + size))
        refuse(s, OUTCOME_INTERNAL, "out of memory");
    else
        request_take(s, &request);
    return true;
}

/* ---- a static forward ---- */

void session_forward(struct session *s, const char *target)
{
    const char *why;

    counter_add(COUNTER_REQUESTS, 1);
    s->access.began = loop_clock();
    if (!session_intake_new(s)) {
        refuse(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    why = connect_take(s, "TUNNEL", target);
    if (why) {
        refuse(s, OUTCOME_BAD_REQUEST, why);
        return;
    }
    stream_want(s->client, STREAM_READ);
    session_enter(s, SESSION_ROUTE);
}
