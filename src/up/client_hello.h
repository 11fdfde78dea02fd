/*
 * client_hello: whether what a client has sent so far is the beginning of one TLS
 * ClientHello and nothing else (RFC 8446 sections 4.1.2 and 5.1). Pure.
 *
 * Such bytes can be sent a second time over another connection: they ask for nothing,
 * and the server has answered nothing yet. Early data (section 4.2.10) asks for
 * something.
 */
#ifndef CCGATE_UP_CLIENT_HELLO_H
#define CCGATE_UP_CLIENT_HELLO_H

#include "base/span.h"

enum client_hello {
    CLIENT_HELLO_PART,  /* it may become one; no bytes at all are this, too */
    CLIENT_HELLO_WHOLE, /* exactly one, without early data */
    CLIENT_HELLO_NOT,   /* something else, early data, or more behind it */
};

enum client_hello client_hello_judge(struct span bytes);

#endif
