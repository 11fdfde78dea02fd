/*
 * challenge: the challenges of Proxy-Authenticate values (RFC 9110 section 11.6.1).
 *
 * A value is a list of challenges whose parameters are a list with the same comma;
 * quoted strings may hold commas too. Read leniently: what is no challenge is passed
 * over. Pure; all spans point into the value.
 */
#ifndef CCGATE_AUTH_CHALLENGE_H
#define CCGATE_AUTH_CHALLENGE_H

#include "base/span.h"

struct challenge {
    struct span scheme;     /* a token, never empty; compare without case */
    struct span parameters; /* the token68, or all auth-params with their commas */
    bool token68;
};

/* Cuts the next challenge off the value of one line. False when there is none left. */
bool challenge_next(struct span *rest, struct challenge *challenge);

/*
 * Finds an auth-param by its name, compared without case. *value is without the quotes;
 * quoted-pairs in it are left as they stand. False if there is none.
 */
bool challenge_parameter(const struct challenge *challenge, struct span name,
                         struct span *value);

#endif
