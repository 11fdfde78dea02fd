/*
 * tls_verify: whether a server's certificate will do: by its chain, or by its key.
 */
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "up/tls_internal.h"

/* ---- pins ---- */

/* "sha256//" and the hash in base64; false: there is no key. */
static bool pin_of(X509 *certificate, char pin[64])
{
    const X509_PUBKEY *key = certificate ? X509_get_X509_PUBKEY(certificate) : NULL;
    unsigned char *der = NULL, hash[32];
    int n = key != NULL ? i2d_X509_PUBKEY(key, &der) : -1;
    bool done = n > 0 && EVP_Digest(der, (size_t)n, hash, NULL, EVP_sha256(), NULL);

    OPENSSL_free(der);
    if (!done)
        return false;
    memcpy(pin, "sha256//", 8);
    (void)EVP_EncodeBlock((unsigned char *)pin + 8, hash, sizeof(hash));
    return true;
}

/* The pin that a line has for the host, or NULL. */
static const char *pin_for(const char *line, const char *host)
{
    size_t n = strlen(host);

    return strncasecmp(line, host, n) == 0 && line[n] == ' ' ? line + n + 1 : NULL;
}

static bool is_pinned(const struct tls_handshake *h)
{
    char *const *pins = tls_context_settings(h->o.context)->pins;

    while (*pins != NULL && pin_for(*pins, h->host) == NULL)
        pins++;
    return *pins != NULL;
}

static bool has_pinned_key(const struct tls_handshake *h, X509 *certificate)
{
    char *const *pins = tls_context_settings(h->o.context)->pins;
    char pin[64];

    if (!pin_of(certificate, pin))
        return false;
    for (; *pins != NULL; pins++) {
        const char *wanted = pin_for(*pins, h->host);

        if (wanted != NULL && strcmp(wanted, pin) == 0)
            return true;
    }
    return false;
}

/* ---- chains ---- */

static bool is_weakness(int error)
{
    return error == X509_V_ERR_EE_KEY_TOO_SMALL ||
           error == X509_V_ERR_CA_KEY_TOO_SMALL || error == X509_V_ERR_CA_MD_TOO_WEAK;
}

static bool fingerprint(X509 *certificate, char text[65])
{
    unsigned char hash[32];

    if (certificate == NULL || X509_digest(certificate, EVP_sha256(), hash, NULL) != 1)
        return false;
    for (size_t i = 0; i < sizeof(hash); i++)
        (void)snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return true;
}

static bool is_listed(char *const *list, const char *text)
{
    while (*list != NULL && strcmp(*list, text) != 0)
        list++;
    return *list != NULL;
}

/* Whether the weak CA that is permitted stands in the chain. */
static bool weakness_permitted(const struct tls_handshake *h, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    char *const *weak = tls_context_settings(h->o.context)->weak_ca;
    char text[65];

    for (int i = 1; i < sk_X509_num(chain); i++)
        if (fingerprint(sk_X509_value(chain, i), text) && is_listed(weak, text))
            return true;
    return false;
}

static void note_fault(struct tls_fault *fault, X509_STORE_CTX *store)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(store);
    X509 *certificate = X509_STORE_CTX_get_current_cert(store);

    fault->depth = X509_STORE_CTX_get_error_depth(store);
    if (certificate != NULL)
        X509_NAME_oneline(X509_get_subject_name(certificate), fault->subject,
                          sizeof(fault->subject));
    if (is_weakness(X509_STORE_CTX_get_error(store)))
        (void)fingerprint(sk_X509_value(chain, fault->depth > 0 ? fault->depth : 1),
                          fault->weak_ca);
}

static int verify_seen(int ok, X509_STORE_CTX *store)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_handshake *h = tls_handshake_of(ssl);

    if (ok || h == NULL)
        return ok;
    if (is_weakness(X509_STORE_CTX_get_error(store)) && weakness_permitted(h, store)) {
        X509_STORE_CTX_set_error(store, X509_V_OK);
        return 1;
    }
    if (h->fault.subject[0] == '\0')
        note_fault(&h->fault, store);
    return 0;
}

/* The server's choice of a protocol comes before its certificate. */
static bool declined_http2(const SSL *ssl)
{
    const unsigned char *name;
    unsigned len;

    SSL_get0_alpn_selected(ssl, &name, &len);
    return len != 2 || memcmp(name, "h2", 2) != 0;
}

int tls_verify(X509_STORE_CTX *store, void *arg)
{
    const SSL *ssl =
        X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_handshake *h = tls_handshake_of(ssl);
    bool good;

    (void)arg;
    if (h != NULL && h->o.chain != NULL && *h->o.chain == NULL)
        *h->o.chain = X509_chain_up_ref(X509_STORE_CTX_get0_untrusted(store));
    if (h != NULL && h->o.http1_only != NULL)
        *h->o.http1_only = declined_http2(ssl);
    if (h == NULL || !is_pinned(h)) {
        X509_STORE_CTX_set_verify_cb(store, verify_seen);
        return X509_verify_cert(store);
    }
    good = has_pinned_key(h, X509_STORE_CTX_get0_cert(store));
    X509_STORE_CTX_set_error(store,
                             good ? X509_V_OK : X509_V_ERR_APPLICATION_VERIFICATION);
    return good;
}
