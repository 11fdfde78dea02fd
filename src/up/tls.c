/*
 * tls: the handshake, and the layer it leaves on the stream.
 */
#include "up/tls.h"

#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "up/tls_context.h"

/* The layer's state: lives as long as its stream. */
struct tls {
    SSL *ssl;
    unsigned read_needs, write_needs; /* what the last call waited for */
};

struct tls_handshake {
    struct loop *loop;
    struct tls_context *context;
    struct tls_waiter waiter;
    struct stream *stream;
    struct tls_end_point *end_point; /* or NULL */
    SSL *ssl;
    char *host;
    struct deadline limit;
    char subject[160]; /* of the certificate that did not verify */
    int depth;
    char detail[512];
    tls_callback *callback;
    void *ctx;
};

/* ---- the layer ---- */

static unsigned needs_of(int ssl_error)
{
    if (ssl_error == SSL_ERROR_WANT_READ)
        return STREAM_READ;
    if (ssl_error == SSL_ERROR_WANT_WRITE)
        return STREAM_WRITE;
    return 0;
}

static ssize_t tls_result(struct tls *t, int n, unsigned *needs)
{
    int saved = errno;
    int error = SSL_get_error(t->ssl, n);

    *needs = needs_of(error);
    if (*needs)
        return -EAGAIN;
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    return error == SSL_ERROR_SYSCALL && saved ? -saved : -EPROTO;
}

static ssize_t tls_read(void *state, void *bytes, size_t n)
{
    struct tls *t = state;
    size_t got = 0;

    ERR_clear_error();
    errno = 0;
    t->read_needs = 0;
    int ok = SSL_read_ex(t->ssl, bytes, n, &got);
    return ok ? (ssize_t)got : tls_result(t, ok, &t->read_needs);
}

static ssize_t tls_write(void *state, const void *bytes, size_t n)
{
    struct tls *t = state;
    size_t put = 0;

    ERR_clear_error();
    errno = 0;
    t->write_needs = 0;
    int ok = SSL_write_ex(t->ssl, bytes, n, &put);
    if (ok)
        return (ssize_t)put;
    ssize_t result = tls_result(t, ok, &t->write_needs);
    return result == 0 ? -EPIPE : result;
}

static int tls_shutdown(void *state)
{
    struct tls *t = state;

    ERR_clear_error();
    errno = 0;
    t->write_needs = 0;
    int n = SSL_shutdown(t->ssl);
    if (n >= 0)
        return 0;
    ssize_t result = tls_result(t, n, &t->write_needs);
    return result == -EAGAIN ? -EAGAIN : 0;
}

static bool tls_pending(void *state)
{
    return SSL_pending(((struct tls *)state)->ssl) > 0;
}

/*
 * Reading may have to write first and the reverse (RFC 8446 section 4.6.3); what each
 * direction asked for by itself is already watched.
 */
static unsigned tls_crossed(void *state)
{
    struct tls *t = state;

    return (t->read_needs & STREAM_WRITE) | (t->write_needs & STREAM_READ);
}

static void tls_free(void *state)
{
    struct tls *t = state;

    SSL_free(t->ssl);
    free(t);
}

static const struct stream_layer tls_layer = {
    .read = tls_read,
    .write = tls_write,
    .shutdown = tls_shutdown,
    .pending = tls_pending,
    .crossed = tls_crossed,
    .free = tls_free,
};

/* ---- the handshake ---- */

void tls_cancel(struct tls_handshake *h)
{
    if (!h)
        return;
    tls_context_leave(&h->waiter);
    deadline_clear(h->loop, &h->limit);
    if (h->ssl) {
        stream_want(h->stream, 0);
        SSL_free(h->ssl);
    }
    tls_context_unref(h->context);
    free(h->host);
    free(h);
}

static void handshake_end(struct tls_handshake *h, enum outcome outcome)
{
    tls_callback *callback = h->callback;
    void *ctx = h->ctx;
    char detail[sizeof(h->detail)];

    memcpy(detail, h->detail, sizeof(detail));
    tls_cancel(h);
    callback(ctx, outcome, outcome == OUTCOME_OK ? NULL : detail);
}

static int verify_seen(int ok, X509_STORE_CTX *store)
{
    SSL *ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_handshake *h = SSL_get_app_data(ssl);

    if (!ok && h && !h->subject[0]) {
        X509 *cert = X509_STORE_CTX_get_current_cert(store);

        h->depth = X509_STORE_CTX_get_error_depth(store);
        if (cert)
            X509_NAME_oneline(X509_get_subject_name(cert), h->subject,
                              sizeof(h->subject));
    }
    return ok;
}

static enum outcome certificate_explain(struct tls_handshake *h, long code)
{
    snprintf(h->detail, sizeof(h->detail), "certificate of %s (%s, depth %d): %s (%ld)",
             h->host, h->subject[0] ? h->subject : "no subject", h->depth,
             X509_verify_cert_error_string(code), code);
    return OUTCOME_TLS_CERTIFICATE;
}

static enum outcome handshake_explain(struct tls_handshake *h, int ssl_error)
{
    unsigned long code = ERR_peek_error();
    long verify = SSL_get_verify_result(h->ssl);
    const char *text = ERR_reason_error_string(code);

    if (verify != X509_V_OK)
        return certificate_explain(h, verify);
    if (ssl_error == SSL_ERROR_SYSCALL || ssl_error == SSL_ERROR_ZERO_RETURN) {
        snprintf(h->detail, sizeof(h->detail), "closed during the TLS handshake");
        return OUTCOME_TLS_PROTOCOL;
    }
    int reason = ERR_GET_REASON(code);
    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
        snprintf(h->detail, sizeof(h->detail),
                 "no TLS is spoken there (is it an http:// proxy?)");
        return OUTCOME_TLS_PROTOCOL;
    }
    snprintf(h->detail, sizeof(h->detail), "%s", text ? text : "TLS failed");
    return reason >= SSL_AD_REASON_OFFSET ? OUTCOME_TLS_ALERT : OUTCOME_TLS_PROTOCOL;
}

/* The hash is that of the certificate's signature, but SHA-256 for those too weak. */
static void end_point_set(struct tls_end_point *end_point, SSL *ssl)
{
    X509 *certificate = SSL_get0_peer_certificate(ssl);
    unsigned char hash[EVP_MAX_MD_SIZE];
    const EVP_MD *digest;
    unsigned len = 0;
    int nid;

    end_point->len = 0;
    if (!certificate ||
        X509_get_signature_info(certificate, &nid, NULL, NULL, NULL) != 1)
        return;
    if (nid == NID_md5 || nid == NID_sha1)
        nid = NID_sha256;
    digest = EVP_get_digestbynid(nid);
    if (!digest || X509_digest(certificate, digest, hash, &len) != 1 ||
        len > sizeof(end_point->hash))
        return;
    memcpy(end_point->hash, hash, len);
    end_point->len = len;
}

static bool layer_install(struct tls_handshake *h)
{
    struct tls *t = calloc(1, sizeof(*t));

    if (!t)
        return false;
    if (stream_set_layer(h->stream, &tls_layer, t) != 0) {
        free(t);
        return false;
    }
    if (h->end_point)
        end_point_set(h->end_point, h->ssl);
    t->ssl = h->ssl;
    SSL_set_app_data(t->ssl, NULL);
    h->ssl = NULL;
    stream_want(h->stream, 0);
    return true;
}

static void handshake_step(void *ctx, unsigned events)
{
    struct tls_handshake *h = ctx;

    (void)events;
    ERR_clear_error();
    int n = SSL_connect(h->ssl);
    if (n == 1) {
        if (layer_install(h)) {
            handshake_end(h, OUTCOME_OK);
            return;
        }
        snprintf(h->detail, sizeof(h->detail), "out of memory");
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    int error = SSL_get_error(h->ssl, n);
    unsigned needs = needs_of(error);
    if (needs)
        stream_want(h->stream, needs);
    else
        handshake_end(h, handshake_explain(h, error));
}

static bool identity_set(struct tls_handshake *h)
{
    unsigned char ip[16];

    if (inet_pton(AF_INET, h->host, ip) == 1 || inet_pton(AF_INET6, h->host, ip) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(h->ssl), h->host) == 1;
    SSL_set_hostflags(h->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(h->ssl, h->host) == 1 &&
           SSL_set_tlsext_host_name(h->ssl, h->host) == 1;
}

static void context_ready(struct tls_waiter *waiter)
{
    static const unsigned char alpn[] = "\x08http/1.1";
    struct tls_handshake *h =
        (struct tls_handshake *)((char *)waiter -
                                 offsetof(struct tls_handshake, waiter));
    SSL_CTX *ctx = tls_context_get(h->context);

    if (!ctx) {
        snprintf(h->detail, sizeof(h->detail), "%s", tls_context_error(h->context));
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    h->ssl = SSL_new(ctx);
    if (!h->ssl || !identity_set(h) || SSL_set_fd(h->ssl, stream_fd(h->stream)) != 1) {
        snprintf(h->detail, sizeof(h->detail), "TLS could not be set up for %s",
                 h->host);
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    SSL_set_alpn_protos(h->ssl, alpn, sizeof(alpn) - 1);
    SSL_set_app_data(h->ssl, h);
    SSL_set_verify(h->ssl, SSL_VERIFY_PEER, verify_seen);
    stream_on_event(h->stream, handshake_step, h);
    handshake_step(h, 0);
}

static void limit_fired(void *ctx)
{
    struct tls_handshake *h = ctx;

    snprintf(h->detail, sizeof(h->detail), "the TLS handshake with %s took too long",
             h->host);
    handshake_end(h, OUTCOME_TLS_TIMEOUT);
}

struct tls_handshake *tls_start(const struct tls_options *options,
                                tls_callback *callback, void *ctx)
{
    struct tls_handshake *h = calloc(1, sizeof(*h));

    if (!h)
        return NULL;
    h->host = strdup(options->host);
    if (!h->host) {
        free(h);
        return NULL;
    }
    h->loop = options->loop;
    h->context = tls_context_ref(options->context);
    h->stream = options->stream;
    h->end_point = options->end_point;
    h->callback = callback;
    h->ctx = ctx;
    h->waiter.ready = context_ready;
    deadline_init(&h->limit, limit_fired, h);
    deadline_set(h->loop, &h->limit, options->timeout_ms);
    tls_context_wait(h->context, &h->waiter);
    return h;
}
