/*
 * build: see build.h.
 */
#include "certs/build.h"

#include <errno.h>
#include <openssl/bio.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>

/* ---- whole chains ---- */

static const struct bundle_entry *issuer_in(const struct bundle *bundle,
                                            const struct cert *cert)
{
    for (size_t i = 0; i < bundle->count; i++)
        if (cert_issued(bundle->entries[i].cert, cert))
            return &bundle->entries[i];
    return NULL;
}

void build_complete(struct bundle *corporate, const struct bundle *roots)
{
    /* What is added at the end gets its turn. */
    for (size_t i = 0; i < corporate->count; i++) {
        const struct bundle_entry *entry = &corporate->entries[i], *issuer;

        if (entry->cert->self_signed || issuer_in(corporate, entry->cert) != NULL)
            continue;
        issuer = issuer_in(roots, entry->cert);
        if (issuer != NULL)
            bundle_take(corporate, issuer);
        else
            bundle_complain(corporate, BUNDLE_NO_ISSUER, entry->file, entry->number,
                            entry->cert, "its issuer is missing: %s",
                            entry->cert->issuer);
    }
}

/* ---- the text ---- */

/*
 * A comment is ASCII for tools that know nothing else, and never looks like the line of
 * a block: some tools look for that anywhere.
 */
static int put_comment(struct buf *out, const char *text)
{
    size_t dashes = 0;
    int error = 0;

    for (const char *c = text; *c != '\0' && error == 0; c++) {
        dashes = *c == '-' ? dashes + 1 : 0;
        if (dashes > 4)
            continue;
        error = (unsigned char)*c < 0x80 ? buf_append(out, c, 1)
                                         : buf_printf(out, "\\%02X", (unsigned char)*c);
    }
    return error;
}

static int put_pem(const struct cert *cert, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int error = -ENOMEM;
    char *bytes;
    long len;

    if (bio != NULL && PEM_write_bio_X509(bio, cert->x509) == 1) {
        len = BIO_get_mem_data(bio, &bytes);
        error = buf_append(out, bytes, (size_t)len);
    }
    BIO_free(bio);
    return error;
}

int build_certificate(const struct cert *cert, struct buf *out)
{
    char date[CERT_DATE];
    int error = buf_append_text(out, "\n# ");

    if (error == 0)
        error = put_comment(out, cert->subject);
    if (error == 0)
        error = buf_printf(out, "\n# SHA-256 %s\n# until %s\n", cert->fingerprint,
                           cert_date(cert->not_after, date));
    return error == 0 ? put_pem(cert, out) : error;
}

static int by_subject(const void *a, const void *b)
{
    const struct cert *first = *(const struct cert *const *)a;
    const struct cert *second = *(const struct cert *const *)b;
    int order = strcmp(first->subject, second->subject);

    return order != 0 ? order : memcmp(first->sha256, second->sha256, CERT_HASH);
}

/* Those of a bundle that are not in the other one (or NULL). */
static int put_bundle(const struct bundle *bundle, const struct bundle *other,
                      const char *title, struct buf *out)
{
    const struct cert **certs = calloc(bundle->count + 1, sizeof(const struct cert *));
    size_t count = 0;
    int error;

    if (certs == NULL)
        return -ENOMEM;
    for (size_t i = 0; i < bundle->count; i++)
        if (other == NULL ||
            bundle_find(other, bundle->entries[i].cert) == other->count)
            certs[count++] = bundle->entries[i].cert;
    qsort(certs, count, sizeof(const struct cert *), by_subject);
    error = buf_printf(out, "\n# %s: %zu\n", title, count);
    for (size_t i = 0; i < count && error == 0; i++)
        error = build_certificate(certs[i], out);
    free(certs);
    return error;
}

int build_text(const struct bundle *roots, const struct bundle *corporate,
               struct buf *out)
{
    int error =
        buf_append_text(out, "# Made by \"ccgate ca build\", which writes it anew.\n");

    if (error == 0 && roots != NULL)
        error = put_bundle(roots, corporate, "roots of the system", out);
    if (error == 0)
        error = put_bundle(corporate, NULL, "certificates of the company", out);
    return error;
}
