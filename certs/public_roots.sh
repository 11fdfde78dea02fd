#!/bin/sh
# public_roots.sh FILE...: the table in public_roots.c of the certificates in these PEM
# files: those of Mozilla, as distributions, Node and certifi have them, old and new.
set -eu
export LC_ALL=C

cat <<'END'
/*
 * public_roots: SHA-256 of the roots that public programs are or were shipped with.
 * Made by public_roots.sh from the lists of Mozilla in ca-certificates (Debian), Node and
 * certifi, from 2018 to 2026.
 */
#include "certs/public_roots.h"

#include <stdlib.h>
#include <string.h>

/* Sorted. */
static const char ROOTS[][CERT_FINGERPRINT] = {
END
cat "$@" | awk '
    /^-----BEGIN CERTIFICATE-----/ { body = ""; inside = 1; next }
    /^-----END CERTIFICATE-----/ { print body; inside = 0; next }
    inside { body = body $0 }' |
    while read -r body; do
        echo "$body" | base64 -d | sha256sum | cut -c 1-64
    done | sort -u | sed 's/.*/    "&",/'
cat <<'END'
};

static int compare(const void *key, const void *element)
{
    return strcmp(key, element);
}

bool public_root(const struct cert *cert)
{
    return bsearch(cert->fingerprint, ROOTS, sizeof(ROOTS) / sizeof(ROOTS[0]),
                   sizeof(ROOTS[0]), compare) != NULL;
}
END
