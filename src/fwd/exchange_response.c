/*
 * exchange_response: the answer, from upstream to the client.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "auth/challenge.h"
#include "fwd/exchange_internal.h"
#include "http/forward.h"

void exchange_response_init(struct exchange *x)
{
    struct exchange_down *down = &x->down;

    buf_init(&down->in, HEAD_LIMIT + EXCHANGE_READ_SIZE);
    head_init(&down->head);
    outlet_init(&down->outlet, EXCHANGE_CEILING);
    outlet_aim(&down->outlet, x->o.client);
}

void exchange_response_clear(struct exchange *x)
{
    buf_clear(&x->down.in);
    head_clear(&x->down.head);
    body_clear(&x->down.body);
    outlet_clear(&x->down.outlet);
}

void exchange_response_expect(struct exchange *x)
{
    x->down.state = DOWN_HEAD;
    buf_reset(&x->down.in);
    head_reset(&x->down.head);
}

bool exchange_response_wants_upstream(const struct exchange *x)
{
    if (x->state == EXCHANGE_CHALLENGE)
        return !x->challenge.spent;
    return x->state == EXCHANGE_RUN && x->down.state != DOWN_DONE &&
           !outlet_is_full(&x->down.outlet);
}

/* ---- the end ---- */

/* The answer ends here, as soon as the client has it. */
static void answer_end(struct exchange *x, enum outcome verdict, const char *what)
{
    x->down.state = DOWN_DONE;
    x->down.verdict = verdict;
    x->down.what = what;
}

static void answer_delivered(struct exchange *x)
{
    if (x->down.verdict == OUTCOME_OK)
        exchange_complete(x);
    else
        exchange_fail_peer(x, x->down.verdict, x->down.what);
}

static void client_refuses(struct exchange *x, int error)
{
    char detail[EXCHANGE_DETAIL];

    if (error == -ENOMEM || error == -EMSGSIZE) {
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    snprintf(detail, sizeof(detail), "the client takes no more of the answer: %s",
             strerror(-error));
    exchange_fail(x, OUTCOME_REQUEST_INCOMPLETE, detail);
}

/* ---- the body ---- */

static void answer_put(struct exchange *x, struct span data)
{
    struct exchange_down *down = &x->down;
    int error = down->to_client.kind == FRAMING_CHUNKED
                    ? chunked_write(&down->outlet.buf, data)
                    : outlet_put(&down->outlet, data);

    x->result.bytes_down += data.len;
    if (error)
        client_refuses(x, error);
}

static void answer_whole(struct exchange *x)
{
    struct exchange_down *down = &x->down;
    struct span trailers = body_trailers(&down->body);

    if (down->to_client.kind == FRAMING_CHUNKED &&
        chunked_finish(&down->outlet.buf, trailers) != 0)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
    else
        answer_end(x, OUTCOME_OK, NULL);
}

/* Takes one piece out of what has come, which may be nothing. */
static void answer_take(struct exchange *x)
{
    struct exchange_down *down = &x->down;
    struct span rest = buf_span(&down->in), data;
    enum body_progress progress = BODY_DATA;

    if (rest.len > EXCHANGE_READ_SIZE)
        rest.len = EXCHANGE_READ_SIZE;
    size_t offered = rest.len;
    while (progress == BODY_DATA && x->state == EXCHANGE_RUN) {
        progress = body_read(&down->body, &rest, &data);
        if (progress == BODY_DATA)
            answer_put(x, data);
    }
    buf_consume(&down->in, offered - rest.len);
    if (progress == BODY_END)
        answer_whole(x);
    else if (progress == BODY_BAD)
        answer_end(x, OUTCOME_ANSWER_BROKEN, "sent a faulty chunk in its answer");
}

/* ---- the head ---- */

/*
 * A client may try NTLM or Negotiate through a proxy only if that tells that it leaves
 * them the connection (RFC 4559 section 6). Of a proxy behind us we know only what it
 * says itself.
 */
static bool login_can_follow(const struct exchange *x)
{
    const struct exchange_down *down = &x->down;

    return down->head.status == 401 && x->upstream->login_at && down->reusable &&
           down->keep &&
           (!exchange_proxy(x) || head_has_token(&down->head, SPAN("proxy-support"),
                                                 SPAN("session-based-authentication")));
}

static void head_forward(struct exchange *x, bool keep, struct span upgrade)
{
    struct exchange_down *down = &x->down;
    int error =
        forward_response(&down->outlet.buf, &(struct forward_response){
                                                .head = &down->head,
                                                .framing = &down->to_client,
                                                .via = span_of(x->o.egress->name),
                                                .keep = keep,
                                                .session_auth = login_can_follow(x),
                                                .upgrade = upgrade,
                                            });

    if (error == -EMSGSIZE)
        exchange_fail_peer(x, OUTCOME_ANSWER_TOO_LARGE,
                           "sent a head that is too large to send on");
    else if (error)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
}

/* Interim answers are for clients that know of them (RFC 9110 section 15.2). */
static void answer_interim(struct exchange *x)
{
    struct exchange_down *down = &x->down;

    down->to_client = (struct framing){.kind = FRAMING_NONE};
    if (x->o.head->minor > 0 && !x->up.emptied)
        head_forward(x, true, (struct span){"", 0});
    buf_consume(&down->in, down->head.size);
    head_reset(&down->head);
    exchange_request_release(x);
}

/* Whether one of the challenges or credentials is of a scheme of connections. */
static bool has_bound(const struct head *head, struct span name)
{
    const struct head_field *field = head_find(head, name);
    struct challenge challenge;

    for (; field; field = head_find_next(head, field, name)) {
        struct span rest = field->value;

        while (challenge_next(&rest, &challenge))
            if (span_equal_nocase(challenge.scheme, SPAN("ntlm")) ||
                span_equal_nocase(challenge.scheme, SPAN("negotiate")))
                return true;
    }
    return false;
}

/*
 * NTLM and Negotiate log the connection in: nobody else may get it, neither now nor
 * when later requests on it say nothing of a login (RFC 4559 section 6).
 */
static bool origin_login_passed(const struct exchange *x)
{
    return has_bound(&x->down.head, SPAN("www-authenticate")) ||
           has_bound(x->o.head, SPAN("authorization"));
}

/* How the client gets a body that upstream frames like this. */
static struct framing framing_to_client(const struct exchange *x,
                                        const struct framing *framing)
{
    bool old = x->o.head->minor == 0;

    if (framing->kind == FRAMING_CLOSE && !old)
        return (struct framing){.kind = FRAMING_CHUNKED};
    if (framing->kind == FRAMING_CHUNKED && old)
        return (struct framing){.kind = FRAMING_CLOSE};
    return *framing;
}

static bool connection_stays(const struct exchange *x)
{
    return exchange_proxy(x) ? head_keeps_proxy_connection(&x->down.head)
                             : head_keeps_connection(&x->down.head);
}

static void answer_forward(struct exchange *x, const struct framing *framing)
{
    struct exchange_down *down = &x->down;

    if (!exchange_login_settle(x))
        return;
    exchange_request_forget(x);
    exchange_request_release(x);
    exchange_request_pump(x);
    down->reusable = connection_stays(x) && framing->kind != FRAMING_CLOSE;
    if (origin_login_passed(x) && !held_mark(x->upstream, x->o.url))
        down->reusable = false;
    down->to_client = framing_to_client(x, framing);
    /*
     * Not behind an early answer: the rest of the body would have to be waited for. Nor
     * does a proxy keep connections of HTTP/1.0 clients (RFC 9112 section 9.3).
     */
    down->keep = x->o.head->minor > 0 && head_keeps_proxy_connection(x->o.head) &&
                 x->up.whole && down->to_client.kind != FRAMING_CLOSE;
    head_forward(x, down->keep, (struct span){"", 0});
    x->result.answered = x->state == EXCHANGE_RUN;
    buf_consume(&down->in, down->head.size);
    body_init(&down->body, framing, false);
    down->state = DOWN_BODY;
    answer_take(x);
}

static void answer_upgrade(struct exchange *x)
{
    struct exchange_down *down = &x->down;
    const struct head_field *field = head_find(&down->head, SPAN("upgrade"));

    if (x->upgrade.len == 0 || !x->up.whole || !outlet_is_empty(&x->up.outlet)) {
        exchange_fail_peer(x, OUTCOME_ANSWER_BROKEN,
                           "switched protocols without having been asked to");
        return;
    }
    if (!exchange_login_settle(x))
        return;
    down->to_client = (struct framing){.kind = FRAMING_NONE};
    head_forward(x, true, field ? field->value : x->upgrade);
    x->result.answered = x->state == EXCHANGE_RUN;
    down->upgrade = true;
    buf_consume(&down->in, down->head.size);
    answer_end(x, OUTCOME_OK, NULL);
}

static void answer_final(struct exchange *x)
{
    struct framing framing;
    const char *why = NULL;
    char detail[EXCHANGE_DETAIL];

    exchange_request_told(x);
    deadline_clear(x->loop, &x->limit);
    x->result.status = x->down.head.status;
    x->result.wait_ns = loop_clock() - x->sent_at;
    if (x->down.head.status == 101) {
        answer_upgrade(x);
    } else if (framing_of_response(&x->down.head, x->o.head->method, &framing, &why) !=
               FRAMING_OK) {
        snprintf(detail, sizeof(detail), "sent an answer that %s", why);
        exchange_fail_peer(x, OUTCOME_ANSWER_BROKEN, detail);
    } else if (x->down.head.status == 407 && x->upstream->auth) {
        exchange_login_challenged(x, &framing);
    } else if (x->up.emptied) {
        exchange_login_unasked(x);
    } else {
        answer_forward(x, &framing);
    }
}

/* False while the head is not whole. */
static bool answer_head(struct exchange *x)
{
    struct exchange_down *down = &x->down;
    char detail[EXCHANGE_DETAIL];

    switch (
        head_read_response(&down->head, down->in.data + down->in.start, down->in.len)) {
    case HEAD_PARTIAL:
        return false;
    case HEAD_DONE:
        if (down->head.status < 200 && down->head.status != 101)
            answer_interim(x);
        else
            answer_final(x);
        return true;
    case HEAD_TOO_LARGE:
        exchange_fail_peer(x, OUTCOME_ANSWER_TOO_LARGE,
                           "sent an answer with an endless head");
        return true;
    case HEAD_NO_MEMORY:
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
        return true;
    case HEAD_BAD:
    case HEAD_BAD_VERSION:
        break;
    }
    snprintf(detail, sizeof(detail), "sent an answer that %s",
             down->head.error ? down->head.error : "is not HTTP/1.x");
    exchange_fail_peer(x, OUTCOME_ANSWER_BROKEN, detail);
    return true;
}

/* ---- reading ---- */

/*
 * A kept connection that died unseen says nothing at all. What can be sent again is
 * sent again, over a fresh one (RFC 9112 section 9.3.1).
 */
static bool connection_was_stale(const struct exchange *x)
{
    return x->upstream->reused && !x->down.heard && x->idempotent;
}

static void connection_replace(struct exchange *x)
{
    pool_learn(x->o.egress->pool, x->upstream, true, 0);
    exchange_connect(x, REUSE_NONE);
}

static void upstream_ended(struct exchange *x, ssize_t n)
{
    struct exchange_down *down = &x->down;
    const char *what = n < 0 ? "broke the connection off without an answer"
                             : "closed without an answer";

    if (down->state == DOWN_BODY && n == 0 && body_ends_by_close(&down->body))
        answer_whole(x);
    else if (down->state == DOWN_BODY)
        answer_end(x, OUTCOME_ANSWER_INCOMPLETE,
                   "broke off in the middle of its answer");
    else if (down->in.len > 0)
        exchange_fail_peer(x, OUTCOME_ANSWER_INCOMPLETE,
                           "closed in the middle of its answer's head");
    else if (connection_was_stale(x) && exchange_request_rewind(x))
        connection_replace(x);
    else if (!exchange_login_again(x) && !exchange_next_hop(x, what))
        exchange_fail_peer(x, OUTCOME_ANSWER_NONE, what);
}

/* False if nothing came. */
static bool upstream_read(struct exchange *x)
{
    struct exchange_down *down = &x->down;

    if (buf_reserve(&down->in, EXCHANGE_READ_SIZE) != 0) {
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
        return false;
    }
    ssize_t n =
        stream_read(x->upstream->stream, buf_tail(&down->in), EXCHANGE_READ_SIZE);
    if (n == -EAGAIN)
        return false;
    if (n > 0) {
        buf_commit(&down->in, (size_t)n);
        down->heard = true;
    } else {
        upstream_ended(x, n);
    }
    return true;
}

/* ---- the direction ---- */

/*
 * Goes through what has come. False if it stopped only because the client has a
 * backlog.
 */
static bool answer_parse(struct exchange *x)
{
    struct exchange_down *down = &x->down;

    while (x->state == EXCHANGE_RUN && down->in.len > 0 && down->state != DOWN_DONE) {
        if (outlet_is_full(&down->outlet))
            return false;
        if (down->state == DOWN_BODY)
            answer_take(x);
        else if (!answer_head(x))
            return true;
    }
    return true;
}

static void answer_flush(struct exchange *x)
{
    int error = x->state == EXCHANGE_OVER ? 0 : outlet_flush(&x->down.outlet);

    if (error)
        client_refuses(x, error);
}

void exchange_response_pump(struct exchange *x)
{
    struct exchange_down *down = &x->down;
    int reads = 0;

    do {
        bool parsed = answer_parse(x);

        answer_flush(x);
        if (x->state != EXCHANGE_RUN || outlet_is_full(&down->outlet))
            return;
        if (down->state == DOWN_DONE) {
            if (outlet_is_empty(&down->outlet))
                answer_delivered(x);
            return;
        }
        if (parsed && (reads++ == EXCHANGE_READS || !upstream_read(x)))
            return;
    } while (x->state == EXCHANGE_RUN);
}
