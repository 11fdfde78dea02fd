/*
 * tls: TLS to a hop. System roots plus certificates of the company, SNI, name and
 * address checks, TLS 1.2 and up. There is no switch that turns verification off.
 *
 * The roots are loaded at first use, in a worker thread, since they take tens of
 * milliseconds and megabytes that a plain proxy list never needs.
 */
#ifndef CCGATE_UP_TLS_H
#define CCGATE_UP_TLS_H

#include "base/buf.h"
#include "base/outcome.h"
#include "certs/held.h"
#include "up/stream.h"

/*
 * Whether each of these files (NULL-terminated, or NULL) is one that a context can
 * load and that holds a certificate. Appends lines to messages for each that is not:
 * what is wrong, where, and what to do.
 */
bool tls_check_files(char *const *ca_files, struct buf *messages);

/* Trust for one configuration. Reference-counted. */
struct tls_context;

/*
 * What is added to the system roots, copied. A file that is named must load whole, or
 * no TLS is spoken; of the rest, what cannot be used is logged and left out.
 */
struct tls_context *tls_context_new(struct loop *loop,
                                    const struct held_places *places);
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
    struct stream *stream; /* stays the caller's; not to be used during the handshake */
    const char *host;      /* name or IP literal that the certificate must show */
    uint64_t timeout_ms;
    struct tls_end_point *end_point; /* filled in before an OK; or NULL */
};

/* The usual contract: once, never before this returns, never after tls_cancel(). */
struct tls_handshake *tls_start(const struct tls_options *options,
                                tls_callback *callback, void *ctx);
void tls_cancel(struct tls_handshake *handshake); /* NULL-safe */

#endif
