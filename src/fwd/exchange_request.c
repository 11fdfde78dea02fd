/*
 * exchange_request: the head with its login, and the body, from the client to upstream.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fwd/exchange_internal.h"
#include "http/forward.h"

/*
 * How long a body is held back for a hop that may ask for a login: most do so as soon
 * as they have the head.
 */
#define HOLD_MS 1000

/* Bytes of a body that is sent without a thought, for it costs little to do so twice.
 */
#define SHORT_LIMIT (64 * 1024)

/* Bytes of a body that are kept, for a 407 that waits for the whole body. */
#define KEPT_LIMIT (1024 * 1024)

void exchange_request_init(struct exchange *x)
{
    const struct framing *framing = &x->o.framing;

    x->up.has_body = framing->kind == FRAMING_CHUNKED ||
                     (framing->kind == FRAMING_LENGTH && framing->length > 0);
    x->up.whole = !x->up.has_body;
    buf_init(&x->target, EXCHANGE_CEILING);
    body_init(&x->up.body, framing, true);
    buf_init(&x->up.kept, KEPT_LIMIT);
    buf_init(&x->up.replay, KEPT_LIMIT);
    outlet_init(&x->up.outlet, EXCHANGE_CEILING);
}

bool exchange_request_is_short(const struct exchange *x)
{
    const struct framing *framing = &x->o.framing;

    return !x->up.has_body ||
           (framing->kind == FRAMING_LENGTH && framing->length <= SHORT_LIMIT);
}

/* A body of unknown length may turn out to be too long. */
static bool request_can_be_kept(const struct exchange *x)
{
    const struct framing *framing = &x->o.framing;

    return framing->kind != FRAMING_LENGTH || framing->length <= KEPT_LIMIT;
}

void exchange_request_clear(struct exchange *x)
{
    body_clear(&x->up.body);
    buf_clear(&x->up.kept);
    buf_clear(&x->up.replay);
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

    if (x->client_eof || x->o.in->len > 0 || up->replay.len > 0)
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

/* Where the next bytes of the body are. */
static struct buf *request_source(struct exchange *x)
{
    return x->up.replay.len > 0 ? &x->up.replay : x->o.in;
}

/* The first n bytes of the source are on their way: drops them, or remembers them. */
static void request_taken(struct exchange *x, struct buf *source, size_t n)
{
    struct exchange_up *up = &x->up;

    if (up->keeping && buf_append(&up->kept, buf_span(source).at, n) != 0) {
        up->keeping = false;
        buf_clear(&up->kept);
    }
    buf_consume(source, n);
    if (source == &up->replay && source->len == 0)
        buf_clear(source);
}

bool exchange_request_rewind(struct exchange *x)
{
    struct exchange_up *up = &x->up;

    if (!up->started)
        return true;
    if (!up->keeping || buf_append_span(&up->kept, buf_span(&up->replay)) != 0)
        return false;
    buf_clear(&up->replay);
    up->replay = up->kept;
    buf_init(&up->kept, KEPT_LIMIT);
    body_clear(&up->body);
    body_init(&up->body, &x->o.framing, true);
    up->started = up->whole = up->keeping = false;
    x->result.bytes_up = 0;
    return true;
}

void exchange_request_forget(struct exchange *x)
{
    x->up.keeping = false;
    buf_clear(&x->up.kept);
}

/* Takes one piece out of what has come. */
static void request_take(struct exchange *x)
{
    struct exchange_up *up = &x->up;
    struct buf *source = request_source(x);
    struct span rest = buf_span(source), data;
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
    request_taken(x, source, offered - rest.len);
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

/* It answered without a login so far, and is not kept waiting for bodies. */
static bool hop_is_open(const struct exchange *x)
{
    return auth_memory_get(x->o.egress->memory, exchange_proxy(x)->name) ==
           AUTH_KNOWN_OPEN;
}

static void head_sent(struct exchange *x)
{
    struct exchange_up *up = &x->up;
    bool may_ask;

    exchange_request_told(x);
    x->sent_at = loop_clock();
    if (!up->has_body || up->emptied) {
        up->state = UP_DONE;
        exchange_login_await(x);
        return;
    }
    may_ask = x->upstream->auth && auth_may_be_asked(x->upstream->auth);
    up->state = UP_BODY;
    up->keeping = request_can_be_kept(x) && (may_ask || x->upstream->reused);
    if (may_ask && !x->challenge.unasked && !hop_is_open(x) &&
        !exchange_request_is_short(x)) {
        up->state = UP_HELD;
        deadline_set(x->loop, &x->limit, HOLD_MS);
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
        if (request_source(x)->len == 0 &&
            (reads++ == EXCHANGE_READS || !exchange_client_read(x)))
            return;
        request_take(x);
    }
}
