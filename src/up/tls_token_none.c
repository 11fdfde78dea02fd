/*
 * tls_token_none: the stand-in where OpenSSL has no engines (4.0, or built without).
 * See tls_token.h.
 */
#include "up/tls_token.h"

bool tls_token_is_there(void)
{
    return false;
}

void tls_token_read(const char *uri, pem_password_cb *ask, void *ctx,
                    X509 **certificate, EVP_PKEY **key)
{
    (void)uri, (void)ask, (void)ctx, (void)certificate, (void)key;
}
