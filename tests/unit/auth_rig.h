/*
 * auth_rig.h: a loop, a guard, a memory and one login, and the login of a connection
 * that is led through them step by step.
 */
#ifndef CCGATE_TESTS_AUTH_RIG_H
#define CCGATE_TESTS_AUTH_RIG_H

#include <stdio.h>
#include <string.h>

#include "auth/auth.h"
#include "suite.h"

#define HOP "http://wp1.corp:8080"

static struct loop *loop;
static struct guard *guard;
static struct auth_memory *memory;
static struct config_login login;
static struct auth_request request = {
    .method = {"CONNECT", 7},
    .uri = {"origin.test:443", 15},
};

/* What the last callback said. */
static struct {
    unsigned calls;
    enum outcome outcome;
    char detail[512];
} said;

static inline void login_clear(void)
{
    free(login.login_name);
    free(login.username);
    free(login.domain);
    secret_free(login.password);
    login = (struct config_login){.auth = CONFIG_AUTH_AUTO};
}

/* NULL: unknown */
static inline void login_set(const char *user, const char *password)
{
    login_clear();
    if (user != NULL)
        login.login_name = span_dup(span_of(user));
    if (password != NULL)
        login.password = secret_new(span_of(password));
}

/* Repeats for the guard, all with one result. */
struct repeating {
    struct deferred due;
    enum guard_repeated result;
    unsigned count;
    guard_repeat_done *done;
    void *arg;
};

static inline void repeat_fired(void *ctx)
{
    struct repeating *r = ctx;

    r->done(r->arg, r->result);
}

static inline void *repeat_start(void *ctx, const struct config_login *for_login,
                                 const struct guard_place *place,
                                 guard_repeat_done *done, void *arg)
{
    struct repeating *r = ctx;

    (void)for_login;
    (void)place;
    r->count++;
    r->done = done;
    r->arg = arg;
    deferred_init(&r->due, repeat_fired, r);
    defer(loop, &r->due);
    return r;
}

static inline void repeat_cancel(void *repeat)
{
    struct repeating *r = repeat;

    defer_cancel(&r->due);
}

static const struct guard_repeater repeater = {repeat_start, repeat_cancel};

static struct repeating repeats;

static inline void setup(void)
{
    loop = loop_new();
    guard = guard_new(loop, NULL);
    memory = auth_memory_new();
    login_set("alice", "sesame");
    memset(&said, 0, sizeof(said));
    repeats = (struct repeating){.result = GUARD_REPEAT_ACCEPTED};
    guard_set_repeater(guard, &repeater, &repeats);
}

static inline void teardown(void)
{
    auth_memory_free(memory);
    guard_free(guard);
    login_clear();
    ck_assert_int_eq(loop_free(loop), 0);
}

static inline void stepped(void *ctx, enum outcome outcome, const char *detail)
{
    (void)ctx;
    said.calls++;
    said.outcome = outcome;
    ck_assert_ptr_nonnull(detail);
    (void)snprintf(said.detail, sizeof(said.detail), "%s", detail);
}

static inline struct auth *start(void)
{
    struct auth *auth = auth_new(&(struct auth_options){
        .loop = loop,
        .guard = guard,
        .memory = memory,
        .hop = HOP,
        .host = "wp1.corp",
        .login = &login,
    });

    ck_assert_ptr_nonnull(auth);
    return auth;
}

/* A 407 with these lines (NULL: none), or a step without a challenge. */
static inline void begin(struct auth *auth, const char *lines)
{
    char text[2048];
    struct head head;
    int n;

    said.calls = 0;
    if (lines == NULL) {
        auth_step(auth, &request, NULL, stepped, NULL);
    } else {
        n = snprintf(text, sizeof(text), "HTTP/1.1 407 Login\r\n%s\r\n", lines);
        head_init(&head);
        ck_assert_int_eq(head_read_response(&head, text, (size_t)n), HEAD_DONE);
        auth_step(auth, &request, &head, stepped, NULL);
        head_clear(&head);
        memset(text, 'x', sizeof(text)); /* the head need not stay */
    }
    ck_assert_uint_eq(said.calls, 0);
}

static inline enum outcome step(struct auth *auth, const char *lines)
{
    begin(auth, lines);
    loop_run(loop);
    ck_assert_uint_eq(said.calls, 1);
    return said.outcome;
}

#endif
