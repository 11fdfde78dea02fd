/*
 * md4: the MD4 digest (RFC 1320), which OpenSSL 3 no longer has by default. NTLM makes
 * its key from a password with it; it is fit for nothing else. Pure.
 */
#ifndef CCGATE_AUTH_MD4_H
#define CCGATE_AUTH_MD4_H

#include "base/span.h"

enum { MD4_SIZE = 16 };

/* What it works with is wiped, since the input is a password. */
void md4(struct span input, unsigned char digest[MD4_SIZE]);

#endif
