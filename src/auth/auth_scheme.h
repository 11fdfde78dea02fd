/*
 * auth_scheme: what a login scheme has to do. One vtable per scheme, in order of
 * strength in auth.c. A scheme's state belongs to one connection at a time.
 */
#ifndef CCGATE_AUTH_AUTH_SCHEME_H
#define CCGATE_AUTH_AUTH_SCHEME_H

#include "auth/auth.h"
#include "base/buf.h"

/* What the next value is made for. All of it is valid until the callback. */
struct auth_turn {
    const struct config_login *login;
    struct auth_request request;
    struct span parameters; /* what stands behind the scheme's name in the challenge;
                               empty when speaking first */
};

struct auth_scheme {
    const char *name; /* as in Proxy-Authenticate, compared without case */
    enum config_auth key;
    bool bound; /* the login lives and dies with the TCP connection */
    /*
     * It sends something made of the password, so that the guard is asked. The refusal
     * of another one costs no account anything: the next scheme is tried.
     */
    bool needs_password;
    bool needs_text; /* the password itself: a hash of it will not do */
    /*
     * A 407 to a value that decides is a rejection. Otherwise step() gets the next
     * challenge, and answers OUTCOME_LOGIN_REJECTED when it is one.
     */
    bool one_try;

    /* State for one connection; NULL when memory is out. May be NULL as a function. */
    void *(*start)(const struct auth_options *options);
    void (*finish)(void *state);

    /* Whether it can answer a challenge with these parameters. NULL: any. */
    bool (*fits)(struct span parameters);

    /*
     * Which of two challenges of the scheme that fit is to be answered: the one with
     * more of this, else the first. NULL: the first that says something.
     */
    unsigned (*strength)(struct span parameters);

    /*
     * Whether the state is good for speaking without a further challenge; body: the
     * request has one, so that a refusal is dear; login NULL: for anybody. NULL:
     * always. A scheme that has this works with states that outlive their connection,
     * see auth_memory_keep().
     */
    bool (*ready)(const void *state, const struct config_login *login, bool body);

    /*
     * Whether the value made last rests on what the proxy may have forgotten since it
     * accepted it: then its rejection is no proof, and may be followed by another try
     * when the password is known to be good. NULL: never.
     */
    bool (*aged)(const void *state);

    /* The value made last was never sent. NULL: that makes no difference. */
    void (*unsent)(void *state);

    /*
     * Whether the value made last is the login itself, which is then accepted or
     * rejected, and not just a message on the way there. NULL: always.
     */
    bool (*decides)(const void *state);

    /*
     * Looks at the answer that ends an accepted login. LOGIN_BROKEN, with a static why:
     * the hop failed to prove who it is. NULL: nothing to see.
     */
    enum outcome (*settled)(void *state, const struct head *answer, const char **why);

    /*
     * Appends the value for the next head to out, with the scheme's name. LOGIN_SCHEME
     * says that the scheme cannot work here and now, and the next one is tried. The
     * callback may come before this returns; auth.c defers it. finish() while it is
     * due: it never comes. out is wiped by auth.c; step() makes all room in it before
     * it writes, so that a buffer that grows leaves no copy.
     */
    void (*step)(void *state, const struct auth_turn *turn, struct buf *out,
                 void (*done)(void *ctx, enum outcome outcome, const char *detail),
                 void *ctx);
};

extern const struct auth_scheme auth_scheme_negotiate; /* Kerberos */
extern const struct auth_scheme auth_scheme_ntlm;
extern const struct auth_scheme auth_scheme_negotiate_ntlm; /* NTLM by that name */
extern const struct auth_scheme auth_scheme_digest;
extern const struct auth_scheme auth_scheme_basic;

#endif
