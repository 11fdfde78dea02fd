/*
 * cert: what people and programs want to know of one certificate.
 */
#ifndef CCGATE_CERTS_CERT_H
#define CCGATE_CERTS_CERT_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/buf.h"

enum { CERT_HASH = 32, CERT_FINGERPRINT = 2 * CERT_HASH + 1 };

/* What a verification may stumble over, whatever the time is. */
enum {
    CERT_WEAK_KEY = 1,       /* less than 112 bits: OpenSSL errors 66 and 67 */
    CERT_WEAK_SIGNATURE = 2, /* of somebody else, by MD5 or SHA-1: error 68 */
    /* Strict verification (X509_V_FLAG_X509_STRICT), as Python has it from 3.13 on: */
    CERT_NO_KEY_USAGE = 4,      /* of a CA: error 92 */
    CERT_NO_SUBJECT_KEY_ID = 8, /* of a CA: error 86 */
    CERT_NO_ISSUER_KEY_ID = 16, /* of one that is not self-signed: error 85 */
    CERT_SOFT_CONSTRAINTS = 32, /* basicConstraints of a CA not critical: error 89 */
    CERT_NOT_FOR_SERVERS = 64,  /* of a CA: its purposes leave servers out */
};

enum {
    CERT_STRICT_FLAWS = CERT_NO_KEY_USAGE | CERT_NO_SUBJECT_KEY_ID |
                        CERT_NO_ISSUER_KEY_ID | CERT_SOFT_CONSTRAINTS,
};

struct cert {
    X509 *x509;
    char *subject; /* one line of well-formed UTF-8 without control characters */
    char *issuer;
    char *name;        /* the part of the subject that is used to name it */
    char *issuer_name; /* the same of the issuer */
    unsigned char sha256[CERT_HASH];
    char fingerprint[CERT_FINGERPRINT]; /* of SHA-256, lower-case hexadecimal */
    int64_t not_before, not_after;      /* seconds of Unix time */
    const char *key;                    /* "RSA", "EC", ... */
    int key_bits;
    const char *signature; /* "sha256WithRSAEncryption" */
    bool ca;               /* may sign certificates */
    bool self_signed;      /* subject and issuer are one, and so are the keys */
    unsigned flaws;        /* CERT_... */
};

/* What is to be said about the end of a certificate's time. */
enum cert_expiry {
    CERT_FINE,
    CERT_60_DAYS, /* at most so many are left */
    CERT_30_DAYS,
    CERT_7_DAYS,
    CERT_EXPIRED,
    CERT_NOT_YET,
};

/* Takes a reference of its own. NULL when memory is out. */
struct cert *cert_new(X509 *x509);
void cert_free(struct cert *cert); /* NULL-safe */

bool cert_same(const struct cert *a, const struct cert *b);

/* Whether the key of this one has signed that one, and their names agree. */
bool cert_issued(const struct cert *issuer, const struct cert *subject);

enum cert_expiry cert_expiry(const struct cert *cert, int64_t now);
const char *cert_expiry_name(enum cert_expiry expiry); /* "7 days", "expired" */

/* Whole days until the end; negative once it is over. */
int64_t cert_days_left(const struct cert *cert, int64_t now);

enum { CERT_DATE = 24 };

/* "2027-03-01"; "?" for a time that no calendar has. Returns out. */
const char *cert_date(int64_t when, char out[CERT_DATE]);

/* Appends the flaws in words, with commas between. 0 or the error of buf_append(). */
int cert_flaws(unsigned flaws, struct buf *out);

/*
 * A SHA-256 fingerprint as people write it: hexadecimal, in any case, with colons or
 * blanks, "SHA256:" or "sha256 Fingerprint=" before it. False for anything else.
 */
bool cert_parse_fingerprint(struct span text, unsigned char sha256[CERT_HASH]);

/* Where its issuer's certificate is said to be (AIA), http or https; NULL: nowhere. */
char *cert_issuer_url(const struct cert *cert);

/* A server's certificate carries proofs that it was logged publicly (RFC 6962). */
bool cert_has_scts(const struct cert *cert);

#endif
