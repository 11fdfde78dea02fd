/*
 * place: where a login is made: as the guard wants to know it, why it is held back, in
 * words, and what the hop may have. Private to src/auth.
 */
#ifndef CCGATE_AUTH_PLACE_H
#define CCGATE_AUTH_PLACE_H

#include "auth/auth.h"
#include "auth/offers.h"

/* "host:port" of a CONNECT, else "http://authority/"; empty if it is too long. */
void place_target(const struct auth_request *request, char target[LEDGER_TEXT]);

/* Why the login is held back, as a sentence fragment. */
void place_held(const struct auth_options *options, char *text, size_t size);

/* Why the guard answered REFUSED. */
void place_refused(const struct auth_options *options,
                   const struct auth_request *request, char *text, size_t size);

/* Whether a login could be made, whatever the hop may offer. */
bool place_has_login(const struct auth_options *options);

/*
 * Whether the hop is to ask before it gets the login, since nobody knows yet whether
 * the password is right: it may pass some targets, and refuse others, without a look at
 * the login, which its answer says nothing of then. has_turn: the guard has said that
 * it may be tried.
 */
bool place_must_ask(const struct auth_options *options,
                    const struct auth_request *request,
                    const struct auth_scheme *scheme, bool has_turn);

/* Remembers that the hop asked, and for what. */
void place_asks(const struct auth_options *options, const struct offers *offers);

#endif
