/*
 * bundle_parse: what the bytes of a file are. See bundle.h.
 */
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pkcs7.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "certs/bundle_internal.h"
#include "certs/pem.h"
#include "certs/text.h"

enum { HTML_WINDOW = 1024 };

struct source {
    struct bundle *bundle;
    const char *name;
    size_t number; /* certificates seen so far */
};

static void broken(struct source *s, const char *what)
{
    bundle_complain(s->bundle, BUNDLE_BROKEN, s->name, s->number, NULL, "%s", what);
}

/* ---- DER ---- */

enum shape { SHAPE_CERTIFICATE, SHAPE_PKCS7, SHAPE_PKCS12, SHAPE_KEY, SHAPE_NONE };

/* What stands in the outer SEQUENCE of DER, or BER of indefinite length. */
static struct span inside(struct span der)
{
    size_t head = 2;

    if (der.len < 2 || der.at[0] != 0x30)
        return (struct span){NULL, 0};
    if (((unsigned char)der.at[1] & 0x80) != 0)
        head += (unsigned char)der.at[1] & 0x7f;
    return span_skip(der, head);
}

/* An identifier and its parameters, then an OCTET STRING (RFC 5208 section 6). */
static bool is_encrypted_key(struct span first)
{
    struct span algorithm = inside(first);
    size_t end;

    if (first.len < 2 || algorithm.len == 0 || algorithm.at[0] != 0x06)
        return false;
    end = (size_t)(algorithm.at - first.at) + (unsigned char)first.at[1];
    return end < first.len && first.at[end] == 0x04;
}

/*
 * Told by what comes first: of a certificate a SEQUENCE, of PKCS#7 its type, of a
 * private key the version 0 or 1 (RFC 5208, 5915, 8017), of PKCS#12 the version 3 (RFC
 * 7292). An encrypted key (RFC 5208 section 6) is a SEQUENCE that begins with an
 * identifier.
 */
static enum shape shape_of(struct span der)
{
    struct span first = inside(der), second;

    if (span_starts(first, SPAN("\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02")))
        return SHAPE_PKCS7;
    if (span_starts(first, SPAN("\x02\x01\x03")))
        return SHAPE_PKCS12;
    if (first.len >= 3 && memcmp(first.at, "\x02\x01", 2) == 0 &&
        (unsigned char)first.at[2] <= 1)
        return SHAPE_KEY;
    if (is_encrypted_key(first))
        return SHAPE_KEY;
    second = inside(first);
    return second.len > 0 && second.at[0] != 0x06 ? SHAPE_CERTIFICATE : SHAPE_NONE;
}

/* The bytes behind the certificate; empty if it cannot be read. */
static struct span take_certificate(struct source *s, struct span der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *x509;

    s->number++;
    x509 = der.len <= LONG_MAX ? d2i_X509(NULL, &at, (long)der.len) : NULL;
    ERR_clear_error();
    if (x509 == NULL) {
        broken(s, "is damaged or no certificate at all");
        return (struct span){NULL, 0};
    }
    bundle_put(s->bundle, x509, s->name, s->number);
    X509_free(x509);
    return span_skip(der, (size_t)((const char *)at - der.at));
}

static void take_pkcs7(struct source *s, struct span der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    PKCS7 *p7 = d2i_PKCS7(NULL, &at, (long)der.len);
    const STACK_OF(X509) *certs = NULL;

    ERR_clear_error();
    if (p7 != NULL && PKCS7_type_is_signed(p7) && p7->d.sign != NULL)
        certs = p7->d.sign->cert;
    if (certs == NULL || sk_X509_num(certs) == 0) {
        s->number++;
        broken(s, p7 == NULL ? "is damaged PKCS#7" : "is PKCS#7 without a certificate");
    }
    for (int i = 0; certs != NULL && i < sk_X509_num(certs); i++) {
        s->number++;
        bundle_put(s->bundle, sk_X509_value(certs, i), s->name, s->number);
    }
    PKCS7_free(p7);
}

static void private_key(struct source *s, const char *where)
{
    bundle_complain(s->bundle, BUNDLE_PRIVATE_KEY, s->name, 0, NULL,
                    "holds a private key%s, so that nothing of it is taken", where);
}

static void not_pem(struct source *s, const char *what)
{
    bundle_complain(s->bundle, BUNDLE_NOT_PEM, s->name, 0, NULL, "is %s", what);
}

static bool is_blank_text(struct span text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.at[i] != '\0' && strchr(" \t\r\n", text.at[i]) == NULL)
            return false;
    return true;
}

/* A file may hold several certificates, one behind the other. */
static void take_der_file(struct source *s, struct span der, const char *form)
{
    switch (shape_of(der)) {
    case SHAPE_KEY:
        private_key(s, "");
        return;
    case SHAPE_PKCS12:
        bundle_complain(s->bundle, BUNDLE_PKCS12, s->name, 0, NULL,
                        "is a PKCS#12 store, which may hold a private key");
        return;
    case SHAPE_PKCS7:
        not_pem(s, form != NULL ? form : "PKCS#7 in DER");
        take_pkcs7(s, der);
        return;
    case SHAPE_CERTIFICATE:
    case SHAPE_NONE:
        break;
    }
    not_pem(s, form != NULL ? form : "DER");
    do
        der = take_certificate(s, der);
    while (!is_blank_text(der));
}

/* ---- PEM ---- */

static bool label_is(const struct pem_block *block, const char *label)
{
    return span_equal(block->label, span_of(label));
}

static bool is_key(const struct pem_block *block)
{
    return span_ends_nocase(block->label, SPAN("PRIVATE KEY"));
}

static bool is_certificate(const struct pem_block *block)
{
    return label_is(block, "CERTIFICATE") || label_is(block, "X509 CERTIFICATE") ||
           label_is(block, "TRUSTED CERTIFICATE");
}

static bool is_pkcs7(const struct pem_block *block)
{
    return label_is(block, "PKCS7") || label_is(block, "PKCS #7 SIGNED DATA") ||
           label_is(block, "CMS");
}

/* Says so, if there is one. */
static bool has_key(struct source *s, struct span text)
{
    struct pem pem;
    struct pem_block block;
    char where[64];

    pem_init(&pem, text);
    while (pem_next(&pem, &block)) {
        if (!is_key(&block))
            continue;
        snprintf(where, sizeof(where), " (line %zu)", block.line);
        private_key(s, where);
        return true;
    }
    return false;
}

static void other_block(struct source *s, const struct pem_block *block)
{
    char *label = text_clean(block->label);

    bundle_complain(s->bundle, BUNDLE_OTHER_BLOCK, s->name, 0, NULL,
                    "has a block in line %zu that is no certificate (%s)", block->line,
                    label != NULL ? label : "?");
    free(label);
}

/* A certificate that was labelled PKCS7 is read all the same, and the reverse. */
static void take_bytes(struct source *s, struct span der)
{
    switch (shape_of(der)) {
    case SHAPE_PKCS7:
        take_pkcs7(s, der);
        break;
    case SHAPE_KEY:
        s->number++;
        broken(s, "has something else between BEGIN and END");
        break;
    case SHAPE_PKCS12:
    case SHAPE_CERTIFICATE:
    case SHAPE_NONE:
        (void)take_certificate(s, der);
        break;
    }
}

static void take_block(struct source *s, const struct pem_block *block)
{
    struct buf bytes;
    int error;

    if (!is_certificate(block) && !is_pkcs7(block)) {
        other_block(s, block);
        return;
    }
    if (!block->whole) {
        s->number++;
        broken(s, "is cut off: its line END is missing");
        return;
    }
    buf_init(&bytes, block->body.len + 3);
    error = pem_decode(block->body, &bytes);
    if (error == 0) {
        take_bytes(s, buf_span(&bytes));
    } else if (error == -EINVAL) {
        s->number++;
        broken(s, "has characters between BEGIN and END that do not belong there");
    } else {
        s->bundle->no_memory = true;
    }
    buf_wipe(&bytes);
    if (label_is(block, "TRUSTED CERTIFICATE"))
        bundle_complain(s->bundle, BUNDLE_TRUST_SETTINGS, s->name, s->number, NULL,
                        "has trust settings of OpenSSL");
    if (block->glued && s->number > 0)
        bundle_complain(s->bundle, BUNDLE_GLUED, s->name, s->number, NULL,
                        "begins in the line in which the one before it ends (line %zu)",
                        block->line);
}

/* Whether there was a block at all. */
static bool take_pem(struct source *s, struct span text)
{
    bool any = false;
    struct pem pem;
    struct pem_block block;

    pem_init(&pem, text);
    while (pem_next(&pem, &block)) {
        if (!any && memmem(text.at, text.len, "\r\n", 2) != NULL)
            bundle_complain(s->bundle, BUNDLE_CR_LF, s->name, 0, NULL,
                            "has lines that end in CR LF");
        any = true;
        take_block(s, &block);
    }
    return any;
}

/* ---- everything else ---- */

static struct span skip_mark(struct source *s, struct span bytes)
{
    const struct span mark = SPAN("\xef\xbb\xbf");

    if (!span_starts(bytes, mark))
        return bytes;
    bundle_complain(s->bundle, BUNDLE_MARK, s->name, 0, NULL,
                    "begins with a byte order mark");
    return span_skip(bytes, mark.len);
}

static bool is_html(struct span text)
{
    static const char *const SIGNS[] = {"<!doctype", "<html", "<head", "<body"};

    while (text.len > 0 && strchr(" \t\r\n", text.at[0]) != NULL)
        text = span_skip(text, 1);
    if (text.len == 0 || text.at[0] != '<')
        return false;
    if (text.len > HTML_WINDOW)
        text.len = HTML_WINDOW;
    for (; text.len > 0; text = span_skip(text, 1))
        for (size_t i = 0; i < sizeof(SIGNS) / sizeof(SIGNS[0]); i++)
            if (span_starts_nocase(text, span_of(SIGNS[i])))
                return true;
    return false;
}

/* The certificates of some systems are base64 alone. */
static bool take_bare(struct source *s, struct span text)
{
    struct buf bytes;
    bool good;

    buf_init(&bytes, text.len + 3);
    good = pem_decode(text, &bytes) == 0 && shape_of(buf_span(&bytes)) != SHAPE_NONE;
    if (good)
        take_der_file(s, buf_span(&bytes), "base64 without a line BEGIN");
    buf_wipe(&bytes);
    return good;
}

static void none(struct source *s)
{
    bundle_complain(s->bundle, BUNDLE_NO_CERTIFICATE, s->name, 0, NULL,
                    "holds no certificate");
}

void bundle_add(struct bundle *bundle, const char *name, struct span bytes)
{
    struct source s = {.bundle = bundle, .name = name};

    if (bytes.len > BUNDLE_FILE_LIMIT) {
        bundle_complain(bundle, BUNDLE_TOO_LARGE, name, 0, NULL,
                        "has %zu bytes, more than the %d MiB that are read", bytes.len,
                        BUNDLE_FILE_LIMIT / (1024 * 1024));
        return;
    }
    if (is_blank_text(bytes)) {
        bundle_complain(bundle, BUNDLE_EMPTY, name, 0, NULL, "is empty");
        return;
    }
    if (shape_of(bytes) != SHAPE_NONE) {
        take_der_file(&s, bytes, NULL);
        return;
    }
    if (span_starts(bytes, SPAN("\xff\xfe")) || span_starts(bytes, SPAN("\xfe\xff"))) {
        bundle_complain(bundle, BUNDLE_UTF16, name, 0, NULL, "is UTF-16 text");
        return;
    }
    if (is_html(bytes)) {
        bundle_complain(bundle, BUNDLE_HTML, name, 0, NULL,
                        "is a web page, no certificate");
        return;
    }
    if (has_key(&s, bytes))
        return;
    bytes = skip_mark(&s, bytes);
    if (!take_pem(&s, bytes) ? !take_bare(&s, bytes) : s.number == 0)
        none(&s);
}
