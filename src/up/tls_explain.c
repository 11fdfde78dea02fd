/*
 * tls_explain: why a handshake failed: the certificate at fault, and the next step.
 */
#include <openssl/err.h>
#include <stdio.h>

#include "up/tls_internal.h"

static const struct {
    long code;
    const char *step;
} steps[] = {
    {X509_V_ERR_CERT_HAS_EXPIRED,
     "it has to be renewed there, unless the clock here is "
     "wrong"},
    {X509_V_ERR_CERT_NOT_YET_VALID, "is the clock right here?"},
    {X509_V_ERR_HOSTNAME_MISMATCH, "name it as its certificate does"},
    {X509_V_ERR_IP_ADDRESS_MISMATCH, "name it as its certificate does"},
    {X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
     "name it in tls.ca, or its key in tls.pins"},
    {X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN, "name this CA in tls.ca"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
     "name the CA above it, and those in between, in tls.ca"},
    {X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
     "name the CA above it, and those in between, in tls.ca"},
    {X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
     "name the CA above it, and those in between, in tls.ca"},
    {X509_V_ERR_APPLICATION_VERIFICATION,
     "it has another key than tls.pins says: if it was renewed, pin the new one"},
};

static const char *step_of(long code)
{
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        if (steps[i].code == code)
            return steps[i].step;
    return NULL;
}

static enum outcome explain_certificate(struct tls_handshake *h, long code)
{
    const struct tls_fault *fault = &h->fault;
    const char *step = step_of(code);
    int n = snprintf(h->detail, sizeof(h->detail),
                     "certificate of %s (%s, depth %d): %s (%ld)", h->host,
                     fault->subject[0] != '\0' ? fault->subject : "no subject",
                     fault->depth, X509_verify_cert_error_string(code), code);
    char *end = h->detail + n;
    size_t room = sizeof(h->detail) - (size_t)n;

    if (n < 0 || (size_t)n >= sizeof(h->detail))
        return OUTCOME_TLS_CERTIFICATE;
    if (fault->weak_ca[0] != '\0')
        (void)snprintf(end, room, "; tls.weak_ca: \"%s\" permits just this CA",
                       fault->weak_ca);
    else if (step != NULL)
        (void)snprintf(end, room, "; %s", step);
    return OUTCOME_TLS_CERTIFICATE;
}

/* What OpenSSL calls reasons, and we can say more of. */
static const char *explain_reason(int reason)
{
    switch (reason) {
    case SSL_R_WRONG_VERSION_NUMBER:
    case SSL_R_HTTP_REQUEST:
        return "no TLS is spoken there (is it an http:// proxy?)";
    case SSL_R_UNSUPPORTED_PROTOCOL:
    case SSL_R_TLSV1_ALERT_PROTOCOL_VERSION:
        return "it speaks no TLS 1.2 or newer";
    default:
        return NULL;
    }
}

static enum outcome explain_legacy(struct tls_handshake *h)
{
    (void)snprintf(h->detail, sizeof(h->detail),
                   "%s does not know secure renegotiation (RFC 5746): it has to be "
                   "updated; tls.legacy_renegotiation: [\"%s\"] permits just this host",
                   h->host, h->host);
    return OUTCOME_TLS_PROTOCOL;
}

enum outcome tls_explain(struct tls_handshake *h, const SSL *ssl, int ssl_error)
{
    unsigned long code = ERR_peek_error();
    long verify = SSL_get_verify_result(ssl);
    int reason = ERR_GET_REASON(code);
    const char *text = explain_reason(reason);

    if (verify != X509_V_OK)
        return explain_certificate(h, verify);
    if (reason == SSL_R_UNSAFE_LEGACY_RENEGOTIATION_DISABLED)
        return explain_legacy(h);
    if (ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN)
        text = "closed during the TLS handshake";
    else if (text == NULL)
        text = ERR_reason_error_string(code);
    (void)snprintf(h->detail, sizeof(h->detail), "%s",
                   text != NULL ? text : "TLS failed");
    return ssl_error == SSL_ERROR_SSL && reason >= SSL_AD_REASON_OFFSET
               ? OUTCOME_TLS_ALERT
               : OUTCOME_TLS_PROTOCOL;
}
