/*
 * tls_token: certificates and keys of a PKCS#11 token by an engine of OpenSSL's, where
 * there is no provider for them (Debian 12). Private to up/tls*.c.
 */
#ifndef CCGATE_UP_TLS_TOKEN_H
#define CCGATE_UP_TLS_TOKEN_H

#include <openssl/pem.h>
#include <stdbool.h>

/* Loads the engine, for the rest of the process: keys need it that long. */
bool tls_token_is_there(void);

/*
 * What a pkcs11: URI finds: a certificate and a key, or NULL; what is not wanted has no
 * place to go to. OpenSSL's queue of errors says why one is missing. The PIN is asked
 * for by ask(). One thread at a time.
 */
void tls_token_read(const char *uri, pem_password_cb *ask, void *ctx,
                    X509 **certificate, EVP_PKEY **key);

struct tls_token_fault {
    const char *reason; /* the first one; NULL: none is known */
    bool pin_refused;
};

/* Takes all from OpenSSL's queue of errors. */
struct tls_token_fault tls_token_fault(void);

#endif
