/*
 * session_reply: what we say ourselves, and the end of a request.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/counters.h"
#include "base/log.h"
#include "fwd/session_internal.h"

#define LINGER_LIMIT (1024 * 1024) /* bytes read and thrown away at the end */

void session_log(struct session *s, enum outcome outcome, const char *detail)
{
    int64_t uid = s->peer.kind == PEER_LOCAL ? (int64_t)s->peer.uid : -1;

    if (s->access.method) {
        access_end(&s->access, s->config->log_access, s->remote, uid, outcome, detail);
        recent_put(&s->server->recent, &(struct recent_options){
                                           .access = &s->access,
                                           .client = s->remote,
                                           .uid = uid,
                                           .own_caller = session_is_own_caller(s),
                                           .route = s->route,
                                           .in_force = s->config == s->server->config,
                                           .outcome = outcome,
                                           .detail = detail,
                                       });
    } else if (outcome != OUTCOME_OK) {
        counter_outcome(outcome);
    }
    access_clear(&s->access);
}

/* ---- composing ---- */

/* Whether the client can go on behind an error: nothing of the request is left unread.
 */
static bool can_keep(const struct intake *in)
{
    return in->keep && in->framing.kind == FRAMING_NONE && !in->connect;
}

static void fault_note(const struct session *s, const struct session_fault *fault)
{
    server_note_error(s->server, fault->outcome, s->access.direct,
                      span_of(s->access.target), fault->detail);
    if (!s->access.method && fault->outcome != OUTCOME_CALLER_REFUSED)
        LOG_INFO("request_refused", LOG_TEXT("client", s->remote),
                 LOG_TEXT("outcome", outcome_info(fault->outcome)->name),
                 LOG_TEXT("detail", fault->detail));
}

/* In the language of the client. */
static int refusal_put(struct session *s, const struct reply *reply)
{
    if (s->way == WAY_SOCKS4 || s->way == WAY_SOCKS5)
        return session_socks_answer(s, &s->intake->out, reply->outcome);
    s->access.status = reply_status(reply);
    return reply_error(&s->intake->out, reply);
}

void session_fail(struct session *s, const struct session_fault *fault)
{
    bool silent = outcome_info(fault->outcome)->status == 0 || s->way == WAY_FORWARD;

    if (s->way == WAY_FORWARD)
        fault_note(s, fault);
    if (silent || (!s->intake && !session_intake_new(s))) {
        session_end(s, fault->outcome, fault->detail);
        return;
    }
    struct intake *in = s->intake;
    bool request = s->access.method != NULL;
    struct reply reply = {
        .outcome = fault->outcome,
        .name = s->server->egress->name,
        .hop = fault->hop,
        .detail = fault->detail,
        .quote = fault->quote,
        .received = fault->received,
        .direct = s->access.direct,
        .why = s->route && s->route->kind != ROUTE_REFUSED ? s->route->why : NULL,
        .keep = request && can_keep(in),
        .head_only = request && head_method_is(&in->head, SPAN("HEAD")),
    };

    fault_note(s, fault);
    in->outcome = fault->outcome;
    snprintf(in->detail, sizeof(in->detail), "%s", fault->detail ? fault->detail : "");
    in->keep = reply.keep;
    if (refusal_put(s, &reply) != 0)
        session_end(s, fault->outcome, fault->detail);
    else
        session_enter(s, SESSION_REPLY);
}

void session_show_self(struct session *s)
{
    struct intake *in = s->intake;
    struct span target = in->head.target;
    bool get = head_method_is(&in->head, SPAN("GET"));
    bool head = head_method_is(&in->head, SPAN("HEAD"));
    bool known = (get || head) && span_equal(target, SPAN("/"));

    counter_add(COUNTER_SELF_REQUESTS, 1);
    in->connect = false;
    in->keep = can_keep(in);
    in->outcome = OUTCOME_OK;
    in->detail[0] = '\0';
    if (reply_self(&in->out, known, in->keep, head) != 0)
        session_end(s, OUTCOME_INTERNAL, NULL);
    else
        session_enter(s, SESSION_REPLY);
}

/* ---- sending ---- */

void session_reply_event(struct session *s)
{
    struct intake *in = s->intake;

    while (in->out.len > 0) {
        struct span rest = buf_span(&in->out);
        ssize_t n = stream_write(s->client, rest.at, rest.len);

        if (n == -EAGAIN) {
            deadline_set(s->server->loop, &s->limit, s->config->timeout.head);
            stream_want(s->client, STREAM_WRITE);
            return;
        }
        if (n < 0) {
            session_end(s, in->outcome, in->detail);
            return;
        }
        buf_consume(&in->out, (size_t)n);
    }
    session_log(s, in->outcome, in->detail[0] ? in->detail : NULL);
    session_request_done(s, in->keep);
}

void session_request_done(struct session *s, bool keep)
{
    route_unref(s->route);
    s->route = NULL;
    session_enter(s, keep ? SESSION_HEAD : SESSION_LINGER);
}

/* ---- lingering close (RFC 9112 section 9.6) ---- */

void session_linger_enter(struct session *s)
{
    if (stream_shutdown(s->client) < 0) {
        session_end(s, OUTCOME_OK, NULL);
        return;
    }
    deadline_set(s->server->loop, &s->limit, s->config->timeout.linger);
    stream_want(s->client, STREAM_READ);
}

void session_linger_event(struct session *s)
{
    char waste[4096];
    ssize_t n = stream_read(s->client, waste, sizeof(waste));

    if (n > 0)
        s->lingered += (uint32_t)n;
    if ((n > 0 && s->lingered <= LINGER_LIMIT) || n == -EAGAIN)
        return;
    session_end(s, OUTCOME_OK, NULL);
}
