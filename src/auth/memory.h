/*
 * memory: the writing side of struct auth_memory. Private to src/auth.
 */
#ifndef CCGATE_AUTH_MEMORY_H
#define CCGATE_AUTH_MEMORY_H

#include "auth/auth_scheme.h"
#include "auth/offers.h"

/* Remembers that the hop asked, and for what. When memory is out, nothing is. */
void auth_memory_asks(struct auth_memory *memory, const char *hop,
                      const struct offers *offers);

/* The schemes that the hop offered last. */
scheme_set auth_memory_offered(const struct auth_memory *memory, const char *hop);

/* Whether the hop ever offered a scheme that does not send the password itself. */
bool auth_memory_stronger(const struct auth_memory *memory, const char *hop);

/* Remembers that the hop answered without a login, unless it asked before. */
void auth_memory_open(struct auth_memory *memory, const char *hop);

/* Remembers the scheme that is begun with. */
void auth_memory_begins(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme);

/*
 * The scheme cannot be used at the hop until a time of the loop's clock; why is for
 * people, who are told that of the strongest one. Once more than that time is no reason
 * to forget why.
 */
void auth_memory_unable(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme, uint64_t until,
                        const char *why);
bool auth_memory_is_unable(const struct auth_memory *memory, const char *hop,
                           const struct auth_scheme *scheme, uint64_t now);

/* A login by the scheme was accepted: it can be used. */
void auth_memory_able(struct auth_memory *memory, const char *hop,
                      const struct auth_scheme *scheme);

/*
 * Keeps the state of a scheme that has ready() for the next connection to the hop. It
 * has one owner at a time, so that what is counted in it stays in order. False if it is
 * of no use or memory is out: then it stays the caller's.
 */
bool auth_memory_keep(struct auth_memory *memory, const char *hop,
                      const struct auth_scheme *scheme, void *state);

/* Drops what was kept of a scheme: the hop may have forgotten it. */
void auth_memory_forget(struct auth_memory *memory, const char *hop,
                        const struct auth_scheme *scheme);

/*
 * The state kept last that is ready for this login, now the caller's; or NULL. It is
 * out until the caller says that it is back: kept again, or no more.
 */
void *auth_memory_take(struct auth_memory *memory, const char *hop,
                       const struct auth_scheme *scheme,
                       const struct config_login *login, bool body);
void auth_memory_back(struct auth_memory *memory, const char *hop);
bool auth_memory_is_out(const struct auth_memory *memory, const char *hop);

#endif
