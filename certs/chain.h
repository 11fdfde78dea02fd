/*
 * chain: explains the certificates that a server has shown, or those of a CA: how a
 * verification ends under each set of rules, which certificate is at fault and what to
 * do next, and whether somebody inspects the connection.
 *
 * All of it is data; chain_text() and json.h make it readable.
 */
#ifndef CCGATE_CERTS_CHAIN_H
#define CCGATE_CERTS_CHAIN_H

#include "certs/bundle.h"

/* How programs verify. */
enum chain_mode {
    CHAIN_DEFAULT,        /* OpenSSL, Node, Claude Code, Python up to 3.12 */
    CHAIN_PARTIAL,        /* curl: ends in any certificate that is trusted */
    CHAIN_STRICT,         /* what RFC 5280 asks for */
    CHAIN_STRICT_PARTIAL, /* Python from 3.13 on */
    CHAIN_MODES
};

enum chain_place {
    CHAIN_SHOWN, /* by the server */
    CHAIN_HELD,  /* a certificate of the company */
    CHAIN_SYSTEM /* a root of the system */
};

/* A certificate on the way from the server's up to a root. */
struct chain_step {
    const struct cert *cert;
    enum chain_place place;
    size_t number;    /* among those shown, from 1; 0: it was not */
    bool public_root; /* public programs are shipped with it */
};

/* More than this is nobody's chain. */
enum { CHAIN_STEPS = 16, CHAIN_REASONS = 8 };

struct chain_verdict {
    int code;                /* X509_V_OK, or OpenSSL's number of the error */
    const char *error;       /* OpenSSL's words for it */
    int depth;               /* of the certificate at fault; the server's has 0 */
    const struct cert *cert; /* that one; NULL: none, or not one of these */
    size_t number;           /* among those shown, from 1; 0: it was not */
};

/* Whether the connection is inspected: what speaks for it, weighed. */
enum chain_inspection { CHAIN_NOT_INSPECTED, CHAIN_MAYBE_INSPECTED, CHAIN_INSPECTED };

struct chain {
    const struct bundle *shown;
    struct chain_step steps[CHAIN_STEPS]; /* the first is the server's */
    size_t step_count;
    bool complete;    /* the last step is self-signed */
    size_t misplaced; /* number of one shown that does not stand behind what it issued,
                         or is no part of the way; 0: none */

    /* if it is not complete: */
    char *missing;               /* the subject of the issuer that is nowhere */
    char *missing_url;           /* where it is said to be; or NULL */
    const struct cert *namesake; /* has that subject and another key; or NULL */

    struct chain_verdict verdicts[CHAIN_MODES];

    enum chain_inspection inspection;
    const char *vendor; /* or NULL */
    char *reasons[CHAIN_REASONS];
    size_t reason_count;

    char *fault; /* of the default verification, in words; NULL: none */
    char *next;  /* what to do about it */
};

struct chain_options {
    const struct bundle *shown;     /* not empty; the server's own comes first */
    const struct bundle *roots;     /* of the system */
    const struct bundle *corporate; /* that are held besides */
    const char *host;               /* name or address it is to show; NULL: any */
    int64_t now;
    bool authority;  /* the first one is a CA: no server's purpose is asked for */
    bool http1_only; /* the server offers nothing newer, by ALPN */
    const char *other_host; /* that ends in the same certificate; NULL: none is known */
};

/* The bundles must outlive it. NULL when memory is out. */
struct chain *chain_new(const struct chain_options *options);
void chain_free(struct chain *chain); /* NULL-safe */

/* Whether both end in one self-signed certificate, or the same one is missing. */
bool chain_same_top(const struct chain *a, const struct chain *b);

/* Whether a root that public programs are shipped with stands on the way. */
bool chain_is_public(const struct chain *chain);

const char *chain_mode_name(enum chain_mode mode); /* "strict+partial" */
const char *chain_place_name(enum chain_place place);
const char *chain_inspection_name(enum chain_inspection inspection);

/* Append lines for people (chain_text.c). 0 or the error of buf_append(). */
int cert_text(const struct cert *cert, int64_t now, struct buf *out);
int chain_text(const struct chain *chain, int64_t now, struct buf *out);

#endif
