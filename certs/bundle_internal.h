/*
 * bundle_internal: what the files of bundle share. Nobody else includes this.
 */
#ifndef CCGATE_CERTS_BUNDLE_INTERNAL_H
#define CCGATE_CERTS_BUNDLE_INTERNAL_H

#include "certs/bundle.h"

/* Adds the certificate, the one of that number in the file, or a problem. */
void bundle_put(struct bundle *bundle, X509 *x509, const char *file, size_t number);

#endif
