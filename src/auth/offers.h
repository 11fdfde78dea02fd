/*
 * offers: the schemes there are, and which of them a 407 offers. Private to src/auth.
 */
#ifndef CCGATE_AUTH_OFFERS_H
#define CCGATE_AUTH_OFFERS_H

#include "auth/auth_scheme.h"
#include "auth/challenge.h"

enum { OFFERS_NAMES = 160, OFFERS_REALM = 60 + 16 };

/* The scheme of this name, or NULL. */
const struct auth_scheme *scheme_named(struct span name);

/* Whether the configuration allows the scheme. */
bool scheme_allowed(const struct auth_scheme *scheme, const struct config_login *login);

/* What the Proxy-Authenticate lines of a 407 offer. The spans point into its head. */
struct offers {
    size_t count;
    const struct auth_scheme *best; /* the preferred one that we can and may use */
    struct challenge challenge;     /* its challenge */
    bool again;                     /* the scheme that is being spoken is offered */
    struct challenge next;          /* then: its challenge */
    bool forbidden;                 /* one that we can, but may not use */
    char names[OFFERS_NAMES];       /* for people */
    size_t names_len;
};

/* spoken: the scheme that the 407 answers, or NULL. */
void offers_read(struct offers *offers, const struct head *head,
                 const struct config_login *login, const struct auth_scheme *spoken);

/* ", realm \"...\"" of the best challenge in printable ASCII, or nothing. */
const char *offers_realm(const struct offers *offers, char text[OFFERS_REALM]);

#endif
