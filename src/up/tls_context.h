/*
 * tls_context: the trust store of tls.h, and the wait for it. Private to up/tls*.c.
 */
#ifndef CCGATE_UP_TLS_CONTEXT_H
#define CCGATE_UP_TLS_CONTEXT_H

#include <openssl/ssl.h>

#include "up/tls.h"
#include "up/tls_sessions.h"

/* Somebody who waits for the store. */
struct tls_waiter {
    struct tls_waiter *next, *prev; /* NULL when not waiting */
    void (*ready)(struct tls_waiter *waiter);
};

/*
 * Calls ready() once the store is loaded or has failed, from the loop, never before
 * this returns. A load that failed is tried anew for the next waiter.
 */
void tls_context_wait(struct tls_context *context, struct tls_waiter *waiter);
void tls_context_leave(struct tls_waiter *waiter);

/* NULL: loading failed, tls_context_error() says why. */
SSL_CTX *tls_context_get(struct tls_context *context);
const char *tls_context_error(const struct tls_context *context);

struct tls_sessions *tls_context_sessions(struct tls_context *context);

/* The settings, which it was made with. */
const struct tls_settings *tls_context_settings(const struct tls_context *context);

/* What the SSL_CTX calls: tls_verify.c checks, tls.c keeps new sessions. */
int tls_verify(X509_STORE_CTX *store, void *arg);
int tls_session_new(SSL *ssl, SSL_SESSION *session);

#endif
