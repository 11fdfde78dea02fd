/*
 * tls_rig: what tests of TLS share: certificates made on the spot, and a server on the
 * loop that speaks TLS by OpenSSL's own functions.
 */
#ifndef CCGATE_TESTS_UNIT_TLS_RIG_H
#define CCGATE_TESTS_UNIT_TLS_RIG_H

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "loop_rig.h"

/* ---- certificates ---- */

struct identity {
    X509 *cert;
    EVP_PKEY *key;
};

static inline void extension_add(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509_EXTENSION *extension;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    ck_assert_ptr_nonnull(extension);
    X509_add_ext(cert, extension, -1);
    X509_EXTENSION_free(extension);
}

/* san: "DNS:proxy.test", "IP:127.0.0.1"; NULL for an authority. issuer NULL: itself. */
static inline struct identity identity_make(EVP_PKEY *key, const char *name,
                                            const char *san,
                                            const struct identity *issuer, long from_s,
                                            long until_s)
{
    static long serial = 1;
    struct identity id = {X509_new(), key};
    const struct identity *by = issuer ? issuer : &id;

    ck_assert_ptr_nonnull(id.cert);
    ck_assert_ptr_nonnull(id.key);
    X509_set_version(id.cert, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(id.cert), serial++);
    X509_gmtime_adj(X509_getm_notBefore(id.cert), from_s);
    X509_gmtime_adj(X509_getm_notAfter(id.cert), until_s);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(id.cert), "CN", MBSTRING_ASC,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(id.cert, X509_get_subject_name(by->cert));
    X509_set_pubkey(id.cert, id.key);
    extension_add(id.cert, by->cert, NID_basic_constraints,
                  san ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (san)
        extension_add(id.cert, by->cert, NID_subject_alt_name, san);
    ck_assert_int_gt(X509_sign(id.cert, by->key, EVP_sha256()), 0);
    return id;
}

static inline struct identity identity_new(const char *name, const char *san,
                                           const struct identity *issuer, long from_s,
                                           long until_s)
{
    return identity_make(EVP_EC_gen("P-256"), name, san, issuer, from_s, until_s);
}

static inline void identity_free(struct identity *id)
{
    X509_free(id->cert);
    EVP_PKEY_free(id->key);
}

/* Writes the certificate into a new file; path is a template for mkstemp(). */
static inline void identity_save(const struct identity *id, char *path)
{
    int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_eq(PEM_write_X509(file, id->cert), 1);
    fclose(file);
}

/* ---- the server ---- */

#define TLS_PIECE (16 * 1024)

struct tls_server {
    SSL_CTX *ctx;
    SSL *ssl;
    struct watch *watch;
    bool open;      /* the handshake is done */
    bool failed;    /* TLS failed */
    bool reads;     /* takes what comes */
    size_t to_send; /* bytes of the pattern */
    size_t sent, received;
    bool ended;      /* the other has sent close_notify */
    bool end_after;  /* close_notify behind the last byte */
    bool key_update; /* asks the other one for new keys now and then */
};

static inline void tls_server_send(struct tls_server *s)
{
    char bytes[TLS_PIECE];

    while (s->sent < s->to_send) {
        size_t n = s->to_send - s->sent, put;

        n = n < sizeof(bytes) ? n : sizeof(bytes);
        pattern_fill(bytes, n, s->sent);
        if (s->key_update && s->sent % (1 << 20) == 0)
            SSL_key_update(s->ssl, SSL_KEY_UPDATE_REQUESTED);
        if (SSL_write_ex(s->ssl, bytes, n, &put) != 1)
            return;
        s->sent += put;
    }
    if (s->end_after) {
        SSL_shutdown(s->ssl);
        shutdown(watch_fd(s->watch), SHUT_WR);
        s->end_after = false;
    }
}

static inline void tls_server_read(struct tls_server *s)
{
    char bytes[TLS_PIECE];
    size_t got;

    while (SSL_read_ex(s->ssl, bytes, sizeof(bytes), &got) == 1) {
        pattern_check(bytes, got, s->received);
        s->received += got;
    }
    if (SSL_get_error(s->ssl, 0) == SSL_ERROR_ZERO_RETURN)
        s->ended = true;
}

static inline void tls_server_fired(void *ctx, unsigned events)
{
    struct tls_server *s = ctx;

    (void)events;
    ERR_clear_error();
    if (!s->open) {
        int n = SSL_accept(s->ssl), error = SSL_get_error(s->ssl, n);

        s->open = n == 1;
        if (n != 1 && error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
            s->failed = true;
            watch_want(s->watch, 0);
            shutdown(watch_fd(s->watch), SHUT_WR);
        }
        if (!s->open)
            return;
    }
    if (s->reads && !s->ended)
        tls_server_read(s);
    tls_server_send(s);
    watch_want(s->watch, (s->reads && !s->ended ? WATCH_READ : 0) |
                             (s->sent < s->to_send ? WATCH_WRITE : 0));
}

/* Serves TLS over fd, whose owner it becomes. */
static inline void tls_server_start(struct tls_server *s, int fd,
                                    const struct identity *id)
{
    *s = (struct tls_server){.ctx = SSL_CTX_new(TLS_server_method()), .reads = true};
    ck_assert_int_eq(SSL_CTX_use_certificate(s->ctx, id->cert), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey(s->ctx, id->key), 1);
    SSL_CTX_set_mode(s->ctx, SSL_MODE_ENABLE_PARTIAL_WRITE |
                                 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    s->ssl = SSL_new(s->ctx);
    ck_assert_ptr_nonnull(s->ssl);
    SSL_set_fd(s->ssl, fd);
    s->watch = watch_new(loop, fd, tls_server_fired, s);
    watch_want(s->watch, WATCH_READ);
}

static inline void tls_server_stop(struct tls_server *s)
{
    watch_close(s->watch);
    SSL_free(s->ssl);
    SSL_CTX_free(s->ctx);
}

#endif
