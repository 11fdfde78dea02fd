/*
 * build: the texts of corp-only.pem and bundle.pem. The same certificates give the same
 * bytes: sorted by subject and fingerprint, each once, in one form.
 */
#ifndef CCGATE_CERTS_BUILD_H
#define CCGATE_CERTS_BUILD_H

#include "certs/bundle.h"

enum { BUILD_LIMIT = 32 * 1024 * 1024 }; /* bytes of a text */

/*
 * Adds to the company's certificates those of the roots that they were issued by, so
 * that each chain is whole: settings that add to the roots may know no others. A
 * problem for each whose issuer is in neither.
 */
void build_complete(struct bundle *corporate, const struct bundle *roots);

/*
 * Appends the public roots (NULL: none of them), but those that are the company's, and
 * then the company's certificates, each below its subject, fingerprint and end. 0 or
 * the error of buf_append().
 */
int build_text(const struct bundle *roots, const struct bundle *corporate,
               struct buf *out);

/* Appends one certificate in the same form. */
int build_certificate(const struct cert *cert, struct buf *out);

#endif
