/*
 * place: where a login is made, as the guard wants to know it, and what it knows of one
 * that is held back, in words. Private to src/auth.
 */
#ifndef CCGATE_AUTH_PLACE_H
#define CCGATE_AUTH_PLACE_H

#include "auth/auth.h"

/* "host:port" of a CONNECT, else "http://authority/"; empty if it is too long. */
void place_target(const struct auth_request *request, char target[LEDGER_TEXT]);

/* Why the login is held back, as a sentence fragment. */
void place_held(const struct auth_options *options, char *text, size_t size);

#endif
