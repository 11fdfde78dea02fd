/*
 * digest_message: the Digest scheme (RFC 7616) as text: reading a challenge, computing
 * and writing the answer. Pure: no clock, no random numbers.
 */
#ifndef CCGATE_AUTH_DIGEST_MESSAGE_H
#define CCGATE_AUTH_DIGEST_MESSAGE_H

#include "base/buf.h"

struct digest_hash; /* MD5, SHA-256, SHA-512-256 */

/* A challenge, its texts without quotes and escapes, allocated. */
struct digest_challenge {
    char *realm;
    char *nonce;
    char *opaque; /* NULL: none */
    const struct digest_hash *hash;
    bool named;    /* the challenge names the algorithm, so the answer does */
    bool session;  /* -sess */
    bool qop;      /* "auth" is offered; otherwise the form of RFC 2069 */
    bool userhash; /* the user name goes hashed */
    bool utf8;     /* charset="UTF-8" */
    bool stale;    /* only the nonce of the answer before was wrong */
};

/* Whether it can be answered: a known algorithm, and qop "auth" or none. */
bool digest_challenge_fits(struct span parameters);

/* More for the stronger algorithm; 0 for one that is not known. */
unsigned digest_challenge_strength(struct span parameters);

/* 0; -EINVAL if it has no realm or nonce, or does not fit; -ENOMEM. To be cleared. */
int digest_challenge_parse(struct digest_challenge *challenge, struct span parameters);
void digest_challenge_clear(struct digest_challenge *challenge);

enum { DIGEST_CNONCE = 32 }; /* characters */

struct digest_answer {
    struct span user; /* UTF-8 */
    struct span password;
    struct span method;
    struct span uri;
    struct span cnonce; /* the same for one nonce, since -sess needs that */
    uint32_t count;     /* nc, from 1 */
};

/*
 * Appends the value of Proxy-Authorization. What is worked with is wiped. 0; -EINVAL
 * for control characters in a text; -ENOTSUP where the hash is refused (FIPS);
 * -EMSGSIZE, -ENOMEM.
 */
int digest_value(struct buf *out, const struct digest_challenge *challenge,
                 const struct digest_answer *answer);

#endif
