/*
 * cert: see cert.h.
 */
#include "certs/cert.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certs/text.h"

enum {
    DAY = 24 * 60 * 60,
    STRONG_BITS = 112, /* of security level 2, Debian's default */
};

/* ---- the time ---- */

/* A time that cannot be read counts as long gone. */
static int64_t seconds(const ASN1_TIME *time)
{
    struct tm tm;

    if (time == NULL || ASN1_TIME_to_tm(time, &tm) != 1)
        return INT64_MIN;
    return (int64_t)timegm(&tm);
}

int64_t cert_days_left(const struct cert *cert, int64_t now)
{
    if (cert->not_after < 0)
        return -1;
    if (cert->not_after >= now)
        return (cert->not_after - now) / DAY;
    return -1 - (now - cert->not_after) / DAY;
}

enum cert_expiry cert_expiry(const struct cert *cert, int64_t now)
{
    static const struct {
        int64_t days;
        enum cert_expiry expiry;
    } STEPS[] = {{7, CERT_7_DAYS}, {30, CERT_30_DAYS}, {60, CERT_60_DAYS}};

    if (cert->not_after < now)
        return CERT_EXPIRED;
    if (cert->not_before > now)
        return CERT_NOT_YET;
    for (size_t i = 0; i < sizeof(STEPS) / sizeof(STEPS[0]); i++)
        if (cert->not_after - now <= STEPS[i].days * DAY)
            return STEPS[i].expiry;
    return CERT_FINE;
}

const char *cert_expiry_name(enum cert_expiry expiry)
{
    static const char *const NAMES[] = {
        [CERT_FINE] = "fine",       [CERT_60_DAYS] = "60 days",
        [CERT_30_DAYS] = "30 days", [CERT_7_DAYS] = "7 days",
        [CERT_EXPIRED] = "expired", [CERT_NOT_YET] = "not yet",
    };

    return NAMES[expiry];
}

const char *cert_date(int64_t when, char out[CERT_DATE])
{
    time_t time = (time_t)when;
    struct tm tm;

    if (when == INT64_MIN || gmtime_r(&time, &tm) == NULL ||
        strftime(out, CERT_DATE, "%Y-%m-%d", &tm) == 0)
        snprintf(out, CERT_DATE, "?");
    return out;
}

/* ---- flaws ---- */

/* A signature is as strong as half of its digest; one that says nothing is modern. */
static bool signature_weak(X509 *x509)
{
    int bits = -1;

    if (X509_get_signature_info(x509, NULL, NULL, &bits, NULL) != 1)
        return false;
    return bits >= 0 && bits < STRONG_BITS;
}

static bool key_weak(X509 *x509)
{
    EVP_PKEY *key = X509_get0_pubkey(x509);

    return key == NULL || EVP_PKEY_get_security_bits(key) < STRONG_BITS;
}

static bool has_extension(X509 *x509, int nid)
{
    return X509_get_ext_by_NID(x509, nid, -1) >= 0;
}

static bool is_critical(X509 *x509, int nid)
{
    int at = X509_get_ext_by_NID(x509, nid, -1);

    return at >= 0 && X509_EXTENSION_get_critical(X509_get_ext(x509, at)) != 0;
}

static unsigned ca_flaws(X509 *x509)
{
    unsigned flaws = 0;

    if (!has_extension(x509, NID_key_usage))
        flaws |= CERT_NO_KEY_USAGE;
    if (!has_extension(x509, NID_subject_key_identifier))
        flaws |= CERT_NO_SUBJECT_KEY_ID;
    if (!is_critical(x509, NID_basic_constraints))
        flaws |= CERT_SOFT_CONSTRAINTS;
    if (X509_check_purpose(x509, X509_PURPOSE_SSL_SERVER, 1) == 0)
        flaws |= CERT_NOT_FOR_SERVERS;
    return flaws;
}

static unsigned flaws_of(const struct cert *cert)
{
    unsigned flaws = cert->ca ? ca_flaws(cert->x509) : 0;

    if (key_weak(cert->x509))
        flaws |= CERT_WEAK_KEY;
    if (cert->self_signed)
        return flaws;
    if (signature_weak(cert->x509))
        flaws |= CERT_WEAK_SIGNATURE;
    if (!has_extension(cert->x509, NID_authority_key_identifier))
        flaws |= CERT_NO_ISSUER_KEY_ID;
    return flaws;
}

int cert_flaws(unsigned flaws, struct buf *out)
{
    static const struct {
        unsigned flaw;
        const char *text;
    } TEXTS[] = {
        {CERT_WEAK_KEY, "a short key"},
        {CERT_WEAK_SIGNATURE, "a signature by SHA-1 or MD5"},
        {CERT_NO_KEY_USAGE, "no keyUsage"},
        {CERT_NO_SUBJECT_KEY_ID, "no subject key identifier"},
        {CERT_NO_ISSUER_KEY_ID, "no authority key identifier"},
        {CERT_SOFT_CONSTRAINTS, "basicConstraints not critical"},
        {CERT_NOT_FOR_SERVERS, "not for servers (extendedKeyUsage)"},
    };
    bool first = true;
    int error = 0;

    for (size_t i = 0; i < sizeof(TEXTS) / sizeof(TEXTS[0]); i++) {
        if ((flaws & TEXTS[i].flaw) == 0 || error != 0)
            continue;
        error = buf_printf(out, "%s%s", first ? "" : ", ", TEXTS[i].text);
        first = false;
    }
    return error;
}

/* ---- one certificate ---- */

static const char *key_name(const EVP_PKEY *key)
{
    const char *name = key != NULL ? EVP_PKEY_get0_type_name(key) : NULL;

    return name != NULL ? name : "unknown";
}

static bool fill_names(struct cert *cert)
{
    const X509_NAME *subject = X509_get_subject_name(cert->x509);
    const X509_NAME *issuer = X509_get_issuer_name(cert->x509);

    cert->subject = text_of_name(subject);
    cert->issuer = text_of_name(issuer);
    cert->name = text_short_name(subject);
    cert->issuer_name = text_short_name(issuer);
    return cert->subject != NULL && cert->issuer != NULL && cert->name != NULL &&
           cert->issuer_name != NULL;
}

static bool is_self_signed(X509 *x509)
{
    return (X509_get_extension_flags(x509) & EXFLAG_SI) != 0 &&
           X509_verify(x509, X509_get0_pubkey(x509)) == 1;
}

static bool fill(struct cert *cert)
{
    EVP_PKEY *key = X509_get0_pubkey(cert->x509);

    if (X509_digest(cert->x509, EVP_sha256(), cert->sha256, NULL) != 1 ||
        !fill_names(cert))
        return false;
    for (size_t i = 0; i < CERT_HASH; i++)
        snprintf(cert->fingerprint + 2 * i, 3, "%02x", cert->sha256[i]);
    cert->not_before = seconds(X509_get0_notBefore(cert->x509));
    cert->not_after = seconds(X509_get0_notAfter(cert->x509));
    cert->key = key_name(key);
    cert->key_bits = key != NULL ? EVP_PKEY_get_bits(key) : 0;
    cert->signature = OBJ_nid2ln(X509_get_signature_nid(cert->x509));
    cert->ca = X509_check_ca(cert->x509) != 0;
    cert->self_signed = is_self_signed(cert->x509);
    cert->flaws = flaws_of(cert);
    return true;
}

struct cert *cert_new(X509 *x509)
{
    struct cert *cert = calloc(1, sizeof(*cert));

    if (cert == NULL)
        return NULL;
    X509_up_ref(x509);
    cert->x509 = x509;
    if (!fill(cert)) {
        cert_free(cert);
        return NULL;
    }
    return cert;
}

void cert_free(struct cert *cert)
{
    if (cert == NULL)
        return;
    X509_free(cert->x509);
    free(cert->subject);
    free(cert->issuer);
    free(cert->name);
    free(cert->issuer_name);
    free(cert);
}

bool cert_same(const struct cert *a, const struct cert *b)
{
    return memcmp(a->sha256, b->sha256, CERT_HASH) == 0;
}

bool cert_issued(const struct cert *issuer, const struct cert *subject)
{
    return X509_check_issued(issuer->x509, subject->x509) == X509_V_OK &&
           X509_verify(subject->x509, X509_get0_pubkey(issuer->x509)) == 1;
}

/* ---- what stands in extensions ---- */

bool cert_has_scts(const struct cert *cert)
{
    return has_extension(cert->x509, NID_ct_precert_scts);
}

static bool is_web_url(struct span url)
{
    return span_starts_nocase(url, SPAN("http://")) ||
           span_starts_nocase(url, SPAN("https://"));
}

static char *url_of(const ACCESS_DESCRIPTION *access)
{
    const ASN1_IA5STRING *text;
    struct span url;

    if (OBJ_obj2nid(access->method) != NID_ad_ca_issuers ||
        access->location->type != GEN_URI)
        return NULL;
    text = access->location->d.uniformResourceIdentifier;
    url = (struct span){(const char *)ASN1_STRING_get0_data(text),
                        (size_t)ASN1_STRING_length(text)};
    return is_web_url(url) ? text_clean(url) : NULL;
}

char *cert_issuer_url(const struct cert *cert)
{
    AUTHORITY_INFO_ACCESS *all =
        X509_get_ext_d2i(cert->x509, NID_info_access, NULL, NULL);
    char *url = NULL;

    for (int i = 0; url == NULL && i < sk_ACCESS_DESCRIPTION_num(all); i++)
        url = url_of(sk_ACCESS_DESCRIPTION_value(all, i));
    AUTHORITY_INFO_ACCESS_free(all);
    return url;
}

/* ---- fingerprints ---- */

/* Without "SHA256:", "sha-256=" and "SHA256 Fingerprint=". */
static struct span without_label(struct span text)
{
    static const char *const LABELS[] = {"sha256", "sha-256", "fingerprint"};

    text = span_trim(text);
    for (size_t i = 0; i < sizeof(LABELS) / sizeof(LABELS[0]); i++) {
        struct span label = span_of(LABELS[i]);

        if (!span_starts_nocase(text, label))
            continue;
        text = span_trim(span_skip(text, label.len));
        if (text.len > 0 && (text.at[0] == ':' || text.at[0] == '='))
            text = span_trim(span_skip(text, 1));
    }
    return text;
}

bool cert_parse_fingerprint(struct span text, unsigned char sha256[CERT_HASH])
{
    size_t digits = 0;

    text = without_label(text);
    for (size_t i = 0; i < text.len; i++) {
        int digit = span_hex_digit(text.at[i]);

        if (text.at[i] == ':' || text.at[i] == ' ')
            continue;
        if (digit < 0 || digits == 2 * (size_t)CERT_HASH)
            return false;
        if (digits % 2 == 0)
            sha256[digits / 2] = (unsigned char)(digit << 4);
        else
            sha256[digits / 2] |= (unsigned char)digit;
        digits++;
    }
    return digits == 2 * (size_t)CERT_HASH;
}
