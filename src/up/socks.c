/*
 * socks: greeting, login, request, one answer each. See socks.h.
 */
#include "up/socks.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/counters.h"
#include "http/socks.h"

#define READ_SIZE    1024 /* more than any message has */
#define DETAIL_SIZE  400
#define TARGET_SIZE  320
#define OUTPUT_LIMIT 1024

enum socks_state {
    SOCKS_GREETING, /* sent; waiting for the method */
    SOCKS_ASKING,   /* waiting for the guard; nothing is read */
    SOCKS_LOGIN,    /* sent; waiting for what the proxy says to it */
    SOCKS_JUDGING,  /* it said no; waiting for the guard */
    SOCKS_REQUEST,  /* sent; waiting for the answer */
};

struct socks {
    struct socks_options o;
    enum socks_state state;
    char *host;
    struct buf out, in;
    struct guard_ticket *ticket;
    bool login_sent; /* the ticket's login is on its way */
    struct deferred begin;
    struct deadline limit;
    char detail[DETAIL_SIZE];
    socks_callback *callback;
    void *ctx;
};

bool socks_is_logging_in(const struct socks *s)
{
    return s->state != SOCKS_GREETING && s->state != SOCKS_REQUEST;
}

/* A login is on its way: nobody knows what becomes of it. */
static bool login_at_stake(const struct socks *s)
{
    return s->login_sent && s->state == SOCKS_LOGIN;
}

/* ---- the end ---- */

void socks_cancel(struct socks *s)
{
    if (!s)
        return;
    if (!s->ticket || !login_at_stake(s))
        guard_drop(s->ticket);
    else if (stream_has_ended(s->o.stream))
        guard_lost(s->ticket);
    else
        guard_abandoned(s->ticket);
    defer_cancel(&s->begin);
    deadline_clear(s->o.loop, &s->limit);
    stream_want(s->o.stream, 0);
    stream_on_event(s->o.stream, NULL, NULL);
    buf_wipe(&s->out); /* it may have held the password */
    buf_clear(&s->in);
    free(s->host);
    free(s);
}

static void socks_end(struct socks *s, enum outcome outcome, bool again)
{
    struct socks_result result = {.outcome = outcome, .again = again};
    socks_callback *callback = s->callback;
    char detail[DETAIL_SIZE];
    void *ctx = s->ctx;

    memcpy(detail, s->detail, sizeof(detail));
    if (outcome != OUTCOME_OK)
        result.detail = detail;
    socks_cancel(s);
    callback(ctx, &result);
}

static void socks_fail(struct socks *s, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void socks_fail(struct socks *s, enum outcome outcome, const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(s->detail, sizeof(s->detail), format, ap);
    va_end(ap);
    socks_end(s, outcome, false);
}

static bool is_v5(const struct socks *s)
{
    return s->o.hop->kind == HOP_SOCKS5;
}

/* What it sent is no answer to what it was sent. */
static void socks_broken(struct socks *s)
{
    socks_fail(s, login_at_stake(s) ? OUTCOME_ANSWER_BROKEN : OUTCOME_SOCKS_BROKEN,
               "the proxy does not answer as a %s server",
               is_v5(s) ? "SOCKS5" : "SOCKS4");
}

/* ---- sending ---- */

static void flush(struct socks *s)
{
    while (s->out.len > 0) {
        struct span rest = buf_span(&s->out);
        ssize_t n = stream_write(s->o.stream, rest.at, rest.len);

        if (n == -EAGAIN) {
            stream_want(s->o.stream, STREAM_WRITE | STREAM_READ);
            return;
        }
        if (n < 0) {
            socks_fail(s, login_at_stake(s) ? OUTCOME_ANSWER_NONE : OUTCOME_HOP_CLOSED,
                       "%s", strerror((int)-n));
            return;
        }
        s->login_sent |= s->state == SOCKS_LOGIN;
        buf_consume(&s->out, (size_t)n);
    }
    buf_wipe(&s->out);
    stream_want(s->o.stream, STREAM_READ);
}

/* Goes on to a state with what was put into `out` for it; error: of putting it there.
 */
static void say(struct socks *s, enum socks_state state, uint64_t limit_ms, int error)
{
    s->state = state;
    if (error) {
        socks_fail(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    if (s->in.len > 0) { /* the answer to what was not asked yet */
        socks_broken(s);
        return;
    }
    deadline_set(s->o.loop, &s->limit, limit_ms);
    flush(s);
}

static void say_request(struct socks *s)
{
    const struct config_login *login = s->o.hop->login;
    struct span user = span_of(login->login_name);
    int error;

    if (is_v5(s))
        error = socks5_put_request(&s->out, span_of(s->host), s->o.port);
    else
        error = socks4_put_request(&s->out, span_of(s->host), s->o.port, user);
    if (error == -EINVAL)
        socks_fail(s, OUTCOME_SOCKS_FAILED, "%s cannot be said in %s", s->host,
                   is_v5(s) ? "SOCKS5" : "SOCKS4, which knows no IPv6");
    else
        say(s, SOCKS_REQUEST, s->o.answer_ms, error);
}

/* ---- the login ---- */

/* NULL, or why this login is none for SOCKS. */
static const char *login_lacks(const struct config_login *login)
{
    if (login->login_name == NULL || login->login_name[0] == '\0')
        return "no user is known for it: give its entry in `proxy:` a username and a "
               "password_file of its own";
    if (login->password == NULL)
        return "no password is known for it: give its entry in `proxy:` a "
               "password_file";
    if (login->password_type != CONFIG_PASSWORD_PLAIN)
        return "it needs the password itself, not a hash of it";
    if (strlen(login->login_name) > SOCKS_NAME ||
        secret_reveal(login->password).len > SOCKS_NAME ||
        secret_reveal(login->password).len == 0)
        return "user name and password must have 1 to 255 bytes for it";
    return NULL;
}

static bool login_allowed(const struct socks *s)
{
    return !s->o.hop->withheld &&
           config_auths_place(s->o.hop->login->auth, CONFIG_AUTH_BASIC) >= 0;
}

static bool has_login(const struct socks *s)
{
    return login_allowed(s) && login_lacks(s->o.hop->login) == NULL;
}

static void say_login(struct socks *s)
{
    const struct config_login *login = s->o.hop->login;

    if (s->o.trial)
        s->o.trial->sent = true;
    say(s, SOCKS_LOGIN, s->o.login_ms,
        socks5_put_login(&s->out, span_of(login->login_name),
                         secret_reveal(login->password)));
}

static void login_rejected(struct socks *s)
{
    counter_add(COUNTER_LOGINS_REJECTED, 1);
    socks_fail(s, OUTCOME_LOGIN_REJECTED,
               "%s rejected the login of %.200s: correct the user name or the password",
               s->o.hop->name, s->o.hop->login->login_name);
}

static void guard_answered(void *ctx, enum guard_answer answer)
{
    struct socks *s = ctx;

    switch (answer) {
    case GUARD_ALLOWED:
        if (stream_is_quiet(s->o.stream)) {
            say_login(s);
            return;
        }
        snprintf(s->detail, sizeof(s->detail),
                 "the proxy closed while its login waited");
        socks_end(s, OUTCOME_ANSWER_INCOMPLETE, true);
        return;
    case GUARD_HELD:
        socks_fail(s, OUTCOME_LOGIN_HELD,
                   "the login of %.200s was rejected before and is held back until the "
                   "user name or the password changes",
                   s->o.hop->login->login_name);
        return;
    case GUARD_REJECTED:
        login_rejected(s);
        return;
    case GUARD_REFUSED: /* it was not told of the target yet */
        socks_fail(s, OUTCOME_LOGIN_REFUSED,
                   "%s rejected the login of %.200s, and accepts it at other times",
                   s->o.hop->name, s->o.hop->login->login_name);
        return;
    }
}

static void ask_guard(struct socks *s)
{
    char target[TARGET_SIZE];
    const struct guard_place place = {s->o.hop->name, target};
    bool ipv6 = strchr(s->host, ':') != NULL;

    snprintf(target, sizeof(target), ipv6 ? "[%s]:%u" : "%s:%u", s->host, s->o.port);
    s->state = SOCKS_ASKING;
    stream_want(s->o.stream, 0);
    deadline_set(s->o.loop, &s->limit, s->o.login_ms);
    s->ticket = guard_ask(s->o.guard, s->o.hop->login, &place, guard_answered, s);
    if (!s->ticket)
        socks_fail(s, OUTCOME_INTERNAL, "out of memory");
}

static void login_begin(struct socks *s)
{
    if (s->o.trial)
        say_login(s);
    else if (s->o.accepted_only &&
             guard_state_of(s->o.guard, s->o.hop->login, NULL) != GUARD_ACCEPTED)
        socks_fail(s, OUTCOME_LOGIN_HELD, "the password was not accepted yet");
    else
        ask_guard(s);
}

/* It accepts none of the methods it was offered. */
static void method_refused(struct socks *s)
{
    const char *name = s->o.hop->name;

    if (has_login(s))
        socks_fail(s, OUTCOME_LOGIN_SCHEME,
                   "%s takes neither no login nor one by user name and password", name);
    else if (s->o.hop->login->login_name && !login_allowed(s))
        socks_fail(s, OUTCOME_LOGIN_SCHEME,
                   "%s wants a login; the one by user name and password, which sends "
                   "the password as it is, is ruled out by `auth:`",
                   name);
    else
        socks_fail(s, OUTCOME_LOGIN_NO_CREDENTIALS, "%s wants a login, and %s", name,
                   login_lacks(s->o.hop->login));
}

/* ---- answers ---- */

/* The readers' answers; false: wait, or it has ended. */
static bool message_done(struct socks *s, enum socks_progress progress, size_t size)
{
    if (progress == SOCKS_DONE && s->out.len == 0) {
        buf_consume(&s->in, size);
        return true;
    }
    if (progress != SOCKS_MORE)
        socks_broken(s);
    return false;
}

static void read_method(struct socks *s)
{
    unsigned method = SOCKS_METHOD_REFUSED;
    enum socks_progress progress;
    size_t size = 0;

    progress = socks5_read_method(buf_span(&s->in), &size, &method);
    if (!message_done(s, progress, size))
        return;
    if (method == SOCKS_METHOD_NONE)
        say_request(s);
    else if (method == SOCKS_METHOD_LOGIN && has_login(s))
        login_begin(s);
    else if (method == SOCKS_METHOD_REFUSED)
        method_refused(s);
    else
        socks_fail(s, OUTCOME_SOCKS_BROKEN,
                   "the proxy picked the SOCKS5 method %u, which was not offered",
                   method);
}

static void read_login(struct socks *s)
{
    bool accepted = false;
    enum socks_progress progress;
    size_t size = 0;

    progress = socks5_read_login(buf_span(&s->in), &size, &accepted);
    if (!message_done(s, progress, size))
        return;
    if (s->o.trial)
        *(accepted ? &s->o.trial->accepted : &s->o.trial->rejected) = true;
    if (accepted) {
        if (s->ticket)
            guard_accepted(s->ticket);
        s->ticket = NULL;
        say_request(s);
    } else if (s->ticket) {
        s->state = SOCKS_JUDGING;
        stream_want(s->o.stream, 0);
        deadline_clear(s->o.loop, &s->limit);
        guard_rejected(s->ticket);
    } else {
        login_rejected(s);
    }
}

static void read_reply(struct socks *s)
{
    unsigned reply = SOCKS_REPLY_FAILED;
    size_t size = 0;
    struct span in = buf_span(&s->in);
    enum socks_progress progress = is_v5(s) ? socks5_read_reply(in, &size, &reply)
                                            : socks4_read_reply(in, &size, &reply);

    if (!message_done(s, progress, size))
        return;
    if (reply != SOCKS_REPLY_OK)
        socks_fail(s, outcome_from_socks(reply), "the proxy says: %s (SOCKS reply %u)",
                   socks_reply_text(reply), reply);
    else if (stream_unread(s->o.stream, buf_span(&s->in)) != 0)
        socks_fail(s, OUTCOME_INTERNAL, "out of memory");
    else
        socks_end(s, OUTCOME_OK, false);
}

static void socks_read_end(struct socks *s, ssize_t n)
{
    const char *why = n < 0 ? strerror((int)-n) : "the proxy closed";

    if (s->in.len > 0)
        socks_fail(s,
                   s->state == SOCKS_GREETING ? OUTCOME_SOCKS_BROKEN
                                              : OUTCOME_ANSWER_INCOMPLETE,
                   "%s in the middle of its answer", why);
    else if (s->state == SOCKS_LOGIN)
        socks_fail(s, OUTCOME_ANSWER_NONE, "%s without an answer to the login", why);
    else
        socks_fail(s, OUTCOME_HOP_CLOSED, "%s without an answer", why);
}

static void socks_read(struct socks *s)
{
    ssize_t n;

    if (buf_reserve(&s->in, READ_SIZE) != 0) {
        socks_fail(s, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    n = stream_read(s->o.stream, buf_tail(&s->in), READ_SIZE);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        socks_read_end(s, n);
        return;
    }
    buf_commit(&s->in, (size_t)n);
    if (s->state == SOCKS_GREETING)
        read_method(s);
    else if (s->state == SOCKS_LOGIN)
        read_login(s);
    else
        read_reply(s);
}

/* ---- events ---- */

static void socks_fired(void *ctx, unsigned events)
{
    struct socks *s = ctx;

    if (s->out.len > 0 && (events & STREAM_WRITE))
        flush(s);
    else if (events & STREAM_READ)
        socks_read(s);
}

static void limit_fired(void *ctx)
{
    struct socks *s = ctx;

    if (s->state == SOCKS_ASKING || s->state == SOCKS_LOGIN)
        socks_fail(s, OUTCOME_LOGIN_TIMEOUT, "the login took too long");
    else if (s->state == SOCKS_GREETING)
        socks_fail(s, OUTCOME_SOCKS_TIMEOUT,
                   "the proxy did not answer the SOCKS greeting in time");
    else
        socks_fail(s, OUTCOME_ANSWER_TIMEOUT,
                   "the proxy did not answer the SOCKS request in time");
}

static void socks_begin(void *ctx)
{
    struct socks *s = ctx;

    if (is_v5(s))
        say(s, SOCKS_GREETING, s->o.greeting_ms,
            socks5_put_greeting(&s->out, has_login(s)));
    else
        say_request(s);
}

struct socks *socks_start(const struct socks_options *options, socks_callback *callback,
                          void *ctx)
{
    struct socks *s = calloc(1, sizeof(*s));

    if (!s)
        return NULL;
    s->host = span_dup(options->host);
    if (!s->host) {
        free(s);
        return NULL;
    }
    s->o = *options;
    s->callback = callback;
    s->ctx = ctx;
    buf_init(&s->out, OUTPUT_LIMIT);
    buf_init(&s->in, 2 * READ_SIZE);
    deferred_init(&s->begin, socks_begin, s);
    deadline_init(&s->limit, limit_fired, s);
    stream_on_event(s->o.stream, socks_fired, s);
    defer(s->o.loop, &s->begin);
    return s;
}
