/*
 * auth_scheme: what a login scheme has to do. One vtable per scheme, in order of
 * strength in auth.c. A scheme's state belongs to one connection.
 */
#ifndef CCGATE_AUTH_AUTH_SCHEME_H
#define CCGATE_AUTH_AUTH_SCHEME_H

#include "base/buf.h"
#include "base/outcome.h"
#include "config/config.h"

struct auth_scheme {
    const char *name; /* as in Proxy-Authenticate, compared without case */
    bool bound;       /* the login lives and dies with the TCP connection */
    bool needs_password;
    /*
     * One message is the whole login: a 407 to it is a rejection. Otherwise step() gets
     * the next challenge, and answers OUTCOME_LOGIN_REJECTED when it is one.
     */
    bool one_message;

    /* State for one connection; NULL when memory is out. May be NULL as a function. */
    void *(*start)(const struct config_login *login);
    void (*finish)(void *state);

    /*
     * Appends the value for the next head to out, with the scheme's name. parameters is
     * what stands behind that name in the challenge, empty when speaking first. The
     * callback may come before this returns; auth.c defers it. finish() while it is
     * due: it never comes. out is wiped by auth.c; step() makes all room in it before
     * it writes, so that a buffer that grows leaves no copy.
     */
    void (*step)(void *state, const struct config_login *login, struct span parameters,
                 struct buf *out,
                 void (*done)(void *ctx, enum outcome outcome, const char *detail),
                 void *ctx);
};

extern const struct auth_scheme auth_scheme_basic;

#endif
