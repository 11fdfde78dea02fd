/*
 * tls_bio: lets OpenSSL read and write through what was taken from below a stream, for
 * TLS inside TLS. Private to up/tls*.c.
 */
#ifndef CCGATE_UP_TLS_BIO_H
#define CCGATE_UP_TLS_BIO_H

#include <openssl/bio.h>

#include "up/stream.h"

/* Takes over `below`, which is freed with it. NULL when memory is out. */
BIO *tls_bio_new(struct stream_below *below);

#endif
