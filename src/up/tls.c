/*
 * tls: the handshake, and the layer it leaves on the stream.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "up/tls_bio.h"
#include "up/tls_internal.h"

/* The layer's state: lives as long as its stream. */
struct tls {
    SSL *ssl;
    struct tls_handshake *handshake; /* NULL once it is done */
    struct tls_context *context;
    struct stream_below *below;       /* the SSL's own, if it is not on the socket */
    char *session;                    /* the name of those to keep, or NULL */
    bool offered;                     /* one of them, to be resumed */
    unsigned read_needs, write_needs; /* what the last call waited for */
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
        return t->below ? stream_below_shutdown(t->below) : 0;
    ssize_t result = tls_result(t, n, &t->write_needs);
    return result == -EAGAIN ? -EAGAIN : 0;
}

static bool tls_pending(void *state)
{
    return SSL_pending(((struct tls *)state)->ssl) > 0;
}

/* Session tickets come when they like (RFC 8446 section 4.6.1), and mean nothing. */
static bool tls_quiet(void *state)
{
    struct tls *t = state;
    char byte;
    size_t got;

    ERR_clear_error();
    int ok = SSL_peek_ex(t->ssl, &byte, 1, &got);
    return !ok && SSL_get_error(t->ssl, ok) == SSL_ERROR_WANT_READ;
}

/*
 * Reading may have to write first and the reverse (RFC 8446 section 4.6.3); what each
 * direction asked for by itself is already watched.
 */
static unsigned tls_crossed(void *state)
{
    struct tls *t = state;

    unsigned below = t->below ? stream_below_crossed(t->below) : 0;

    return below | (t->read_needs & STREAM_WRITE) | (t->write_needs & STREAM_READ);
}

static void tls_free(void *state)
{
    struct tls *t = state;

    SSL_free(t->ssl);
    tls_context_unref(t->context);
    free(t->session);
    free(t);
}

static const struct stream_layer tls_layer = {
    .read = tls_read,
    .write = tls_write,
    .shutdown = tls_shutdown,
    .pending = tls_pending,
    .quiet = tls_quiet,
    .crossed = tls_crossed,
    .free = tls_free,
};

/* ---- sessions ---- */

int tls_session_new(SSL *ssl, SSL_SESSION *session)
{
    struct tls *t = SSL_get_app_data(ssl);

    if (t->session)
        tls_sessions_keep(tls_context_sessions(t->context), t->session, session);
    return 0;
}

static void session_resume(struct tls *t)
{
    SSL_SESSION *session;

    if (!t->session)
        return;
    session = tls_sessions_find(tls_context_sessions(t->context), t->session);
    t->offered = session && SSL_set_session(t->ssl, session) == 1;
}

/*
 * Squid that asks for certificates without a session context, like all of OpenSSL's
 * servers (SSL_CTX_set_session_id_context(3)), hands out sessions and ends a connection
 * that resumes one.
 */
static void session_refuse(struct tls_handshake *h, enum outcome outcome)
{
    const struct tls *t = h->tls;

    if (outcome != OUTCOME_TLS_ALERT || !h->o.not_resumed || !t->offered)
        return;
    tls_sessions_refuse(tls_context_sessions(t->context), t->session);
    *h->o.not_resumed = true;
}

/* ---- the handshake ---- */

struct tls_handshake *tls_handshake_of(const SSL *ssl)
{
    struct tls *t = SSL_get_app_data(ssl);

    return t->handshake;
}

void tls_cancel(struct tls_handshake *h)
{
    if (!h)
        return;
    tls_context_leave(&h->waiter);
    deadline_clear(h->o.loop, &h->limit);
    if (h->tls) {
        stream_want(h->o.stream, 0);
        tls_free(h->tls);
    }
    tls_context_unref(h->o.context);
    free(h->host);
    free(h->session);
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
    struct tls *t = h->tls;

    if (stream_set_layer(h->o.stream, &tls_layer, t) != 0)
        return false;
    if (h->o.end_point)
        end_point_set(h->o.end_point, t->ssl);
    t->handshake = NULL;
    h->tls = NULL;
    stream_want(h->o.stream, 0);
    return true;
}

static void handshake_fail(struct tls_handshake *h, int error)
{
    enum outcome outcome = tls_explain(h, h->tls->ssl, error);

    session_refuse(h, outcome);
    handshake_end(h, outcome);
}

static void handshake_step(void *ctx, unsigned events)
{
    struct tls_handshake *h = ctx;
    struct tls *t = h->tls;

    (void)events;
    ERR_clear_error();
    int n = SSL_connect(t->ssl);
    if (n == 1) {
        if (layer_install(h)) {
            handshake_end(h, OUTCOME_OK);
            return;
        }
        snprintf(h->detail, sizeof(h->detail), "out of memory");
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    int error = SSL_get_error(t->ssl, n);
    unsigned needs = needs_of(error);
    if (needs)
        stream_want(h->o.stream,
                    needs | (t->below ? stream_below_crossed(t->below) : 0));
    else
        handshake_fail(h, error);
}

/* ---- its beginning ---- */

static bool identity_set(const struct tls_handshake *h, SSL *ssl)
{
    unsigned char ip[16];

    if (inet_pton(AF_INET, h->host, ip) == 1 || inet_pton(AF_INET6, h->host, ip) == 1)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), h->host) == 1;
    SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    return SSL_set1_host(ssl, h->host) == 1 &&
           SSL_set_tlsext_host_name(ssl, h->host) == 1;
}

/* On the socket or, inside other TLS, over what is above it now. */
static bool transport_set(struct tls *t, struct stream *stream)
{
    BIO *bio;

    if (!stream_is_layered(stream))
        return SSL_set_fd(t->ssl, stream_fd(stream)) == 1;
    t->below = stream_take_below(stream);
    bio = t->below ? tls_bio_new(t->below) : NULL;
    if (!bio) {
        stream_below_free(t->below);
        t->below = NULL;
        return false;
    }
    SSL_set_bio(t->ssl, bio, bio);
    return true;
}

static struct tls *tls_new(const struct tls_handshake *h, SSL_CTX *ctx)
{
    struct tls *t = calloc(1, sizeof(*t));

    if (!t)
        return NULL;
    t->context = tls_context_ref(h->o.context);
    t->session = h->session ? strdup(h->session) : NULL;
    t->ssl = SSL_new(ctx);
    if (t->ssl && identity_set(h, t->ssl) && transport_set(t, h->o.stream))
        return t;
    tls_free(t);
    return NULL;
}

static bool is_legacy(const struct tls_handshake *h)
{
    char *const *hosts = tls_context_settings(h->o.context)->legacy;

    while (*hosts && strcasecmp(*hosts, h->host) != 0)
        hosts++;
    return *hosts;
}

static void offer_protocols(const struct tls_handshake *h)
{
    static const unsigned char alpn[] = "\x02h2\x08http/1.1";
    size_t from = h->o.http1_only != NULL ? 0 : 3;

    SSL_set_alpn_protos(h->tls->ssl, alpn + from, (unsigned)(sizeof(alpn) - 1 - from));
}

static void context_ready(struct tls_waiter *waiter)
{
    struct tls_handshake *h =
        (struct tls_handshake *)((char *)waiter -
                                 offsetof(struct tls_handshake, waiter));
    SSL_CTX *ctx = tls_context_get(h->o.context);

    if (!ctx) {
        snprintf(h->detail, sizeof(h->detail), "%s", tls_context_error(h->o.context));
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    h->tls = tls_new(h, ctx);
    if (!h->tls) {
        snprintf(h->detail, sizeof(h->detail), "TLS could not be set up for %s",
                 h->host);
        handshake_end(h, OUTCOME_INTERNAL);
        return;
    }
    h->tls->handshake = h;
    SSL_set_app_data(h->tls->ssl, h->tls);
    offer_protocols(h);
    if (is_legacy(h))
        SSL_set_options(h->tls->ssl, SSL_OP_LEGACY_SERVER_CONNECT);
    if (h->o.no_identity)
        SSL_certs_clear(h->tls->ssl);
    session_resume(h->tls);
    stream_on_event(h->o.stream, handshake_step, h);
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
    h->session = options->session ? strdup(options->session) : NULL;
    if (!h->host || (options->session && !h->session)) {
        free(h->host);
        free(h);
        return NULL;
    }
    h->o = *options;
    h->o.context = tls_context_ref(options->context);
    h->callback = callback;
    h->ctx = ctx;
    h->waiter.ready = context_ready;
    deadline_init(&h->limit, limit_fired, h);
    deadline_set(h->o.loop, &h->limit, options->timeout_ms);
    tls_context_wait(h->o.context, &h->waiter);
    return h;
}
