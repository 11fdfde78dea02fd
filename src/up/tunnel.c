/*
 * tunnel: sends CONNECT, reads the answer, logs in, and sends again.
 */
#include "up/tunnel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "up/discard.h"

/* A login that took longer waited for another one, or for a file or a ticket. */
#define WAITED_NS  (50 * UINT64_C(1000000))
#define HEAD_ROOM  2048 /* bytes of a CONNECT head without its login */
#define READ_SIZE  4096
#define QUOTE_BODY 4096 /* bytes of a refusal's page that are looked at */
#define QUOTE_MS   1000 /* and how long they are waited for */

enum tunnel_state {
    TUNNEL_LOGIN, /* auth_step() is under way */
    TUNNEL_SEND,
    TUNNEL_ANSWER,  /* reading the answer's head */
    TUNNEL_DISCARD, /* reading the body of a 407, to use the connection again */
    TUNNEL_PAGE,    /* reading a refusal's page */
};

struct tunnel {
    struct loop *loop;
    struct stream *stream;
    struct auth *auth;
    enum tunnel_state state;
    char *target; /* host:port */
    char *url;    /* NULL: CONNECT */
    bool head_only;
    bool asked; /* by a 407 on an earlier connection */
    char *via;
    char *const *header;
    uint64_t began;
    uint64_t answer_ms, login_ms, body_ms, body_limit;
    struct buf out;
    struct buf in;
    struct head head;
    bool login_ready; /* the next login is made */
    bool queued;      /* the login has waited for others for longer than it may take */
    bool body_done;   /* the 407's body is read */
    bool spent;       /* the connection takes no further request */
    bool bound;       /* the 407 answers a login that is bound to the connection */
    bool keepable;    /* after the page, the connection takes the next request */
    struct framing framing;
    struct discard discard; /* of the 407 */
    struct body body;       /* of a refusal's page */
    struct buf page;        /* its first bytes */
    uint64_t paged;         /* bytes of it that were read */
    struct deadline limit;
    struct tunnel_result result;
    tunnel_callback *callback;
    void *ctx;
};

void tunnel_cancel(struct tunnel *t)
{
    if (!t)
        return;
    deadline_clear(t->loop, &t->limit);
    stream_want(t->stream, 0);
    stream_on_event(t->stream, NULL, NULL);
    buf_wipe(&t->out);
    buf_clear(&t->in);
    head_clear(&t->head);
    discard_clear(&t->discard);
    body_clear(&t->body);
    buf_clear(&t->page);
    free(t->target);
    free(t->url);
    free(t->via);
    free(t);
}

static void tunnel_end(struct tunnel *t, enum outcome outcome, const char *detail)
{
    struct tunnel_result result = t->result;
    tunnel_callback *callback = t->callback;
    void *ctx = t->ctx;

    result.outcome = outcome;
    result.detail = detail;
    tunnel_cancel(t);
    callback(ctx, &result);
}

/* The connection cannot be used further, but the login can, unless it is bound to it.
 */
static void tunnel_again(struct tunnel *t)
{
    if (t->bound && auth_bound(t->auth)) {
        tunnel_end(t, OUTCOME_LOGIN_BROKEN,
                   "the proxy closes the connection in the middle of a login that "
                   "belongs to it; a load balancer may be the cause");
        return;
    }
    t->result.again = true;
    tunnel_end(t, OUTCOME_ANSWER_INCOMPLETE, "the proxy closed the connection");
}

/* ---- sending ---- */

static const char *method_of(const struct tunnel *t)
{
    if (!t->url)
        return "CONNECT";
    return t->head_only ? "HEAD" : "GET";
}

static const char *uri_of(const struct tunnel *t)
{
    return t->url ? t->url : t->target;
}

static int head_compose(struct tunnel *t)
{
    struct span login = auth_value(t->auth);
    /* Room for the whole: growing would leave a copy of the login behind. */
    size_t uri = strlen(uri_of(t));
    int error = buf_reserve(&t->out, HEAD_ROOM + uri + strlen(t->via) + login.len);

    if (!error)
        error = buf_printf(&t->out, "%s %s HTTP/1.1\r\nHost: %s\r\n%s", method_of(t),
                           uri_of(t), t->target, t->via);
    for (char *const *line = t->header; !error && line && *line; line++)
        error = buf_printf(&t->out, "%s\r\n", *line);
    if (!error && login.len > 0) { /* buf_printf() would leave copies */
        error = buf_append_text(&t->out, "Proxy-Authorization: ");
        error = error ? error : buf_append_span(&t->out, login);
        error = error ? error : buf_append_text(&t->out, "\r\n");
    }
    return error ? error : buf_append_text(&t->out, "\r\n");
}

/* With a password on its way, another hop is not the place to try it again. */
static enum outcome outcome_of_close(const struct tunnel *t)
{
    return t->result.status == 0 && !auth_at_stake(t->auth) ? OUTCOME_HOP_CLOSED
                                                            : OUTCOME_ANSWER_NONE;
}

static void send_more(struct tunnel *t)
{
    while (t->out.len > 0) {
        struct span rest = buf_span(&t->out);
        ssize_t n = stream_write(t->stream, rest.at, rest.len);

        if (n == -EAGAIN) {
            stream_want(t->stream, STREAM_WRITE | STREAM_READ);
            return;
        }
        if (n < 0 && t->result.status == 407) {
            tunnel_again(t);
            return;
        }
        if (n < 0) {
            tunnel_end(t, outcome_of_close(t), strerror((int)-n));
            return;
        }
        buf_consume(&t->out, (size_t)n);
    }
    auth_sent(t->auth);
    buf_wipe(&t->out);
    t->state = TUNNEL_ANSWER;
    stream_want(t->stream, STREAM_READ);
}

/* The proxy answers it by itself, without a connection to the target. */
static bool is_mere_leg(const struct tunnel *t)
{
    return auth_value(t->auth).len > 0 && auth_is_leg(t->auth);
}

static void send_head(struct tunnel *t)
{
    t->state = TUNNEL_SEND;
    head_reset(&t->head);
    buf_reset(&t->in);
    t->login_ready = t->body_done = false;
    if (head_compose(t) != 0) {
        tunnel_end(t, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    deadline_set(t->loop, &t->limit, is_mere_leg(t) ? t->login_ms : t->answer_ms);
    send_more(t);
}

/* ---- login ---- */

/*
 * Both halves of an answered challenge are needed: the login, and the read-out body. A
 * proxy that has closed meanwhile, or speaks unasked, is not sent a login that might be
 * lost on it.
 */
static bool connection_went(const struct tunnel *t)
{
    return (t->result.status == 407 || loop_clock() - t->began > WAITED_NS) &&
           !stream_is_quiet(t->stream);
}

static void login_go_on(struct tunnel *t)
{
    if (!t->login_ready || !t->body_done)
        return;
    if (connection_went(t))
        tunnel_again(t);
    else
        send_head(t);
}

static void login_stepped(void *ctx, enum outcome outcome, const char *detail)
{
    struct tunnel *t = ctx;

    if (outcome != OUTCOME_OK) {
        tunnel_end(t, outcome, detail);
        return;
    }
    t->login_ready = true;
    if (t->spent || auth_spent(t->auth))
        tunnel_again(t);
    else
        login_go_on(t);
}

static void login_step(struct tunnel *t, const struct head *challenge)
{
    const struct auth_request request = {
        .method = span_of(method_of(t)),
        .uri = span_of(uri_of(t)),
        .asked = t->asked,
    };

    t->bound = auth_bound(t->auth);
    auth_step(t->auth, &request, challenge, login_stepped, t);
}

/* ---- the answer ---- */

static void page_done(struct tunnel *t)
{
    if (t->url) {
        tunnel_end(t, OUTCOME_OK, NULL);
        return;
    }
    quote_page(buf_span(&t->page), t->result.quote);
    tunnel_end(t, outcome_from_refusal(t->result.status), NULL);
}

/* Enough is what can be quoted, or all, where the connection is worth it. */
static bool page_is_wanted(const struct tunnel *t)
{
    return t->keepable ? t->paged <= t->body_limit : t->page.len < QUOTE_BODY;
}

/* Takes what has come of the page, until it is complete or enough. */
static void page_step(struct tunnel *t)
{
    struct span rest = buf_span(&t->in), data;
    enum body_progress progress;
    int error = 0;

    do {
        progress = body_read(&t->body, &rest, &data);
        if (progress != BODY_DATA)
            break;
        t->paged += data.len;
        if (t->page.len < QUOTE_BODY)
            error = buf_append_span(&t->page, data);
    } while (!error && page_is_wanted(t));
    t->result.reusable = progress == BODY_END && t->keepable && rest.len == 0;
    buf_reset(&t->in);
    if (progress != BODY_MORE || error)
        page_done(t);
}

/* False when the hop is not who it should be, and the tunnel has ended. */
static bool login_settle(struct tunnel *t)
{
    const char *detail = NULL;
    enum outcome outcome = auth_settle(t->auth, &t->head, &detail);

    if (outcome != OUTCOME_OK)
        tunnel_end(t, outcome, detail);
    return outcome == OUTCOME_OK;
}

static void answer_refused(struct tunnel *t)
{
    if (!login_settle(t))
        return;
    t->state = TUNNEL_PAGE;
    t->keepable = t->out.len == 0 && head_keeps_proxy_connection(&t->head) &&
                  t->framing.kind != FRAMING_CLOSE && auth_logged_in(t->auth);
    buf_consume(&t->in, t->head.size);
    body_init(&t->body, &t->framing, false);
    stream_want(t->stream, STREAM_READ); /* the rest of an unsent head is moot */
    deadline_set(t->loop, &t->limit, QUOTE_MS);
    page_step(t);
}

static void answer_opened(struct tunnel *t)
{
    struct span rest = span_skip(buf_span(&t->in), t->head.size);

    if (!login_settle(t))
        return;
    if (stream_unread(t->stream, rest) != 0)
        tunnel_end(t, OUTCOME_INTERNAL, "out of memory");
    else
        tunnel_end(t, OUTCOME_OK, NULL);
}

/* The connection is of no further use; the login, once ready, goes on over another. */
static void connection_spent(struct tunnel *t)
{
    t->spent = true;
    stream_want(t->stream, 0);
    if (t->login_ready)
        tunnel_again(t);
    else
        deadline_set(t->loop, &t->limit, t->login_ms);
}

/* Reads the 407's body on, out of what has come. */
static void discard_step(struct tunnel *t)
{
    switch (discard_read(&t->discard, &t->in)) {
    case DISCARD_MORE:
        return;
    case DISCARD_SPENT:
        connection_spent(t);
        return;
    case DISCARD_DONE:
        t->body_done = true;
        deadline_set(t->loop, &t->limit, t->login_ms);
        login_go_on(t);
        return;
    }
}

static void answer_asks(struct tunnel *t)
{
    /*
     * It was logged in and is no more. Nothing was refused that was sent here, so that
     * this counts for nothing; a fresh connection will tell.
     */
    if (auth_logged_in(t->auth)) {
        t->result.again = true;
        tunnel_end(t, OUTCOME_ANSWER_INCOMPLETE, "the login of a connection was lost");
        return;
    }
    t->state = TUNNEL_DISCARD;
    login_step(t, &t->head);
    if (!discard_begin(&t->discard, &t->head, &t->framing, t->body_limit)) {
        connection_spent(t);
        return;
    }
    deadline_set(t->loop, &t->limit, t->body_ms);
    buf_consume(&t->in, t->head.size);
    discard_step(t);
}

static void answer_done(struct tunnel *t)
{
    const char *why = NULL;
    uint16_t status = t->head.status;

    t->result.status = status;
    bool opens = status >= 200 && status < 300 && !t->url;
    if (t->out.len > 0 && (opens || status == 407)) {
        tunnel_end(t, OUTCOME_ANSWER_BROKEN, "it came before the request was sent");
    } else if (opens) {
        answer_opened(t);
    } else if (status == 101) {
        tunnel_end(t, OUTCOME_ANSWER_BROKEN, "101 to CONNECT");
    } else if (status < 200) {
        buf_consume(&t->in, t->head.size);
        head_reset(&t->head);
    } else if (framing_of_response(&t->head, t->head_only ? SPAN("HEAD") : SPAN("GET"),
                                   &t->framing, &why) != FRAMING_OK) {
        tunnel_end(t, OUTCOME_ANSWER_BROKEN, why);
    } else if (status == 407) {
        answer_asks(t);
    } else {
        answer_refused(t);
    }
}

/* Parses what has come; false when the tunnel has ended or waits for something else. */
static bool answer_parse(struct tunnel *t)
{
    switch (head_read_response(&t->head, t->in.data + t->in.start, t->in.len)) {
    case HEAD_PARTIAL:
        return false;
    case HEAD_DONE: {
        bool interim = t->head.status < 200 && t->head.status != 101;

        answer_done(t);
        return interim;
    }
    case HEAD_TOO_LARGE:
        tunnel_end(t, OUTCOME_ANSWER_TOO_LARGE,
                   "the proxy's answer has an endless head");
        return false;
    case HEAD_NO_MEMORY:
        tunnel_end(t, OUTCOME_INTERNAL, "out of memory");
        return false;
    case HEAD_BAD:
    case HEAD_BAD_VERSION:
        break;
    }
    tunnel_end(t, OUTCOME_ANSWER_BROKEN,
               t->head.error ? t->head.error : "the proxy's answer is not HTTP/1.x");
    return false;
}

/* ---- events ---- */

static void tunnel_read_end(struct tunnel *t, ssize_t n)
{
    switch (t->state) {
    case TUNNEL_PAGE:
        page_done(t);
        return;
    case TUNNEL_DISCARD:
        connection_spent(t);
        return;
    case TUNNEL_LOGIN:
    case TUNNEL_SEND:
    case TUNNEL_ANSWER:
        break;
    }
    if (t->in.len > 0)
        tunnel_end(t, OUTCOME_ANSWER_INCOMPLETE,
                   "the proxy closed in the middle of its answer");
    else if (t->result.status == 407 && auth_is_leg(t->auth))
        tunnel_again(t); /* it closed behind its challenge: no login is lost */
    else
        tunnel_end(t, outcome_of_close(t),
                   n < 0 ? strerror((int)-n) : "the proxy closed without an answer");
}

static void tunnel_read(struct tunnel *t)
{
    if (buf_reserve(&t->in, READ_SIZE) != 0) {
        tunnel_end(t, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    ssize_t n = stream_read(t->stream, buf_tail(&t->in), READ_SIZE);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        tunnel_read_end(t, n);
        return;
    }
    buf_commit(&t->in, (size_t)n);
    if (t->state == TUNNEL_DISCARD) {
        discard_step(t);
    } else if (t->state == TUNNEL_PAGE) {
        page_step(t);
    } else {
        while (answer_parse(t))
            continue;
    }
}

static void tunnel_fired(void *ctx, unsigned events)
{
    struct tunnel *t = ctx;

    if (t->state == TUNNEL_SEND && (events & STREAM_WRITE)) {
        send_more(t);
        return;
    }
    if (events & STREAM_READ)
        tunnel_read(t);
}

/* Those that wait for others do so as long as for an answer, which they wait for, too.
 */
static bool wait_longer(struct tunnel *t)
{
    if (t->queued || !auth_is_queued(t->auth) || t->answer_ms <= t->login_ms)
        return false;
    t->queued = true;
    deadline_set(t->loop, &t->limit, t->answer_ms - t->login_ms);
    return true;
}

static void limit_fired(void *ctx)
{
    struct tunnel *t = ctx;

    if (t->state == TUNNEL_PAGE) {
        page_done(t);
    } else if (t->state == TUNNEL_DISCARD && !t->body_done && !t->spent) {
        connection_spent(t);
    } else if (t->state == TUNNEL_LOGIN || t->state == TUNNEL_DISCARD) {
        if (!wait_longer(t))
            tunnel_end(t, OUTCOME_LOGIN_TIMEOUT,
                       t->queued ? "other logins of this user, one at a time, took too "
                                   "long"
                                 : "the login took too long");
    } else {
        tunnel_end(t, OUTCOME_ANSWER_TIMEOUT,
                   "the proxy did not answer CONNECT in time");
    }
}

static bool names_copy(struct tunnel *t, const struct tunnel_options *options)
{
    struct buf target;
    bool bracket = span_find(options->host, ':') < options->host.len;

    buf_init(&target, 300);
    int error = buf_printf(&target, bracket ? "[%.*s]:%u" : "%.*s:%u",
                           SPAN_ARG(options->host), options->port);
    t->target = error ? NULL : span_dup(buf_span(&target));
    t->via = span_dup(options->via);
    t->url = options->url.len > 0 ? span_dup(options->url) : NULL;
    buf_clear(&target);
    return t->target && t->via && (t->url || options->url.len == 0);
}

bool tunnel_is_logging_in(const struct tunnel *t)
{
    return t->state == TUNNEL_LOGIN || t->state == TUNNEL_DISCARD;
}

struct tunnel *tunnel_start(const struct tunnel_options *options,
                            tunnel_callback *callback, void *ctx)
{
    struct tunnel *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    if (!names_copy(t, options)) {
        free(t->target);
        free(t->url);
        free(t->via);
        free(t);
        return NULL;
    }
    t->loop = options->loop;
    t->began = loop_clock();
    t->stream = options->stream;
    t->auth = options->auth;
    t->header = options->header;
    t->head_only = options->head;
    t->asked = options->asked;
    t->answer_ms = options->answer_ms;
    t->login_ms = options->login_ms;
    t->body_ms = options->body_ms;
    t->body_limit = options->body_limit;
    t->callback = callback;
    t->ctx = ctx;
    buf_init(&t->out, 2 * HEAD_LIMIT);
    buf_init(&t->in, HEAD_LIMIT + READ_SIZE);
    buf_init(&t->page, HEAD_LIMIT + READ_SIZE);
    head_init(&t->head);
    deadline_init(&t->limit, limit_fired, t);
    deadline_set(t->loop, &t->limit, t->login_ms);
    stream_on_event(t->stream, tunnel_fired, t);
    t->state = TUNNEL_LOGIN;
    t->body_done = true;
    login_step(t, NULL);
    return t;
}
