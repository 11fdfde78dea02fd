/*
 * guard: no account is ever locked by us.
 *
 * Keyed on user and domain, without case, and secret, not on hop or scheme. No secret
 * costs more than two failed logins, and one if it was never accepted, in whatever
 * processes, and restarts do not change that: what is known of a login stands in the
 * state file (ledger.h).
 *
 * A login needs the turn, which one at a time has; the rest waits without having sent
 * anything. A secret that was never accepted is written down before it is sent, so that
 * a crash before the answer counts as a failure. One rejection closes: nothing is sent
 * with that secret any more, until user, domain or secret changes, or `ccgate auth
 * rearm`.
 *
 * A rejection of a secret that was accepted before may be a refusal of the target. So
 * one login is repeated where it was last accepted: accepted again, the target is
 * remembered as refused; rejected, the guard closes. If it cannot be repeated, the next
 * rejection closes.
 */
#ifndef CCGATE_AUTH_GUARD_H
#define CCGATE_AUTH_GUARD_H

#include "auth/ledger.h"
#include "base/loop.h"
#include "config/config.h"

struct guard;
struct guard_ticket; /* a permission to try, or the wait for one */

/*
 * state_dir: of the state file, which is read at once; NULL: none, the guard then
 * remembers until the process ends. So it does, and says so, if the file is unusable.
 */
struct guard *guard_new(struct loop *loop, const char *state_dir);

/*
 * A login or a repeat that goes unanswered for so long was not rejected: its answer
 * waits for the target's. A proxy that needs longer to reject may get a third wrong
 * login. 5 s without this.
 */
void guard_set_limit(struct guard *guard, uint64_t limit_ms);

/* All tickets must be gone. May wait for the disk. NULL-safe. */
void guard_free(struct guard *guard);

/* What is wrong with the state file, as a sentence fragment; NULL: nothing. */
const char *guard_trouble(const struct guard *guard);

/* The state file, for others who note failures in it; NULL: there is none. */
struct ledger *guard_ledger(const struct guard *guard);

/* Where a login is made. Texts are copied. */
struct guard_place {
    const char *hop;    /* hop.name */
    const char *target; /* "host:port" of a CONNECT, else "http://authority/" */
};

/* ---- logins ---- */

enum guard_answer {
    GUARD_ALLOWED,  /* go on */
    GUARD_HELD,     /* the guard is closed: send nothing */
    GUARD_REJECTED, /* after guard_rejected(): the login counts as wrong */
    GUARD_REFUSED,  /* the secret is right, the hop refuses the target to it, or has
                       another one for this user */
};

/* Unless ALLOWED, only guard_drop() is left for the ticket. */
typedef void guard_callback(void *ctx, enum guard_answer answer);

/*
 * Asks to try a login, which must have user and secret. The callback comes exactly
 * once, never before this returns, never after guard_drop(). NULL when memory is out.
 */
struct guard_ticket *guard_ask(struct guard *guard, const struct config_login *login,
                               const struct guard_place *place,
                               guard_callback *callback, void *ctx);

/* The answer to the login that the ticket allowed, and the hop had asked for. Ends the
 * ticket. */
void guard_accepted(struct guard_ticket *ticket);

/*
 * The hop let it pass without having asked for it: nobody knows whether it looked at
 * the login. So this is no place for a repeat. Ends the ticket.
 */
void guard_passed(struct guard_ticket *ticket);

/*
 * The other answer. What it means may need a repeat, so the callback comes once more,
 * with REJECTED or REFUSED. A guard_drop() before that changes nothing for the others.
 */
void guard_rejected(struct guard_ticket *ticket);

/*
 * Likewise, for a login that another one, made anew, may do better than (a nonce that
 * the hop has forgotten): if the secret turns out to be good, the callback comes with
 * ALLOWED as soon as it is this ticket's turn.
 */
void guard_doubted(struct guard_ticket *ticket);

/* The login was never sent. Ends the ticket; the next waiter may try. NULL-safe. */
void guard_drop(struct guard_ticket *ticket);

/* It was sent and no answer came: rejected, if not known to be good. Ends the ticket.
 */
void guard_lost(struct guard_ticket *ticket);

/*
 * It was sent, and nobody waits for the answer, which may be a rejection: like a lost
 * one, and before the next login of a good secret it is looked whether it still is
 * good. Ends the ticket.
 */
void guard_abandoned(struct guard_ticket *ticket);

/*
 * This process is about to end: a login of a good secret that is lost from now on may
 * be rejected when nobody listens any more, and whoever makes the next one, in whatever
 * process, looks first whether the secret still is good.
 */
void guard_end(struct guard *guard);

/* Whether a login that it allowed, or a repeat, has no answer yet. */
bool guard_is_trying(const struct guard *guard);

/* Targets that hops refused are asked for again; not hops that never accepted it. */
void guard_forget_refusals(struct guard *guard);

/* Announces a login of the configuration, so that its slow key is ready when needed. */
void guard_expect(struct guard *guard, const struct config_login *login);

/* ---- the repeat ---- */

enum guard_repeated {
    GUARD_REPEAT_ACCEPTED,
    GUARD_REPEAT_REJECTED,
    GUARD_REPEAT_LOST,       /* sent, and the connection ended before an answer came */
    GUARD_REPEAT_IMPOSSIBLE, /* nothing was sent that decides */
};

typedef void guard_repeat_done(void *arg, enum guard_repeated result);

/* Who can make a login; it goes past the guard. */
struct guard_repeater {
    /*
     * login: only user, domain and secret count. NULL: impossible. done comes once,
     * never before this returns, never after cancel.
     */
    void *(*start)(void *ctx, const struct config_login *login,
                   const struct guard_place *place, guard_repeat_done *done, void *arg);
    void (*cancel)(void *repeat);
};

void guard_set_repeater(struct guard *guard, const struct guard_repeater *repeater,
                        void *ctx);

/*
 * Whose account it is: the user without the domain, which may stand in the name or
 * beside it. For ledger_key(). NULL without a user.
 */
const char *guard_account(const struct config_login *login);

/* Whether user, domain and secret are the same. */
bool guard_same_login(const struct config_login *a, const struct config_login *b);

/* ---- what is known ---- */

enum guard_state {
    GUARD_UNTRIED,
    GUARD_TRYING,
    GUARD_ACCEPTED,
    GUARD_DOUBTED, /* rejected once since it was accepted */
    GUARD_CLOSED,
};

/*
 * As this process knows it. *record (may be NULL): details, NULL if there are none;
 * valid until the next call of any function here.
 */
enum guard_state guard_state_of(const struct guard *guard,
                                const struct config_login *login,
                                const struct ledger_login **record);

/* Takes over at once what other processes have written. May wait for the disk. */
void guard_look(struct guard *guard);

/* Whether a login would be HELD. Cheap. */
bool guard_is_closed(const struct guard *guard, const struct config_login *login);

/* Hops that have ever offered something stronger than Basic; survives a restart. */
void guard_note_stronger(struct guard *guard, const char *hop);
bool guard_is_stronger(const struct guard *guard, const char *hop);

#endif
