/*
 * tls_token: why a token gave nothing. See tls_token.h.
 */
#include "up/tls_token.h"

#include <openssl/err.h>

/* PKCS #11 2.40, 2.1.5: CKR_PIN_INCORRECT to CKR_PIN_LOCKED. Whatever stands between
 * OpenSSL and a token has them as reasons. */
#define PIN_REASON_FIRST 0xa0
#define PIN_REASON_LAST  0xa4

struct tls_token_fault tls_token_fault(void)
{
    struct tls_token_fault fault = {.reason = NULL};
    unsigned long code;

    while ((code = ERR_get_error()) != 0) {
        if (fault.reason == NULL)
            fault.reason = ERR_reason_error_string(code);
        if (ERR_GET_LIB(code) >= ERR_LIB_USER &&
            ERR_GET_REASON(code) >= PIN_REASON_FIRST &&
            ERR_GET_REASON(code) <= PIN_REASON_LAST)
            fault.pin_refused = true;
    }
    return fault;
}
