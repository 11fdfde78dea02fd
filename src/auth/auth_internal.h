/*
 * auth_internal.h: the state of one login, between the files of auth.h. Private to
 * src/auth/auth*.c.
 */
#ifndef CCGATE_AUTH_AUTH_INTERNAL_H
#define CCGATE_AUTH_AUTH_INTERNAL_H

#include "auth/auth.h"
#include "auth/auth_scheme.h"
#include "auth/offers.h"
#include "base/buf.h"

enum { AUTH_DETAIL = 512 };

enum auth_state {
    STATE_IDLE,
    STATE_ASKING,  /* the guard */
    STATE_MAKING,  /* the scheme is at work */
    STATE_READY,   /* the value, which may be empty, stands for the next head */
    STATE_SENT,    /* and that head was sent */
    STATE_JUDGING, /* the guard, what a rejection means */
};

struct auth {
    struct auth_options o;
    enum auth_state state;
    const struct auth_scheme *scheme; /* NULL: none yet */
    void *scheme_state;
    bool borrowed;  /* the state is one of auth_memory_take() */
    bool begun;     /* a message of a scheme that is bound was sent */
    bool spent;     /* ... and refused: another scheme needs another connection */
    bool logged_in; /* such a login was accepted: this connection needs no other */
    bool abandoned; /* nobody waits for the answer any more */
    bool waiting;   /* no value: the scheme needs a challenge first */
    struct buf value;
    struct auth_request request; /* during a step */
    struct buf challenges;       /* of the last 407, which the offers point into */
    struct offers offers;        /* or, up front, what the hop has offered before */
    bool up_front;               /* this step has no challenge */
    bool asked;                  /* the value answers one */
    scheme_set tried;            /* schemes that could not be used in this step */
    struct guard_ticket *ticket;
    unsigned challenges_seen; /* since the last other answer */
    struct deferred deferred;
    auth_callback *callback; /* NULL: no step is under way */
    void *ctx;
    enum outcome outcome;
    char detail[AUTH_DETAIL];
};

/* Whether the value is the login itself, not just a message on the way there. */
bool auth_value_decides(const struct auth *auth);

/* A state that is good for another connection is left to it. */
void auth_leave_scheme(struct auth *auth);

#endif
