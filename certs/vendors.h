/*
 * vendors: products that inspect TLS, told by the names in their certificates.
 */
#ifndef CCGATE_CERTS_VENDORS_H
#define CCGATE_CERTS_VENDORS_H

#include "certs/cert.h"

/*
 * The product that the subject or issuer of a certificate names, or NULL. Names prove
 * nothing by themselves: anybody may write them, and vendors have web sites, too.
 */
const char *vendor_of(const struct cert *cert);

#endif
