/*
 * gss_maker: who makes the tokens of Negotiate: the GSSAPI library behind a seam, so
 * that the threads that wait for it (gss.h) do not know it. Private to src/auth.
 */
#ifndef CCGATE_AUTH_GSS_MAKER_H
#define CCGATE_AUTH_GSS_MAKER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/span.h"

#define GSS_WHY 320 /* room for any reason */

/* Whom to log in to, and as whom. */
struct gss_target {
    char *host;         /* a name; its service is HTTP */
    char *keytab;       /* absolute path; NULL: the user's tickets */
    char *principal;    /* NULL: the one that the tickets or the keytab are for */
    char *binding;      /* channel binding (RFC 5056), of binding_len bytes */
    size_t binding_len; /* 0: none */
};

/* False when memory is out; to is cleared then. */
bool gss_target_copy(struct gss_target *to, const struct gss_target *from);
void gss_target_clear(struct gss_target *target);

enum gss_verdict {
    GSS_GOES_ON,  /* a token; the peer may answer with one of its own */
    GSS_COMPLETE, /* nothing further is expected; there may be a last token */
    GSS_UNABLE,   /* no token is to be had here now; why says what helps */
    GSS_BAD_PEER, /* what the peer sent does not fit */
};

struct gss_result {
    enum gss_verdict verdict;
    bool rejected; /* UNABLE: the KDC took the keytab's key for a wrong password */
    char *token;   /* for gss_result_clear(); NULL: none */
    size_t token_len;
    char why[GSS_WHY]; /* when there is no token, for people */
};

/* Wipes and frees the token. */
void gss_result_clear(struct gss_result *result);

struct gss_maker {
    /*
     * The next step of a security context, which begins as NULL. input: the peer's
     * token, empty at first. May block for long; different contexts are independent of
     * each other, so this is called from several threads. The result is empty before.
     */
    void (*step)(void **context, const struct gss_target *target, struct span input,
                 struct gss_result *result);
    void (*release)(void *context); /* does not block; NULL-safe */
};

/* MIT Kerberos, opened at first need; or one that says that it was left out. */
extern const struct gss_maker gss_library;

#endif
