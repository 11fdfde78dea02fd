/*
 * guard: no account is ever locked by us.
 *
 * Keyed on user (as written), domain and secret, not on hop or scheme. While a secret
 * is neither accepted nor rejected, one login at a time is let through; the others wait
 * without having sent anything. One rejection holds every further login with that
 * secret back, until user, domain or secret changes.
 */
#ifndef CCGATE_AUTH_GUARD_H
#define CCGATE_AUTH_GUARD_H

#include "base/loop.h"
#include "config/config.h"

struct guard;
struct guard_ticket; /* a permission to try, or the wait for one */

struct guard *guard_new(struct loop *loop);
void guard_free(struct guard *guard); /* all tickets must be gone */

/*
 * allowed: go on; otherwise the guard is closed for this login, and only guard_drop()
 * is left for the ticket.
 */
typedef void guard_callback(void *ctx, bool allowed);

/*
 * Asks to try a login. The callback comes exactly once, never before this returns,
 * never after guard_drop(). NULL when memory is out.
 */
struct guard_ticket *guard_ask(struct guard *guard, const struct config_login *login,
                               guard_callback *callback, void *ctx);

/* The answer to the login that the ticket allowed. Ends the ticket. */
void guard_accepted(struct guard_ticket *ticket);
void guard_rejected(struct guard_ticket *ticket, const char *hop);

/* The login was never sent. Ends the ticket; the next waiter may try. */
void guard_drop(struct guard_ticket *ticket); /* NULL-safe */

/* The login was sent and no answer came: counts as rejected if never accepted. */
void guard_lost(struct guard_ticket *ticket, const char *hop);

enum guard_state { GUARD_UNTRIED, GUARD_TRYING, GUARD_ACCEPTED, GUARD_CLOSED };

/* For status. *hop (may be NULL): where it was rejected, valid until the next call. */
enum guard_state guard_state_of(const struct guard *guard,
                                const struct config_login *login, const char **hop);

#endif
