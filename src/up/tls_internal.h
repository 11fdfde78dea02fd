/*
 * tls_internal: what the files of a TLS handshake share: tls.c, tls_verify.c and
 * tls_explain.c.
 */
#ifndef CCGATE_UP_TLS_INTERNAL_H
#define CCGATE_UP_TLS_INTERNAL_H

#include "up/tls_context.h"

/* The certificate that did not verify, the first one that was seen. */
struct tls_fault {
    char subject[160]; /* empty: none */
    int depth;
    char weak_ca[65]; /* the CA whose strength was not enough: SHA-256 in hexadecimal */
};

struct tls_handshake {
    struct tls_options o; /* a reference to the context is held; without texts: */
    char *host;
    char *session; /* or NULL */
    struct tls_waiter waiter;
    struct tls *tls; /* NULL while the context is loaded */
    struct deadline limit;
    struct tls_fault fault;
    char detail[512];
    tls_callback *callback;
    void *ctx;
};

/* The handshake of an SSL, as long as it runs, else NULL. */
struct tls_handshake *tls_handshake_of(const SSL *ssl);

/* ---- tls_explain.c ---- */

/* Writes h->detail for an SSL_connect() that failed with this SSL_get_error(). */
enum outcome tls_explain(struct tls_handshake *h, const SSL *ssl, int ssl_error);

#endif
