/*
 * exchange_request: the head with its login, and the body, from the client to upstream.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fwd/exchange_internal.h"
#include "http/forward.h"

/* How long a body is held for a hop that was never spoken to. */
#define HOLD_MS 1000

/* Bytes of a body that are kept beyond that, for a 407 that waits for the whole body.
 */
#define KEPT_LIMIT (64 * 1024)

void exchange_request_init(struct exchange *x)
{
    const struct framing *framing = &x->o.framing;

    x->up.has_body = framing->kind == FRAMING_CHUNKED ||
                     (framing->kind == FRAMING_LENGTH && framing->length > 0);
    x->up.whole = !x->up.has_body;
    buf_init(&x->target, EXCHANGE_CEILING);
    body_init(&x->up.body, framing, true);
    buf_init(&x->up.kept, KEPT_LIMIT);
    outlet_init(&x->up.outlet, EXCHANGE_CEILING);
}

bool exchange_request_is_short(const struct exchange *x)
{
    const struct framing *framing = &x->o.framing;

    return !x->up.has_body ||
           (framing->kind == FRAMING_LENGTH && framing->length <= KEPT_LIMIT);
}

void exchange_request_clear(struct exchange *x)
{
    body_clear(&x->up.body);
    buf_clear(&x->up.kept);
    buf_clear(&x->target);
    outlet_clear(&x->up.outlet);
}

/* ---- the client ---- */

bool exchange_client_read(struct exchange *x)
{
    struct buf *in = x->o.in;
    size_t room = in->ceiling < EXCHANGE_READ_SIZE ? in->ceiling : EXCHANGE_READ_SIZE;
    char detail[EXCHANGE_DETAIL];

    if (buf_reserve(in, room) != 0) {
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
        return false;
    }
    ssize_t n = stream_read(x->o.client, buf_tail(in), room);
    if (n > 0) {
        buf_commit(in, (size_t)n);
        return true;
    }
    if (n == -EAGAIN)
        return false;
    x->client_eof = true;
    if (n < 0) {
        snprintf(detail, sizeof(detail), "the client is gone: %s", strerror((int)-n));
        exchange_fail(x, OUTCOME_REQUEST_INCOMPLETE, detail);
    } else if (!x->up.whole) {
        exchange_fail(x, OUTCOME_REQUEST_INCOMPLETE,
                      "the client closed in the middle of the request's body");
    }
    return false;
}

/*
 * What comes behind the request stays in o.in and stops the reading: at most one read
 * of pipelined requests is stored.
 */
bool exchange_request_wants_client(const struct exchange *x)
{
    const struct exchange_up *up = &x->up;

    if (x->client_eof || x->o.in->len > 0)
        return false;
    if (up->state == UP_BROKEN)
        return up->whole;
    return up->state != UP_BODY || !outlet_is_full(&up->outlet);
}

/* ---- the body ---- */

/*
 * Upstream takes no more. What it answered before may still be read; if it did not, the
 * reading will tell.
 */
static void request_broken(struct exchange *x)
{
    outlet_aim(&x->up.outlet, NULL);
    x->up.state = UP_BROKEN;
}

/* False if this ended the direction. */
static bool request_put(struct exchange *x, struct span data)
{
    bool chunked = x->o.framing.kind == FRAMING_CHUNKED;
    int error = chunked ? chunked_write(&x->up.outlet.buf, data)
                        : outlet_put(&x->up.outlet, data);

    x->result.bytes_up += data.len;
    if (error == -ENOMEM || error == -EMSGSIZE)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
    else if (error)
        request_broken(x);
    return error == 0;
}

static void request_whole(struct exchange *x)
{
    struct exchange_up *up = &x->up;

    up->whole = true;
    up->state = UP_DONE;
    x->sent_at = loop_clock();
    if (x->o.framing.kind == FRAMING_CHUNKED &&
        chunked_finish(&up->outlet.buf, body_trailers(&up->body)) != 0)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
    exchange_login_await(x);
}

/* Remembers the first n bytes of o.in, which are on their way now. */
static void request_keep(struct exchange *x, size_t n)
{
    struct exchange_up *up = &x->up;

    if (!up->keeping || buf_append(&up->kept, buf_span(x->o.in).at, n) == 0)
        return;
    up->keeping = false;
    buf_clear(&up->kept);
}

bool exchange_request_rewind(struct exchange *x)
{
    struct exchange_up *up = &x->up;
    struct buf joined;

    if (!up->started)
        return true;
    if (!up->keeping)
        return false;
    buf_init(&joined, x->o.in->ceiling);
    if (buf_append_span(&joined, buf_span(&up->kept)) != 0 ||
        buf_append_span(&joined, buf_span(x->o.in)) != 0) {
        buf_clear(&joined);
        return false;
    }
    buf_clear(x->o.in);
    *x->o.in = joined;
    buf_clear(&up->kept);
    body_clear(&up->body);
    body_init(&up->body, &x->o.framing, true);
    up->started = up->whole = up->keeping = false;
    x->result.bytes_up = 0;
    return true;
}

/* Takes one piece out of o.in. */
static void request_take(struct exchange *x)
{
    struct exchange_up *up = &x->up;
    struct span rest = buf_span(x->o.in), data;
    enum body_progress progress = BODY_DATA;
    char detail[EXCHANGE_DETAIL];

    if (rest.len > EXCHANGE_READ_SIZE)
        rest.len = EXCHANGE_READ_SIZE;
    size_t offered = rest.len;
    up->started = true;
    while (progress == BODY_DATA && up->state == UP_BODY && x->state == EXCHANGE_RUN) {
        progress = body_read(&up->body, &rest, &data);
        if (progress == BODY_DATA)
            request_put(x, data);
    }
    request_keep(x, offered - rest.len);
    buf_consume(x->o.in, offered - rest.len);
    if (progress == BODY_BAD) {
        snprintf(detail, sizeof(detail), "the request's body %s", up->body.error);
        exchange_fail(x, OUTCOME_BAD_REQUEST, detail);
    } else if (progress == BODY_END) {
        request_whole(x);
    }
}

void exchange_request_release(struct exchange *x)
{
    if (x->up.state != UP_HELD)
        return;
    deadline_clear(x->loop, &x->limit);
    x->up.state = UP_BODY;
    exchange_request_pump(x);
}

/* ---- the head ---- */

void exchange_request_told(struct exchange *x)
{
    if (x->upstream->auth && !x->up.sent)
        auth_sent(x->upstream->auth);
    x->up.sent = true;
}

/* A hop that was never spoken to may ask for a login. */
static bool hop_may_ask(const struct exchange *x)
{
    const struct hop *hop = exchange_proxy(x);

    return hop && auth_memory_get(x->o.egress->memory, hop->name) == AUTH_KNOWN_NOTHING;
}

static void head_sent(struct exchange *x)
{
    struct exchange_up *up = &x->up;

    exchange_request_told(x);
    x->sent_at = loop_clock();
    if (!up->has_body || up->emptied) {
        up->state = UP_DONE;
        exchange_login_await(x);
    } else if (hop_may_ask(x) && !exchange_request_is_short(x)) {
        /* More than is kept would be lost with a 407, so it waits for a sign. */
        up->state = UP_HELD;
        up->keeping = true;
        deadline_set(x->loop, &x->limit, HOLD_MS);
    } else {
        up->state = UP_BODY;
        up->keeping = hop_may_ask(x) || x->upstream->reused; /* a login may be lost */
    }
}

bool exchange_request_target(struct exchange *x)
{
    const struct forward_request request = {
        .head = x->o.head,
        .url = x->o.url,
        .absolute = true,
    };

    if (x->target.len > 0 || forward_target(&x->target, &request) == 0)
        return true;
    exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
    return false;
}

static int head_compose(struct exchange *x)
{
    const struct hop *hop = exchange_proxy(x);
    struct auth *auth = x->upstream->auth;

    return forward_request(
        &x->up.outlet.buf,
        &(struct forward_request){
            .head = x->o.head,
            .url = x->o.url,
            .absolute = hop != NULL,
            .emptied = x->up.emptied,
            .framing = &x->o.framing,
            .via = span_of(x->o.egress->name),
            .proxy_authorization = auth ? auth_value(auth) : (struct span){"", 0},
            .extra = hop ? (const char *const *)hop->header : NULL,
            .upgrade = x->upgrade,
        });
}

void exchange_request_send(struct exchange *x)
{
    int error;

    x->state = EXCHANGE_RUN;
    x->up.state = UP_HEAD;
    x->up.sent = false;
    x->up.emptied =
        x->up.has_body && x->upstream->auth && auth_is_leg(x->upstream->auth);
    x->sent_at = loop_clock();
    deadline_clear(x->loop, &x->limit);
    exchange_response_expect(x);
    error = head_compose(x);
    if (error == -EMSGSIZE)
        exchange_fail(x, OUTCOME_BAD_REQUEST,
                      "the request's head is too large to send on");
    else if (error)
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
    exchange_request_pump(x);
}

/* ---- the direction ---- */

void exchange_request_pump(struct exchange *x)
{
    struct exchange_up *up = &x->up;
    int reads = 0;

    while (x->state == EXCHANGE_RUN && up->state != UP_BROKEN) {
        if (outlet_flush(&up->outlet) != 0) {
            request_broken(x);
            return;
        }
        if (up->state == UP_HEAD && outlet_is_empty(&up->outlet))
            head_sent(x);
        if (up->state != UP_BODY || outlet_is_full(&up->outlet))
            return;
        if (x->o.in->len == 0 &&
            (reads++ == EXCHANGE_READS || !exchange_client_read(x)))
            return;
        request_take(x);
    }
}
