/*
 * auth: logging in to a proxy (RFC 9110 section 11.7).
 *
 * One struct auth is the login state of one upstream connection. Before each head the
 * caller takes an auth_step() without a challenge and puts auth_value() into
 * Proxy-Authorization; it tells by auth_sent() that the head is on its way, hands every
 * 407 to auth_step(), and reports any other answer by auth_settle(). Schemes stand
 * behind a vtable (auth_scheme.h). A scheme or the guard may answer late, so each step
 * has a callback: exactly once, never before auth_step() returns, never after
 * auth_free().
 */
#ifndef CCGATE_AUTH_AUTH_H
#define CCGATE_AUTH_AUTH_H

#include "auth/gss.h"
#include "auth/guard.h"
#include "base/loop.h"
#include "base/outcome.h"
#include "config/config.h"
#include "http/head.h"

/* What hops have asked for so far, by hop name. Survives a reload. */
struct auth_memory;
struct auth_memory *auth_memory_new(void);
void auth_memory_free(struct auth_memory *memory);

enum auth_known {
    AUTH_KNOWN_NOTHING, /* never spoken to */
    AUTH_KNOWN_OPEN,    /* it answered without asking */
    AUTH_KNOWN_ASKS,    /* it asked: the first head carries a login */
};
enum auth_known auth_memory_get(const struct auth_memory *memory, const char *hop);
/* The scheme last begun with at the hop ("Basic"), or NULL. */
const char *auth_memory_scheme(const struct auth_memory *memory, const char *hop);

/* What the hop offered last, for people ("Negotiate, NTLM"), or NULL. */
const char *auth_memory_names(const struct auth_memory *memory, const char *hop);

/*
 * Why a stronger scheme that the hop offers could not be used ("Negotiate: there is no
 * Kerberos ticket"), or NULL.
 */
const char *auth_memory_note(const struct auth_memory *memory, const char *hop);

/*
 * Whether the login last begun with at the hop is one that lives and dies with its
 * connection.
 */
bool auth_memory_bound(const struct auth_memory *memory, const char *hop);

struct auth;

/*
 * How far a login got that the guard itself asked for (guard_set_repeater()): only
 * schemes that need the password are used, and the guard is not asked.
 */
struct auth_trial {
    bool sent; /* the message that decides */
    bool accepted, rejected;
};

struct auth_options {
    struct loop *loop;
    struct guard *guard;
    struct auth_memory *memory;
    struct gss *gss;                  /* NULL: no Kerberos */
    const char *hop;                  /* hop.name; must live as long as the auth */
    const char *host;                 /* its host, without brackets; likewise */
    bool clear;                       /* there is no TLS to the hop */
    const struct config_login *login; /* likewise */
    bool withheld;                    /* the login is not for this hop */
    bool accepted_only; /* nobody waits for this login: no password goes out that was
                           not accepted before */
    struct auth_trial *trial; /* likewise; NULL but for the repeat of the guard */
    struct span end_point;    /* tls-server-end-point (RFC 5929) of TLS to the hop, or
                                 empty; likewise */
};

/* The request whose head is to carry the login, as it goes to the hop. */
struct auth_request {
    struct span method;
    struct span uri; /* the request-target */
    bool body;       /* it has one, and none of it was sent yet */
    bool asked;      /* the hop has answered it with a 407 on an earlier connection */
};

#define AUTH_TEXT 320 /* room for any detail */

/*
 * Whether a login at this hop would be held back, known without a connection: the hop
 * asks for one that needs a password, and the guard is closed. Then text says why.
 */
bool auth_is_held(const struct auth_options *options, char *text, size_t size);

/*
 * Whether connections to the hop may be opened in advance: it is known, and if it asks
 * for a login, the guard is neither closed nor is the first try under way.
 */
bool auth_allows_advance(const struct auth_options *options);

struct auth *auth_new(const struct auth_options *options);

/*
 * Gives up what is under way: a login that was sent and not answered is told to the
 * guard as lost, one that was not sent lets the next one try. NULL-safe.
 */
void auth_free(struct auth *auth);

/*
 * OK: auth_value() is ready for the next head. Otherwise why not: LOGIN_NO_CREDENTIALS,
 * LOGIN_REJECTED, LOGIN_REFUSED, LOGIN_HELD, LOGIN_SCHEME, LOGIN_BROKEN, INTERNAL;
 * detail is one sentence fragment for people ("the proxy offers only NTLM"), valid
 * during the call.
 */
typedef void auth_callback(void *ctx, enum outcome outcome, const char *detail);

/*
 * Prepares the login for the next head. challenge: the head of a 407, or NULL before
 * the answer to a head was seen (then a login is made up front if the hop is known to
 * ask). The challenge need not outlive this call; what the request points to must stay
 * until the callback.
 */
void auth_step(struct auth *auth, const struct auth_request *request,
               const struct head *challenge, auth_callback *callback, void *ctx);

/* The value for Proxy-Authorization; empty: send none. Valid until the next call. */
struct span auth_value(const struct auth *auth);

/*
 * Tells that the head with auth_value(), even if that is empty, was handed to the
 * socket: from now on the proxy may have seen the login.
 */
void auth_sent(struct auth *auth);

/*
 * Tells that an answer other than 407 came: a login that was sent was accepted. OK, or
 * LOGIN_BROKEN with a static detail: the answer shows that the hop is not who it should
 * be, and the connection is of no use.
 */
enum outcome auth_settle(struct auth *auth, const struct head *answer,
                         const char **detail);

/*
 * Whether a login with the password is on its way and not answered: if it is freed now,
 * the guard is told that it was lost: the hop ended the connection.
 */
bool auth_at_stake(const struct auth *auth);

/* The hop did not, it is we who will not wait for the answer, which may be a rejection.
 */
void auth_abandon(struct auth *auth);

/* Whether the login waits for others with the same password, or for what they tell. */
bool auth_is_queued(const struct auth *auth);

/*
 * Whether a further leg of the login must follow before the request can succeed: its
 * body must not go with the head that auth_value() is for. Such a head is sent as if
 * the request had an empty body.
 */
bool auth_is_leg(const struct auth *auth);

/*
 * After a step: whether the next head carries no login, although one could be made if
 * the hop asked for it: its body had better not be lost with a 407.
 */
bool auth_may_be_asked(const struct auth *auth);

/*
 * After a step: whether the value must go over a fresh connection, because a login that
 * is bound to this one was refused, and another scheme follows. squid takes none on it.
 */
bool auth_spent(const struct auth *auth);

/*
 * Whether a login that lives and dies with the TCP connection (NTLM) has begun on this
 * one. While it is under way and the connection closes, it cannot go on elsewhere; once
 * it is done, further requests carry no login.
 */
bool auth_bound(const struct auth *auth);

/*
 * Whether such a login was accepted and none is under way: requests on this connection
 * need no other.
 */
bool auth_logged_in(const struct auth *auth);

#endif
