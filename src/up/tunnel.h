/*
 * tunnel: the CONNECT dialogue with a proxy on one connection (RFC 9110 section 9.3.6),
 * its login included. Or that of a GET, which is only made for the login: any answer
 * but 407 is good.
 */
#ifndef CCGATE_UP_TUNNEL_H
#define CCGATE_UP_TUNNEL_H

#include "auth/auth.h"
#include "http/quote.h"
#include "up/stream.h"

struct tunnel_options {
    struct loop *loop;
    struct stream *stream; /* stays the caller's, not to be used meanwhile */
    struct auth *auth; /* likewise; unless OK, and after a cancel, a step may be under
                          way in it, and auth_free() is all that is left for it */
    struct span host;  /* target, without brackets; copied */
    uint16_t port;
    struct span url;     /* not empty: a GET for this, instead of CONNECT; copied */
    bool head;           /* then: HEAD instead of GET */
    bool asked;          /* the proxy has answered it with a 407 before */
    struct span via;     /* the Via line, with its CR LF; copied */
    char *const *header; /* extra lines; must live as long as the tunnel */
    uint64_t answer_ms;  /* for each answer */
    uint64_t login_ms;   /* for the login to be ready to send, and for the answer to
                            a leg of it that does not decide */
    uint64_t body_ms;    /* for reading a 407's body */
    uint64_t body_limit; /* bytes of a 407's body, and of a page that is read out */
};

struct tunnel_result {
    enum outcome outcome; /* OK, HOP_CLOSED, LOGIN_*, ANSWER_*, CONNECT_*, INTERNAL */
    bool again;         /* not an end: the connection is spent, but the login can go on
                           over a fresh one */
    bool reusable;      /* refused, or a GET: the connection is logged in and can take
                           another request */
    uint16_t status;    /* of the proxy's last answer, 0 if none */
    const char *detail; /* NULL when OK */
    char quote[QUOTE_LIMIT + 1]; /* of the page that came with a refusal */
};

typedef void tunnel_callback(void *ctx, const struct tunnel_result *result);

struct tunnel;

/*
 * The callback comes exactly once, never before this returns, never after
 * tunnel_cancel(). When OK, bytes behind the answer's head are unread in the stream.
 * NULL when memory is out.
 */
struct tunnel *tunnel_start(const struct tunnel_options *options,
                            tunnel_callback *callback, void *ctx);
void tunnel_cancel(struct tunnel *tunnel); /* NULL-safe */

/* Whether a login is being made; else an answer is waited for. */
bool tunnel_is_logging_in(const struct tunnel *tunnel);

#endif
