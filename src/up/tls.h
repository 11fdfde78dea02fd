/*
 * tls: TLS to a hop. System roots plus certificates of the company, SNI, name and
 * address checks, TLS 1.2 and up. There is no switch that turns verification off.
 *
 * The roots are loaded at first use, in a worker thread, since they take tens of
 * milliseconds and megabytes that a plain proxy list never needs.
 */
#ifndef CCGATE_UP_TLS_H
#define CCGATE_UP_TLS_H

#include <openssl/x509.h>

#include "base/buf.h"
#include "base/outcome.h"
#include "certs/held.h"
#include "config/config.h"
#include "up/stream.h"

struct tls_settings {
    /*
     * Besides the system's roots. A file that is named must load whole, or no TLS is
     * spoken; of the rest, what cannot be used is logged and left out.
     */
    struct held_places places;
    char **weak_ca; /* SHA-256 of CAs whose keys and signatures may be weak, in lower
                       case; NULL-terminated, or NULL, as the next ones */
    char **pins;    /* "HOST sha256//BASE64": the host must have one of these keys (the
                       hash is that of its SubjectPublicKeyInfo, RFC 7469 section 2.4),
                       and nothing else of its certificate is looked at */
    char **legacy;  /* hosts that need not know RFC 5746 */
    char *cert; /* our own certificate, if a server asks: a file or a URI, or NULL */
    char *key;  /* its key; NULL: it is in there, too */
    char *key_password_file; /* or NULL */
    struct held_places *own; /* of a copy: its places */
    uint64_t look_ms;        /* how old what is known of the files may be; 0: 5 s */
};

/* What a configuration says, borrowed from it. */
struct tls_settings tls_settings_of(const struct config *config);

/*
 * Whether a context could load all that they name. Appends a line to messages for each
 * thing that it could not. Waits for the disk.
 */
bool tls_settings_check(const struct tls_settings *settings, struct buf *messages);

/* False when memory is out; then there is nothing to clear. */
bool tls_settings_copy(struct tls_settings *copy, const struct tls_settings *settings);
void tls_settings_clear(struct tls_settings *settings);

/*
 * Trust for one configuration. Reference-counted. When files have changed they are read
 * again without a restart; if one is broken then, what was there before stays.
 */
struct tls_context;

/* The settings are copied. NULL when memory is out. */
struct tls_context *tls_context_new(struct loop *loop,
                                    const struct tls_settings *settings);
struct tls_context *tls_context_ref(struct tls_context *context);
void tls_context_unref(struct tls_context *context); /* NULL-safe */

/*
 * The hash of the proxy's certificate that a login may be bound to:
 * tls-server-end-point of RFC 5929 section 4.1.
 */
struct tls_end_point {
    unsigned char hash[64];
    size_t len; /* 0: the certificate's signature names no hash */
};

struct tls_handshake;

/*
 * OK: the stream now speaks TLS. Otherwise TLS_PROTOCOL, TLS_CERTIFICATE, TLS_ALERT,
 * TLS_TIMEOUT or INTERNAL; detail names the certificate (subject, depth) or the reason,
 * valid during the call.
 */
typedef void tls_callback(void *ctx, enum outcome outcome, const char *detail);

struct tls_options {
    struct loop *loop;
    struct tls_context *context;
    struct stream *stream; /* stays the caller's; not to be used during the handshake.
                              If it speaks TLS already, this is TLS inside it */
    const char *host;      /* name or IP literal that the certificate must show */
    const char *session;   /* sessions of this name are resumed; NULL: none */
    bool no_identity;      /* our own certificate is not shown */
    uint64_t timeout_ms;
    struct tls_end_point *end_point; /* filled in before an OK; or NULL */
    bool *not_resumed;       /* set before a TLS_ALERT to a session that was offered:
                                none is offered the next time. Or NULL */
    STACK_OF(X509) * *chain; /* what the server sent, also if it did not verify; then
                                the caller's. NULL at first; or NULL */
    bool *http1_only; /* HTTP/2 is offered, too; whether the server declined, also if it
                         did not verify. NULL: HTTP/1.1 alone is offered */
};

/* The usual contract: once, never before this returns, never after tls_cancel(). */
struct tls_handshake *tls_start(const struct tls_options *options,
                                tls_callback *callback, void *ctx);
void tls_cancel(struct tls_handshake *handshake); /* NULL-safe */

#endif
