/*
 * text: the strings of a certificate as text that is safe to show: whoever made the
 * certificate has chosen them. Private to certs/.
 */
#ifndef CCGATE_CERTS_TEXT_H
#define CCGATE_CERTS_TEXT_H

#include <openssl/x509.h>

#include "base/span.h"

enum { TEXT_LIMIT = 300 }; /* bytes of a string; the rest is cut off */

/*
 * A copy, to be freed: well-formed UTF-8 with '?' in the place of other bytes, of
 * control characters and of those that change the direction of writing. NULL when
 * memory is out.
 */
char *text_clean(struct span text);

/* "CN=Corp Root, O=Corp" (RFC 4514, the last part first), cleaned. NULL: no memory. */
char *text_of_name(const X509_NAME *name);

/* Its common name, else its unit or organisation, else all of it. NULL: no memory. */
char *text_short_name(const X509_NAME *name);

#endif
