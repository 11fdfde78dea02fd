/*
 * tls_load: what a context trusts and who we are, read in a worker. Private to
 * up/tls*.c.
 */
#ifndef CCGATE_UP_TLS_LOAD_H
#define CCGATE_UP_TLS_LOAD_H

#include <openssl/ssl.h>
#include <sys/stat.h>

#include "up/tls.h"

/* What a worker fills; it outlives a context that is given up meanwhile. */
struct tls_load {
    struct tls_settings settings; /* copies */
    uint64_t seen;                /* the state of the files that is there already */
    struct bundle held;           /* what is neither the system's nor named */
    SSL_CTX *ssl;                 /* NULL: it failed, or nothing is new */
    uint64_t state;               /* of the files as they were read */
    char error[512];              /* empty: it did not fail */
};

/* NULL when memory is out. */
struct tls_load *tls_load_new(const struct tls_settings *settings, uint64_t seen);
void tls_load_free(void *arg);

/* In a worker: reads all unless the files are as they were when that was `seen`. */
void tls_load_run(void *arg);

/* ---- tls_identity.c ---- */

/*
 * Takes our certificate, those above it, and its key: files as PEM, DER or PKCS#12, or
 * URIs that a store of OpenSSL knows (pkcs11:). False: error says why.
 */
bool tls_identity_load(SSL_CTX *ssl, const struct tls_settings *settings, char *error,
                       size_t error_size);

#endif
