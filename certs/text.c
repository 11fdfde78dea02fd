/*
 * text: see text.h.
 */
#include "certs/text.h"

#include <openssl/bio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Characters that a terminal obeys, or that reorder or hide what stands around them. */
static bool is_trick(const unsigned char *s, size_t length)
{
    unsigned c;

    if (length == 2)
        return s[0] == 0xc2 && s[1] < 0xa0; /* C1 */
    if (length != 3)
        return false;
    c = (s[0] & 0x0fu) << 12 | (s[1] & 0x3fu) << 6 | (s[2] & 0x3fu);
    return (c >= 0x200b && c <= 0x200f) || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2060 && c <= 0x206f) || c == 0xfeff;
}

char *text_clean(struct span text)
{
    char *clean = malloc(TEXT_LIMIT + 1);
    size_t put = 0;

    if (clean == NULL)
        return NULL;
    for (size_t i = 0; i < text.len && put < TEXT_LIMIT;) {
        const unsigned char *s = (const unsigned char *)text.at + i;
        size_t length = *s < 0x80 ? 1 : utf8_length(s, text.len - i);

        if (length > TEXT_LIMIT - put)
            break;
        if (length == 0 || (length == 1 && (*s < 0x20 || *s == 0x7f)) ||
            is_trick(s, length)) {
            clean[put++] = '?';
        } else {
            memcpy(clean + put, s, length);
            put += length;
        }
        i += length > 0 ? length : 1;
    }
    clean[put] = '\0';
    return clean;
}

char *text_of_name(const X509_NAME *name)
{
    unsigned long flags = (XN_FLAG_RFC2253 & ~XN_FLAG_SEP_MASK & ~ASN1_STRFLGS_ESC_MSB &
                           ~(unsigned long)ASN1_STRFLGS_ESC_CTRL) |
                          XN_FLAG_SEP_CPLUS_SPC;
    BIO *bio = BIO_new(BIO_s_mem());
    char *clean, *bytes;
    long len;

    if (bio == NULL)
        return NULL;
    /* A string that does not decode is still one certificate's name. */
    if (X509_NAME_print_ex(bio, name, 0, flags) < 0) {
        clean = text_clean(SPAN("(unreadable name)"));
    } else {
        len = BIO_get_mem_data(bio, &bytes);
        clean =
            text_clean(len > 0 ? (struct span){bytes, (size_t)len} : SPAN("(no name)"));
    }
    BIO_free(bio);
    return clean;
}

/* NULL: it has no such part. */
static char *part_of(const X509_NAME *name, int nid)
{
    int at = X509_NAME_get_index_by_NID(name, nid, -1);
    unsigned char *utf8 = NULL;
    char *clean = NULL;
    int len;

    if (at < 0)
        return NULL;
    len = ASN1_STRING_to_UTF8(&utf8,
                              X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at)));
    if (len > 0)
        clean = text_clean((struct span){(const char *)utf8, (size_t)len});
    OPENSSL_free(utf8);
    return clean;
}

char *text_short_name(const X509_NAME *name)
{
    static const int PARTS[] = {NID_commonName, NID_organizationalUnitName,
                                NID_organizationName};

    for (size_t i = 0; i < sizeof(PARTS) / sizeof(PARTS[0]); i++) {
        char *part = part_of(name, PARTS[i]);

        if (part != NULL)
            return part;
    }
    return text_of_name(name);
}
