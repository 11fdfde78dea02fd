/*
 * java: a trust store for Java, which reads no PEM: PKCS#12 without encryption and
 * without a password, as its `-Djavax.net.ssl.trustStore` takes it.
 */
#ifndef CCGATE_CERTS_JAVA_H
#define CCGATE_CERTS_JAVA_H

#include "certs/bundle.h"

/*
 * Appends the store of a set, in its order. The same set gives the same bytes. 0,
 * -ENOMEM or the error of buf_append().
 */
int java_store(const struct bundle *bundle, struct buf *out);

#endif
