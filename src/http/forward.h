/*
 * forward: what a proxy does to a head on its way (RFC 9110 section 7.6, RFC 9112
 * section 3.2). Pure: reads a parsed head, appends a new one.
 */
#ifndef CCGATE_HTTP_FORWARD_H
#define CCGATE_HTTP_FORWARD_H

#include "base/buf.h"
#include "base/url.h"
#include "http/framing.h"
#include "http/head.h"

struct forward_request {
    const struct head *head;
    const struct url *url; /* the target, parsed */
    bool absolute;         /* absolute-form (to a proxy), else origin-form */
    bool emptied;          /* as if the body were empty: a leg of a login */
    const struct framing *framing;
    struct span via;                 /* own pseudonym */
    struct span proxy_authorization; /* value, empty for none */
    const char *const *extra; /* more lines "Name: value", NULL-terminated, or NULL */
    struct span upgrade;      /* value of Upgrade to relay, empty for none */
};

/*
 * Appends the request head for the next hop: own version, Host replaced by the target's
 * authority, hop-by-hop fields and Proxy-* removed, Via added, framing rewritten. The
 * client's `Connection: close` is never passed on. 0 or the error of buf_append(),
 * which leaves the buffer as it was; -EMSGSIZE also when Connection has more than 64
 * options.
 */
int forward_request(struct buf *out, const struct forward_request *request);

/*
 * Appends the request-target that forward_request() writes, which some logins are made
 * for. 0 or the error of buf_append().
 */
int forward_target(struct buf *out, const struct forward_request *request);

struct forward_response {
    const struct head *head;
    const struct framing *framing; /* as sent to the client */
    struct span via;
    bool keep;                /* the client's connection stays open */
    bool session_auth;        /* a login at the server by NTLM or Negotiate works: the
                                 connection is kept for it */
    struct span upgrade;      /* for 101 */
    struct span proxy_status; /* own member to append, empty for none */
};

/*
 * Appends the response head for the client; interim (1xx) responses too. FRAMING_NONE
 * keeps a valid Content-Length (HEAD, 304), but not in 1xx and 204. Errors as above.
 */
int forward_response(struct buf *out, const struct forward_response *response);

/*
 * Appends the Via line for the next hop, with its CR LF: what came, and ourselves
 * (RFC 9110 section 7.6.3). 0 or the error of buf_append().
 */
int forward_via(struct buf *out, const struct head *head, struct span pseudonym);

/* Whether our pseudonym stands in any Via field. Asked before hop-by-hop removal. */
bool forward_via_has(const struct head *head, struct span pseudonym);

#endif
