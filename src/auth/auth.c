/*
 * auth: logging in to a proxy. See auth.h.
 *
 * The order of a step: which scheme, has it what it needs, does the guard allow it,
 * what does the scheme say. Every step ends in finish(), which calls back from the
 * loop.
 */
#include "auth/auth.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "auth/auth_scheme.h"
#include "auth/challenge.h"
#include "auth/memory.h"
#include "base/counters.h"

enum {
    CHALLENGE_LIMIT = 4,     /* 407 in a row on one connection */
    VALUE_LIMIT = 64 * 1024, /* bytes of a login */
    DETAIL_SIZE = 512,
    NAMES_SIZE = 160, /* the schemes that a proxy offers, for people */
    NAME_SHOWN = 32,
    REALM_SHOWN = 60,
};

/* From strong to weak (RFC 7616 section 5.6). */
static const struct auth_scheme *const SCHEMES[] = {&auth_scheme_basic};

enum { SCHEME_COUNT = sizeof(SCHEMES) / sizeof(SCHEMES[0]) };

enum state {
    STATE_IDLE,
    STATE_ASKING, /* the guard */
    STATE_MAKING, /* the scheme is at work */
    STATE_READY,  /* the value, which may be empty, stands for the next head */
    STATE_SENT,   /* and that head was sent */
};

struct auth {
    struct auth_options o;
    enum state state;
    const struct auth_scheme *scheme; /* NULL: none yet */
    void *scheme_state;
    struct buf value;
    struct buf parameters; /* of the challenge, while the guard is asked */
    struct guard_ticket *ticket;
    unsigned challenges; /* since the last other answer */
    struct deferred deferred;
    auth_callback *callback; /* NULL: no step is under way */
    void *ctx;
    enum outcome outcome;
    char detail[DETAIL_SIZE];
};

/* What the Proxy-Authenticate lines of a 407 offer. */
struct offers {
    size_t count;
    const struct auth_scheme *best; /* the strongest that we can and may use */
    struct challenge challenge;     /* its challenge */
    bool forbidden;                 /* one that we can, but may not use */
    char names[NAMES_SIZE];
    size_t names_len;
};

/* ---- the end of a step ---- */

static void step_fired(void *ctx)
{
    struct auth *auth = ctx;
    auth_callback *callback = auth->callback;
    char detail[DETAIL_SIZE];

    (void)snprintf(detail, sizeof(detail), "%s", auth->detail);
    auth->callback = NULL;
    callback(auth->ctx, auth->outcome, detail);
}

static void finish(struct auth *auth, enum outcome outcome, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void finish(struct auth *auth, enum outcome outcome, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(auth->detail, sizeof(auth->detail), format, arguments);
    va_end(arguments);
    auth->outcome = outcome;
    defer(auth->o.loop, &auth->deferred);
}

static void wipe_value(struct auth *auth)
{
    if (auth->value.data != NULL)
        secret_wipe(auth->value.data, auth->value.capacity);
    buf_reset(&auth->value);
}

/* The ticket ends as far as its login got. */
static void give_up(struct auth *auth)
{
    struct guard_ticket *ticket = auth->ticket;

    auth->ticket = NULL;
    if (ticket != NULL && auth->state == STATE_SENT)
        guard_lost(ticket, auth->o.hop);
    else
        guard_drop(ticket);
    wipe_value(auth);
    auth->state = STATE_IDLE;
}

static void fail_internal(struct auth *auth)
{
    give_up(auth);
    finish(auth, OUTCOME_INTERNAL, "memory is out");
}

static void reject(struct auth *auth)
{
    struct guard_ticket *ticket = auth->ticket;

    auth->ticket = NULL;
    if (ticket != NULL)
        guard_rejected(ticket, auth->o.hop);
    counter_add(COUNTER_LOGINS_REJECTED, 1);
    auth->state = STATE_IDLE;
    wipe_value(auth);
    finish(auth, OUTCOME_LOGIN_REJECTED,
           "%s rejected the %s login of %s: correct the user name or the password",
           auth->o.hop, auth->scheme->name, auth->o.login->login_name);
}

/* ---- schemes ---- */

static bool scheme_allowed(const struct auth_scheme *scheme,
                           const struct config_login *login)
{
    switch (login->auth) {
    case CONFIG_AUTH_AUTO:
        return true;
    case CONFIG_AUTH_BASIC:
        return scheme == &auth_scheme_basic;
    case CONFIG_AUTH_NONE:
        return false;
    }
    return false;
}

static const struct auth_scheme *scheme_named(struct span name)
{
    for (size_t i = 0; i < SCHEME_COUNT; i++)
        if (span_equal_nocase(name, span_of(SCHEMES[i]->name)))
            return SCHEMES[i];
    return NULL;
}

/* A smaller rank is stronger. */
static size_t scheme_rank(const struct auth_scheme *scheme)
{
    size_t rank = 0;

    while (rank < SCHEME_COUNT && SCHEMES[rank] != scheme)
        rank++;
    return rank;
}

static bool scheme_lacks(const struct auth_scheme *scheme,
                         const struct config_login *login)
{
    return scheme->needs_password &&
           (login->login_name == NULL || login->password == NULL);
}

static void scheme_drop(struct auth *auth)
{
    if (auth->scheme != NULL && auth->scheme->finish != NULL)
        auth->scheme->finish(auth->scheme_state);
    auth->scheme = NULL;
    auth->scheme_state = NULL;
}

/* False when memory is out. */
static bool scheme_take(struct auth *auth, const struct auth_scheme *scheme)
{
    if (auth->scheme == scheme)
        return true;
    scheme_drop(auth);
    if (scheme->start != NULL) {
        auth->scheme_state = scheme->start(auth->o.login);
        if (auth->scheme_state == NULL)
            return false;
    }
    auth->scheme = scheme;
    return true;
}

static void scheme_done(void *ctx, enum outcome outcome, const char *detail)
{
    struct auth *auth = ctx;

    if (outcome == OUTCOME_OK) {
        auth->state = STATE_READY;
        finish(auth, OUTCOME_OK, "%s", detail);
    } else if (outcome == OUTCOME_LOGIN_REJECTED) {
        reject(auth);
    } else {
        give_up(auth);
        finish(auth, outcome, "%s", detail);
    }
}

static void make_value(struct auth *auth)
{
    auth->state = STATE_MAKING;
    wipe_value(auth);
    auth->scheme->step(auth->scheme_state, auth->o.login, buf_span(&auth->parameters),
                       &auth->value, scheme_done, auth);
}

/* ---- the guard ---- */

static void explain_held(const struct auth_options *o, char *text, size_t size)
{
    const char *name = o->login->login_name, *hop = NULL;

    (void)guard_state_of(o->guard, o->login, &hop);
    snprintf(text, size,
             "the login of %s failed at %s and is held back until the user name or the "
             "password changes",
             name == NULL ? "this user" : name, hop == NULL ? "a proxy" : hop);
}

bool auth_is_held(const struct auth_options *options, char *text, size_t size)
{
    if (auth_memory_get(options->memory, options->hop) != AUTH_KNOWN_ASKS ||
        guard_state_of(options->guard, options->login, NULL) != GUARD_CLOSED)
        return false;
    explain_held(options, text, size);
    return true;
}

static void guard_answered(void *ctx, bool allowed)
{
    struct auth *auth = ctx;
    char text[AUTH_TEXT];

    if (allowed) {
        make_value(auth);
        return;
    }
    give_up(auth);
    explain_held(&auth->o, text, sizeof(text));
    finish(auth, OUTCOME_LOGIN_HELD, "%s", text);
}

/* The value follows as soon as the guard allows it. */
static void ask_guard(struct auth *auth, const struct auth_scheme *scheme,
                      struct span parameters)
{
    buf_reset(&auth->parameters);
    if (!scheme_take(auth, scheme) ||
        buf_append_span(&auth->parameters, parameters) != 0) {
        fail_internal(auth);
        return;
    }
    auth->state = STATE_ASKING;
    auth->ticket = guard_ask(auth->o.guard, auth->o.login, guard_answered, auth);
    if (auth->ticket == NULL)
        fail_internal(auth);
}

/* ---- steps ---- */

static void step_up_front(struct auth *auth)
{
    const struct config_login *login = auth->o.login;
    const char *name = auth_memory_scheme(auth->o.memory, auth->o.hop);
    const struct auth_scheme *scheme = scheme_named(span_of(name));

    give_up(auth);
    /* Without a scheme the proxy is left to ask, and its 407 says what is missing. */
    if (scheme == NULL || !scheme_allowed(scheme, login) ||
        scheme_lacks(scheme, login)) {
        auth->state = STATE_READY;
        finish(auth, OUTCOME_OK, "%s", "");
        return;
    }
    ask_guard(auth, scheme, SPAN(""));
}

static void add_name(struct offers *offers, struct span name)
{
    int n = snprintf(offers->names + offers->names_len,
                     sizeof(offers->names) - offers->names_len, "%s%.*s",
                     offers->names_len > 0 ? ", " : "",
                     (int)(name.len < NAME_SHOWN ? name.len : NAME_SHOWN), name.at);

    if (n > 0)
        offers->names_len += (size_t)n;
    if (offers->names_len >= sizeof(offers->names))
        offers->names_len = sizeof(offers->names) - 1;
}

static void add_offer(struct offers *offers, const struct challenge *challenge,
                      const struct config_login *login)
{
    const struct auth_scheme *scheme = scheme_named(challenge->scheme);

    offers->count++;
    add_name(offers, challenge->scheme);
    if (scheme == NULL)
        return;
    if (!scheme_allowed(scheme, login))
        offers->forbidden = true;
    else if (offers->best == NULL || scheme_rank(scheme) < scheme_rank(offers->best)) {
        offers->best = scheme;
        offers->challenge = *challenge;
    }
}

static void read_offers(struct offers *offers, const struct head *head,
                        const struct config_login *login)
{
    static const struct span name = {"proxy-authenticate", 18};
    const struct head_field *field = head_find(head, name);
    struct challenge challenge;

    *offers = (struct offers){.count = 0};
    for (; field != NULL; field = head_find_next(head, field, name)) {
        struct span rest = field->value;

        while (challenge_next(&rest, &challenge))
            add_offer(offers, &challenge, login);
    }
}

/* ", realm \"...\"" of a challenge in printable ASCII, or nothing. */
static const char *show_realm(const struct challenge *challenge,
                              char text[REALM_SHOWN + 16])
{
    struct span realm;
    char shown[REALM_SHOWN + 1];
    size_t n = 0;

    text[0] = '\0';
    if (!challenge_parameter(challenge, SPAN("realm"), &realm))
        return text;
    for (size_t i = 0; i < realm.len && n < REALM_SHOWN; i++)
        if (realm.at[i] >= ' ' && realm.at[i] <= '~')
            shown[n++] = realm.at[i];
    shown[n] = '\0';
    if (n > 0)
        (void)snprintf(text, REALM_SHOWN + 16, ", realm \"%s\"", shown);
    return text;
}

static void fail_scheme(struct auth *auth, const struct offers *offers)
{
    if (offers->count == 0)
        finish(auth, OUTCOME_LOGIN_BROKEN,
               "%s asks for a login (407) without saying which scheme it wants",
               auth->o.hop);
    else if (offers->forbidden)
        finish(auth, OUTCOME_LOGIN_SCHEME,
               "%s offers only %s, which `auth:` in the configuration rules out",
               auth->o.hop, offers->names);
    else
        finish(auth, OUTCOME_LOGIN_SCHEME, "%s offers only %s", auth->o.hop,
               offers->names);
}

static void fail_credentials(struct auth *auth, const struct offers *offers)
{
    char realm[REALM_SHOWN + 16];
    const char *name = auth->o.login->login_name;

    show_realm(&offers->challenge, realm);
    if (name == NULL)
        finish(auth, OUTCOME_LOGIN_NO_CREDENTIALS,
               "%s asks for a login (%s%s), and no user name is known: set `username:` "
               "and `password_file:`",
               auth->o.hop, offers->best->name, realm);
    else
        finish(auth, OUTCOME_LOGIN_NO_CREDENTIALS,
               "%s asks for a login (%s%s), and no password of %s is known: set "
               "`password_file:`",
               auth->o.hop, offers->best->name, realm, name);
}

static void step_challenged(struct auth *auth, const struct head *head)
{
    const struct config_login *login = auth->o.login;
    bool sent = auth->state == STATE_SENT && auth->value.len > 0;
    struct offers offers;

    read_offers(&offers, head, login);
    if (sent && auth->scheme->one_message) {
        reject(auth);
        return;
    }
    if (++auth->challenges > CHALLENGE_LIMIT) {
        give_up(auth);
        finish(auth, OUTCOME_LOGIN_BROKEN, "%s asks for a login again and again",
               auth->o.hop);
        return;
    }
    if (sent && offers.best == auth->scheme) {
        buf_reset(&auth->parameters);
        if (buf_append_span(&auth->parameters, offers.challenge.parameters) != 0)
            fail_internal(auth);
        else
            make_value(auth);
        return;
    }
    give_up(auth);
    if (offers.count > 0)
        auth_memory_asks(auth->o.memory, auth->o.hop,
                         offers.best == NULL ? NULL : offers.best->name);
    if (offers.best == NULL)
        fail_scheme(auth, &offers);
    else if (scheme_lacks(offers.best, login))
        fail_credentials(auth, &offers);
    else
        ask_guard(auth, offers.best, offers.challenge.parameters);
}

void auth_step(struct auth *auth, const struct head *challenge, auth_callback *callback,
               void *ctx)
{
    assert(auth->callback == NULL);
    auth->callback = callback;
    auth->ctx = ctx;
    if (challenge == NULL)
        step_up_front(auth);
    else
        step_challenged(auth, challenge);
}

/* ---- the rest ---- */

struct auth *auth_new(const struct auth_options *options)
{
    struct auth *auth = calloc(1, sizeof(*auth));

    if (auth == NULL)
        return NULL;
    auth->o = *options;
    buf_init(&auth->value, VALUE_LIMIT);
    buf_init(&auth->parameters, HEAD_LIMIT);
    deferred_init(&auth->deferred, step_fired, auth);
    return auth;
}

void auth_free(struct auth *auth)
{
    if (auth == NULL)
        return;
    defer_cancel(&auth->deferred);
    give_up(auth);
    scheme_drop(auth);
    buf_clear(&auth->value);
    buf_clear(&auth->parameters);
    free(auth);
}

struct span auth_value(const struct auth *auth)
{
    if (auth->state != STATE_READY && auth->state != STATE_SENT)
        return (struct span){NULL, 0};
    return buf_span(&auth->value);
}

void auth_sent(struct auth *auth)
{
    if (auth->state == STATE_READY)
        auth->state = STATE_SENT;
}

void auth_settle(struct auth *auth)
{
    struct guard_ticket *ticket = auth->ticket;

    /* A login that was not sent was not accepted either. */
    if (auth->callback != NULL || (ticket != NULL && auth->state != STATE_SENT))
        return;
    auth->ticket = NULL;
    auth->challenges = 0;
    auth->state = STATE_IDLE;
    if (ticket != NULL)
        guard_accepted(ticket);
    else
        auth_memory_open(auth->o.memory, auth->o.hop);
    wipe_value(auth);
}

bool auth_bound(const struct auth *auth)
{
    return auth->scheme != NULL && auth->scheme->bound;
}
