/*
 * token68: messages of a login as base64, as NTLM and Negotiate carry them behind the
 * scheme's name (RFC 4559 section 4.1, MS-NTHT section 2.2). Private to src/auth.
 */
#ifndef CCGATE_AUTH_TOKEN68_H
#define CCGATE_AUTH_TOKEN68_H

#include "base/buf.h"

/* Appends "SCHEME BASE64", after making room for all of it. 0 or buf_reserve()'s error.
 */
int token68_put(struct buf *out, const char *scheme, struct span message);

/* Appends the bytes. 0, -EINVAL for what is no base64, or the error of buf_reserve().
 */
int token68_get(struct buf *out, struct span text);

#endif
