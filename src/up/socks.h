/*
 * socks: the dialogue with a SOCKS proxy on one connection (RFC 1928, SOCKS4a), its
 * login by user name and password (RFC 1929) included. A name is passed on as it is.
 *
 * The password goes readable for everybody on the way. It is sent only if the proxy
 * picks that method, `auth` allows Basic, which does the same, and the guard lets it.
 */
#ifndef CCGATE_UP_SOCKS_H
#define CCGATE_UP_SOCKS_H

#include "auth/auth.h"
#include "route/route.h"
#include "up/stream.h"

struct socks_options {
    struct loop *loop;
    struct guard *guard;
    struct stream *stream; /* stays the caller's, not to be used meanwhile */
    const struct hop *hop; /* SOCKS4 or SOCKS5; must live as long as the dialogue */
    struct span host;      /* target, without brackets; copied */
    uint16_t port;
    bool accepted_only;       /* see auth_options */
    struct auth_trial *trial; /* likewise */
    uint64_t greeting_ms;     /* for the answer to the greeting */
    uint64_t login_ms;        /* for each message of a login */
    uint64_t answer_ms;       /* for the answer to the request; 0: no limit */
};

struct socks_result {
    enum outcome outcome; /* OK, SOCKS_*, HOP_CLOSED, LOGIN_*, ANSWER_*, CONNECT_*,
                             INTERNAL */
    bool again;           /* not an end: the proxy left while the login waited for the
                             guard; it can go on over a fresh connection */
    const char *detail;   /* NULL when OK */
};

typedef void socks_callback(void *ctx, const struct socks_result *result);

struct socks;

/*
 * The callback comes exactly once, never before this returns, never after
 * socks_cancel(). When OK, bytes behind the proxy's last message are unread in the
 * stream. NULL when memory is out.
 */
struct socks *socks_start(const struct socks_options *options, socks_callback *callback,
                          void *ctx);
void socks_cancel(struct socks *socks); /* NULL-safe */

/* Whether a login is being made; else an answer is waited for. */
bool socks_is_logging_in(const struct socks *socks);

#endif
