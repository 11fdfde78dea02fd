/*
 * auth: logging in to a proxy. See auth.h.
 *
 * The order of a step: which scheme, has it what it needs, does the guard allow it,
 * what does the scheme say. It ends in finish(), which calls back from the loop.
 */
#include "auth/auth_internal.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/memory.h"
#include "auth/place.h"
#include "base/counters.h"

enum {
    CHALLENGE_LIMIT = 4,     /* 407 in a row on one connection */
    VALUE_LIMIT = 64 * 1024, /* bytes of a login */
    UNABLE_MS = 5 * 1000,    /* a scheme that could not be used is not asked for */
    REFUSED_MS = 30 * 1000,  /* likewise after the hop refused what it said */
};

/* ---- the end of a step ---- */

static void step_fired(void *ctx)
{
    struct auth *auth = ctx;
    auth_callback *callback = auth->callback;
    char detail[AUTH_DETAIL];

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

static void scheme_drop(struct auth *auth)
{
    if (auth->scheme != NULL && auth->scheme->finish != NULL)
        auth->scheme->finish(auth->scheme_state);
    auth->scheme = NULL;
    auth->scheme_state = NULL;
    if (auth->borrowed)
        auth_memory_back(auth->o.memory, auth->o.hop);
    auth->borrowed = false;
}

bool auth_value_decides(const struct auth *auth)
{
    return auth->value.len > 0 &&
           (auth->scheme->decides == NULL || auth->scheme->decides(auth->scheme_state));
}

void auth_leave_scheme(struct auth *auth)
{
    const struct auth_scheme *scheme = auth->scheme;

    if (scheme != NULL && scheme->ready != NULL &&
        auth_memory_keep(auth->o.memory, auth->o.hop, scheme, auth->scheme_state)) {
        auth->scheme = NULL;
        auth->scheme_state = NULL;
    }
    scheme_drop(auth);
}

/* The ticket ends as far as its login got. */
static void give_up(struct auth *auth)
{
    struct guard_ticket *ticket = auth->ticket;
    void (*end)(struct guard_ticket *) = guard_drop;

    if (auth_at_stake(auth))
        end = auth->abandoned ? guard_abandoned : guard_lost;
    auth->ticket = NULL;
    if (auth->state == STATE_READY && auth->value.len > 0 &&
        auth->scheme->unsent != NULL)
        auth->scheme->unsent(auth->scheme_state);
    end(ticket);
    buf_wipe(&auth->value);
    auth->state = STATE_IDLE;
    auth->spent = auth->spent || auth->begun;
    auth->begun = auth->waiting = false;
    if (auth->scheme != NULL && auth->scheme->bound)
        scheme_drop(auth); /* begun, it is of no use elsewhere */
}

static void fail_internal(struct auth *auth)
{
    give_up(auth);
    finish(auth, OUTCOME_INTERNAL, "memory is out");
}

static void finish_rejected(struct auth *auth)
{
    counter_add(COUNTER_LOGINS_REJECTED, 1);
    auth->state = STATE_IDLE;
    finish(auth, OUTCOME_LOGIN_REJECTED,
           "%s rejected the %s login of %s: correct the user name or the password",
           auth->o.hop, auth->scheme->name, auth->o.login->login_name);
    scheme_drop(auth);
}

/* What it means, the password or the target, the guard says, maybe after a while. */
static void reject_password(struct auth *auth)
{
    buf_wipe(&auth->value);
    if (auth->o.trial != NULL)
        auth->o.trial->rejected = true;
    if (auth->ticket == NULL) {
        finish_rejected(auth);
        return;
    }
    auth->state = STATE_JUDGING;
    if (auth->scheme->aged == NULL || !auth->scheme->aged(auth->scheme_state)) {
        guard_rejected(auth->ticket);
        return;
    }
    auth_memory_forget(auth->o.memory, auth->o.hop, auth->scheme);
    guard_doubted(auth->ticket);
}

/* ---- schemes ---- */

/* False when memory is out. */
static bool scheme_take(struct auth *auth, const struct auth_scheme *scheme)
{
    if (auth->scheme == scheme)
        return true;
    scheme_drop(auth);
    if (scheme->start != NULL) {
        auth->scheme_state = scheme->start(&auth->o);
        if (auth->scheme_state == NULL)
            return false;
    }
    auth->scheme = scheme;
    return true;
}

static void try_next(struct auth *auth);

/* The scheme cannot be used for now; another one may do. */
static void scheme_unable(struct auth *auth, uint64_t hold_ms, const char *why)
{
    const struct auth_scheme *scheme = auth->scheme;

    auth_memory_unable(auth->o.memory, auth->o.hop, scheme,
                       loop_now(auth->o.loop) + hold_ms, why);
    auth->tried |= scheme_bit(scheme);
    auth->state = STATE_IDLE; /* nothing of it is waiting for an answer */
    give_up(auth);
    scheme_drop(auth);
    try_next(auth);
}

static void reject(struct auth *auth, const char *detail)
{
    if (auth->scheme->needs_password)
        reject_password(auth);
    else
        scheme_unable(auth, REFUSED_MS, detail);
}

static void scheme_done(void *ctx, enum outcome outcome, const char *detail)
{
    struct auth *auth = ctx;

    if (outcome == OUTCOME_OK) {
        auth->state = STATE_READY;
        finish(auth, OUTCOME_OK, "%s", detail);
    } else if (outcome == OUTCOME_LOGIN_REJECTED) {
        reject(auth, detail);
    } else if (outcome == OUTCOME_LOGIN_SCHEME) {
        scheme_unable(auth, UNABLE_MS, detail);
    } else {
        give_up(auth);
        finish(auth, outcome, "%s", detail);
    }
}

static void make_value(struct auth *auth)
{
    size_t place = scheme_place(auth->scheme);
    const struct auth_turn turn = {
        .login = auth->o.login,
        .request = auth->request,
        .parameters = auth->offers.challenge[place].parameters,
    };

    auth->state = STATE_MAKING;
    auth->asked = !auth->up_front || auth->request.asked;
    buf_wipe(&auth->value);
    auth->scheme->step(auth->scheme_state, &turn, &auth->value, scheme_done, auth);
}

/* ---- the guard ---- */

static void finish_refused(struct auth *auth)
{
    char text[AUTH_TEXT];

    place_refused(&auth->o, &auth->request, text, sizeof(text));
    auth->state = STATE_IDLE;
    finish(auth, OUTCOME_LOGIN_REFUSED, "%s", text);
    scheme_drop(auth);
}

/* The password is good: what the value rested on was not. */
static void make_anew(struct auth *auth)
{
    const struct auth_scheme *scheme = auth->scheme;

    scheme_drop(auth);
    if (scheme_take(auth, scheme))
        make_value(auth);
    else
        fail_internal(auth);
}

/* The next head carries nothing. */
static void step_silent(struct auth *auth, bool waiting)
{
    auth->state = STATE_READY;
    auth->waiting = waiting;
    finish(auth, OUTCOME_OK, "%s", "");
}

/* Whether it can speak now, if need be with a state of an earlier connection. */
static bool scheme_is_ready(struct auth *auth, const struct auth_scheme *scheme)
{
    const struct config_login *login = auth->o.login;
    void *state;

    if (scheme->ready == NULL)
        return true;
    if (auth->scheme == scheme &&
        scheme->ready(auth->scheme_state, login, auth->request.body))
        return true;
    state = auth_memory_take(auth->o.memory, auth->o.hop, scheme, login,
                             auth->request.body);
    if (state == NULL)
        return false;
    scheme_drop(auth);
    auth->scheme = scheme;
    auth->scheme_state = state;
    auth->borrowed = true;
    return true;
}

/* It is our turn. Up front, a state was to be there by now, and an acceptance. */
static void turn_come(struct auth *auth)
{
    if (!auth->up_front ||
        (!place_must_ask(&auth->o, &auth->request, auth->scheme, true) &&
         scheme_is_ready(auth, auth->scheme))) {
        make_value(auth);
        return;
    }
    give_up(auth);
    scheme_drop(auth);
    step_silent(auth, true);
}

static void guard_answered(void *ctx, enum guard_answer answer)
{
    struct auth *auth = ctx;
    char text[AUTH_TEXT];

    if (answer == GUARD_ALLOWED) {
        if (auth->state == STATE_JUDGING)
            make_anew(auth);
        else
            turn_come(auth);
        return;
    }
    guard_drop(auth->ticket);
    auth->ticket = NULL;
    switch (answer) {
    case GUARD_REFUSED:
        finish_refused(auth);
        return;
    case GUARD_REJECTED:
        finish_rejected(auth);
        return;
    case GUARD_HELD:
    case GUARD_ALLOWED:
        break;
    }
    give_up(auth);
    place_held(&auth->o, text, sizeof(text));
    finish(auth, OUTCOME_LOGIN_HELD, "%s", text);
}

static void ask_guard(struct auth *auth)
{
    char target[LEDGER_TEXT];
    const struct guard_place place = {auth->o.hop, target};

    if (auth->o.accepted_only &&
        guard_state_of(auth->o.guard, auth->o.login, NULL) != GUARD_ACCEPTED) {
        give_up(auth);
        finish(auth, OUTCOME_LOGIN_HELD, "the password was not accepted yet");
        return;
    }
    place_target(&auth->request, target);
    auth->state = STATE_ASKING;
    auth->ticket =
        guard_ask(auth->o.guard, auth->o.login, &place, guard_answered, auth);
    if (auth->ticket == NULL)
        fail_internal(auth);
}

/* The value follows, as soon as the guard allows it where it is to be asked. */
static void begin(struct auth *auth, const struct auth_scheme *scheme)
{
    if (!scheme_take(auth, scheme)) {
        fail_internal(auth);
        return;
    }
    auth_memory_begins(auth->o.memory, auth->o.hop, scheme);
    if (scheme->needs_password && auth->o.trial == NULL)
        ask_guard(auth);
    else
        make_value(auth);
}

/* ---- steps ---- */

/* Begins with the best scheme not tried yet. A state that is out comes back in time. */
static void try_next(struct auth *auth)
{
    struct choice choice;

    choose(&choice, &auth->o, &auth->offers, auth->tried);
    if (choice.scheme != NULL && auth->up_front &&
        (place_must_ask(&auth->o, &auth->request, choice.scheme, false) ||
         (!scheme_is_ready(auth, choice.scheme) &&
          (auth->request.body || !auth_memory_is_out(auth->o.memory, auth->o.hop)))))
        step_silent(auth, true);
    else if (choice.scheme != NULL)
        begin(auth, choice.scheme);
    else if (auth->up_front)
        step_silent(auth, false); /* the proxy's 407 will say what is missing */
    else
        finish(auth, choice.outcome, "%s", choice.detail);
}

static void step_up_front(struct auth *auth)
{
    give_up(auth);
    if (auth->logged_in) {
        step_silent(auth, false);
        return;
    }
    auth->offers = (struct offers){
        .set = auth_memory_offered(auth->o.memory, auth->o.hop),
    };
    try_next(auth);
}

/* False after fail_internal(). */
static bool read_offers(struct auth *auth, const struct head *head)
{
    buf_reset(&auth->challenges);
    if (offers_copy(&auth->challenges, head) != 0) {
        fail_internal(auth);
        return false;
    }
    offers_read(&auth->offers, buf_span(&auth->challenges));
    return true;
}

static void step_challenged(struct auth *auth, const struct head *head)
{
    bool sent = auth->state == STATE_SENT && auth->value.len > 0;
    bool again;

    if (!read_offers(auth, head))
        return;
    again = sent && (auth->offers.set & scheme_bit(auth->scheme)) != 0;
    auth->logged_in = auth->waiting = false;
    if (sent && auth_value_decides(auth) && (auth->scheme->one_try || !again)) {
        reject(auth, "the proxy refused the login");
    } else if (++auth->challenges_seen > CHALLENGE_LIMIT) {
        auth->state = STATE_IDLE; /* it was answered, so it is not lost */
        give_up(auth);
        finish(auth, OUTCOME_LOGIN_BROKEN, "%s asks for a login again and again",
               auth->o.hop);
    } else if (again) {
        make_value(auth);
    } else {
        give_up(auth);
        if (auth->offers.count > 0)
            place_asks(&auth->o, &auth->offers);
        try_next(auth);
    }
}

void auth_step(struct auth *auth, const struct auth_request *request,
               const struct head *challenge, auth_callback *callback, void *ctx)
{
    assert(auth->callback == NULL);
    auth->callback = callback;
    auth->ctx = ctx;
    auth->request = *request;
    auth->up_front = challenge == NULL;
    auth->tried = 0;
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
    buf_init(&auth->challenges, 2 * HEAD_LIMIT);
    deferred_init(&auth->deferred, step_fired, auth);
    return auth;
}

void auth_free(struct auth *auth)
{
    bool lost;

    if (auth == NULL)
        return;
    defer_cancel(&auth->deferred);
    lost = auth->state == STATE_SENT && auth->value.len > 0;
    give_up(auth);
    if (lost)
        scheme_drop(auth); /* who knows what became of it */
    else
        auth_leave_scheme(auth);
    buf_clear(&auth->value);
    buf_clear(&auth->challenges);
    free(auth);
}
