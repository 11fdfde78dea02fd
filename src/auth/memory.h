/*
 * memory: the writing side of struct auth_memory. Private to src/auth.
 */
#ifndef CCGATE_AUTH_MEMORY_H
#define CCGATE_AUTH_MEMORY_H

#include "auth/auth_scheme.h"

/*
 * Remembers that the hop asked; scheme is the one agreed on, a static string, or NULL
 * if there was none. When memory is out, nothing is remembered.
 */
void auth_memory_asks(struct auth_memory *memory, const char *hop, const char *scheme);

/* Remembers that the hop answered without a login, unless it asked before. */
void auth_memory_open(struct auth_memory *memory, const char *hop);

/*
 * Keeps the state of a scheme that has ready() for the next connection to the hop. It
 * has one owner at a time, so that what is counted in it stays in order. False if it is
 * of no use or memory is out: then it stays the caller's.
 */
bool auth_memory_keep(struct auth_memory *memory, const char *hop,
                      const struct auth_scheme *scheme, void *state);

/* The state kept last that is ready for this login, now the caller's; or NULL. */
void *auth_memory_take(struct auth_memory *memory, const char *hop,
                       const struct auth_scheme *scheme,
                       const struct config_login *login, bool body);

#endif
