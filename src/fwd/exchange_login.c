/*
 * exchange_login: the login at a hop, before the request and after a 407.
 */
#include <errno.h>

#include "fwd/exchange_internal.h"

/* A login may need a second connection, a kept one may be stale; more is a loop. */
#define CONNECTIONS 3

/* A login that took longer waited for another one, or for a file or a ticket. */
#define WAITED_NS (50 * UINT64_C(1000000))

static void login_stepped(void *ctx, enum outcome outcome, const char *detail);

static void login_step(struct exchange *x, const struct head *challenge)
{
    struct auth *auth = x->upstream->auth;

    if (!exchange_request_target(x))
        return;
    x->challenge.bound = auth_bound(auth) && auth_value(auth).len > 0;
    auth_step(auth,
              &(struct auth_request){
                  .method = x->o.head->method,
                  .uri = buf_span(&x->target),
                  .body = x->up.has_body && !x->up.started,
                  .asked = x->challenge.asked,
              },
              challenge, login_stepped, x);
}

void exchange_login_begin(struct exchange *x)
{
    outlet_aim(&x->up.outlet, x->upstream->stream);
    if (!x->upstream->auth || x->challenge.unasked) {
        exchange_request_send(x);
        return;
    }
    x->state = EXCHANGE_LOGIN;
    x->challenge.began = loop_clock();
    deadline_set(x->loop, &x->limit, x->o.config->timeout.login);
    login_step(x, NULL);
}

bool exchange_login_settle(struct exchange *x)
{
    const char *detail = NULL;
    enum outcome outcome = OUTCOME_OK;

    if (x->upstream->auth)
        outcome = auth_settle(x->upstream->auth, &x->down.head, &detail);
    if (outcome != OUTCOME_OK)
        exchange_fail(x, outcome, detail);
    return outcome == OUTCOME_OK;
}

void exchange_login_unasked(struct exchange *x)
{
    if (!exchange_login_settle(x))
        return;
    x->challenge.unasked = true;
    if (x->connections < CONNECTIONS)
        exchange_connect(x, REUSE_NONE);
    else
        exchange_fail(x, OUTCOME_LOGIN_BROKEN, "the proxy asks again and again");
}

bool exchange_login_again(struct exchange *x)
{
    struct auth *auth = x->upstream->auth;

    if (!auth || !x->down.heard || !auth_is_leg(auth) || x->connections >= CONNECTIONS)
        return false;
    exchange_connect(x, REUSE_NONE);
    return true;
}

/* Nobody knows yet whether the login is right, and those that have it wait. */
static bool login_is_on_trial(const struct exchange *x)
{
    return guard_state_of(x->o.egress->guard, x->result.hop->login, NULL) ==
           GUARD_TRYING;
}

void exchange_login_await(struct exchange *x)
{
    const struct config_timeouts *timeout = &x->o.config->timeout;
    const struct auth *auth = x->upstream->auth;

    if (!auth || x->down.state != DOWN_HEAD || auth_value(auth).len == 0)
        return;
    if (auth_is_leg(auth))
        deadline_set(x->loop, &x->limit, timeout->login);
    else if (login_is_on_trial(x))
        deadline_set(x->loop, &x->limit, timeout->answer);
}

void exchange_login_unanswered(struct exchange *x)
{
    exchange_fail(x, OUTCOME_ANSWER_TIMEOUT,
                  auth_is_leg(x->upstream->auth)
                      ? "the proxy did not answer the login in time (timeout.login)"
                      : "the proxy did not answer the login in time (timeout.answer)");
}

static void connection_spent(struct exchange *x);

/* What is needed of an answered challenge: the login, and a connection for it. */
static void login_go_on(struct exchange *x)
{
    struct exchange_challenge *c = &x->challenge;

    if (!c->login_ready)
        return;
    if (c->too_late)
        exchange_fail(x, OUTCOME_LOGIN_BROKEN,
                      "the proxy asked for a login in the middle of the request; "
                      "send it again");
    else if (c->spent && c->bound && auth_bound(x->upstream->auth))
        exchange_fail(x, OUTCOME_LOGIN_BROKEN,
                      "the proxy closes the connection in the middle of a login that "
                      "belongs to it; a load balancer may be the cause");
    else if (c->spent && x->connections < CONNECTIONS)
        exchange_connect(x, REUSE_NONE);
    else if (c->spent)
        exchange_fail(x, OUTCOME_LOGIN_BROKEN, "the proxy asks again and again");
    else if (c->drained && !stream_is_quiet(x->upstream->stream))
        connection_spent(
            x); /* it has closed, or speaks: the login might be lost on it */
    else if (c->drained)
        exchange_request_send(x);
}

/* The connection is of no further use; the login, once ready, goes on without it. */
static void connection_spent(struct exchange *x)
{
    x->challenge.spent = true;
    outlet_aim(&x->up.outlet, NULL);
    deadline_set(x->loop, &x->limit, x->o.config->timeout.login);
    login_go_on(x);
}

static void discard_step(struct exchange *x)
{
    switch (discard_read(&x->challenge.discard, &x->down.in)) {
    case DISCARD_MORE:
        return;
    case DISCARD_SPENT:
        connection_spent(x);
        return;
    case DISCARD_DONE:
        x->challenge.drained = true;
        deadline_set(x->loop, &x->limit, x->o.config->timeout.login);
        login_go_on(x);
        return;
    }
}

void exchange_login_challenged(struct exchange *x, const struct framing *framing)
{
    struct exchange_challenge *c = &x->challenge;
    bool lost = x->upstream->reused && auth_bound(x->upstream->auth) &&
                auth_value(x->upstream->auth).len == 0;

    x->state = EXCHANGE_CHALLENGE;
    c->login_ready = c->spent = c->drained = false;
    c->asked = true;
    /* Even when it is too late for this request, the next one shall know of it. */
    c->too_late = !exchange_request_rewind(x);
    login_step(x, &x->down.head);
    if (x->state == EXCHANGE_OVER)
        return;
    /*
     * After a head that announced a body, the proxy takes whatever comes for that body
     * (RFC 9112 section 9.3): a next head must not follow on this connection. Nor is
     * one trusted that was logged in and is no more.
     */
    if (lost || x->up.state != UP_DONE || (x->up.has_body && !x->up.emptied) ||
        !discard_begin(&c->discard, &x->down.head, framing,
                       x->o.config->limit.login_body)) {
        connection_spent(x);
        return;
    }
    deadline_set(x->loop, &x->limit, x->o.config->timeout.login_body);
    buf_consume(&x->down.in, x->down.head.size);
    discard_step(x);
}

void exchange_login_read(struct exchange *x)
{
    struct buf *in = &x->down.in;

    if (buf_reserve(in, EXCHANGE_READ_SIZE) != 0) {
        exchange_fail(x, OUTCOME_INTERNAL, "out of memory");
        return;
    }
    ssize_t n = stream_read(x->upstream->stream, buf_tail(in), EXCHANGE_READ_SIZE);
    if (n == -EAGAIN)
        return;
    if (n <= 0) {
        connection_spent(x);
        return;
    }
    buf_commit(in, (size_t)n);
    discard_step(x);
}

/* Those that wait for others do so as long as for an answer, which they wait for, too.
 */
static bool wait_longer(struct exchange *x)
{
    const struct config_timeouts *timeout = &x->o.config->timeout;

    if (x->challenge.queued || !x->upstream || !x->upstream->auth ||
        !auth_is_queued(x->upstream->auth) || timeout->answer <= timeout->login)
        return false;
    x->challenge.queued = true;
    deadline_set(x->loop, &x->limit, timeout->answer - timeout->login);
    return true;
}

void exchange_login_expired(struct exchange *x)
{
    struct exchange_challenge *c = &x->challenge;

    if (x->state == EXCHANGE_CHALLENGE && !c->spent && !c->drained)
        connection_spent(x);
    else if (!wait_longer(x))
        exchange_fail(x, OUTCOME_LOGIN_TIMEOUT,
                      c->queued
                          ? "other logins of this user, one at a time, took too long"
                          : "the login took too long");
}

/* It closed, or speaks, while the login waited for another one. */
static bool connection_went(const struct exchange *x)
{
    return loop_clock() - x->challenge.began > WAITED_NS &&
           x->connections < CONNECTIONS && !stream_is_quiet(x->upstream->stream);
}

static void login_stepped(void *ctx, enum outcome outcome, const char *detail)
{
    struct exchange *x = ctx;

    if (outcome != OUTCOME_OK) {
        exchange_fail(x, outcome, detail);
    } else if (x->state == EXCHANGE_LOGIN && connection_went(x)) {
        exchange_connect(x, REUSE_NONE);
    } else if (x->state == EXCHANGE_LOGIN) {
        exchange_request_send(x);
    } else {
        x->challenge.login_ready = true;
        if (auth_spent(x->upstream->auth))
            connection_spent(x);
        else
            login_go_on(x);
    }
    exchange_turn_end(x);
}
