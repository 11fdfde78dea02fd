/*
 * memory: the writing side of struct auth_memory. Private to src/auth.
 */
#ifndef CCGATE_AUTH_MEMORY_H
#define CCGATE_AUTH_MEMORY_H

#include "auth/auth.h"

/*
 * Remembers that the hop asked; scheme is the one agreed on, a static string, or NULL
 * if there was none. When memory is out, nothing is remembered.
 */
void auth_memory_asks(struct auth_memory *memory, const char *hop, const char *scheme);

/* Remembers that the hop answered without a login, unless it asked before. */
void auth_memory_open(struct auth_memory *memory, const char *hop);

#endif
