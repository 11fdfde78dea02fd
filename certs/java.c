/*
 * java: see java.h.
 *
 * Java takes a certificate in a PKCS#12 file (RFC 7292) for a trusted one only if its
 * bag has an attribute of Oracle's, trustedKeyUsage. Without a MAC there is no salt, so
 * that nothing in the file is random; Java checks no MAC where it is given no password.
 */
#include "certs/java.h"

#include <errno.h>
#include <openssl/pkcs12.h>

#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

/* With any extended key usage, as keytool writes it. */
static bool mark_trusted(PKCS12_SAFEBAG *bag)
{
    ASN1_OBJECT *any = OBJ_nid2obj(NID_anyExtendedKeyUsage);

    return any != NULL && PKCS12_add1_attr_by_txt(bag, TRUSTED_KEY_USAGE, V_ASN1_OBJECT,
                                                  (const unsigned char *)any, -1) == 1;
}

/* Java wants a name for each, and no two of the same. */
static bool add_cert(STACK_OF(PKCS12_SAFEBAG) * bags, const struct cert *cert)
{
    PKCS12_SAFEBAG *bag = PKCS12_SAFEBAG_create_cert(cert->x509);

    if (bag != NULL && PKCS12_add_friendlyname_utf8(bag, cert->fingerprint, -1) == 1 &&
        mark_trusted(bag) && sk_PKCS12_SAFEBAG_push(bags, bag) > 0)
        return true;
    PKCS12_SAFEBAG_free(bag);
    return false;
}

static bool add_bundle(STACK_OF(PKCS12_SAFEBAG) * bags, const struct bundle *bundle)
{
    bool added = true;

    for (size_t i = 0; i < bundle->count && added; i++)
        added = add_cert(bags, bundle->entries[i].cert);
    return added;
}

/* NULL when memory is out. */
static PKCS12 *pack(STACK_OF(PKCS12_SAFEBAG) * bags)
{
    STACK_OF(PKCS7) *safes = sk_PKCS7_new_null();
    PKCS7 *content = PKCS12_pack_p7data(bags);
    PKCS12 *store = NULL;

    if (safes != NULL && content != NULL && sk_PKCS7_push(safes, content) > 0) {
        content = NULL;
        store = PKCS12_init(NID_pkcs7_data);
    }
    if (store != NULL && PKCS12_pack_authsafes(store, safes) != 1) {
        PKCS12_free(store);
        store = NULL;
    }
    PKCS7_free(content);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    return store;
}

int java_store(const struct bundle *bundle, struct buf *out)
{
    STACK_OF(PKCS12_SAFEBAG) *bags = sk_PKCS12_SAFEBAG_new_null();
    unsigned char *bytes = NULL;
    PKCS12 *store = NULL;
    int error = -ENOMEM;
    int len = -1;

    if (bags != NULL && add_bundle(bags, bundle))
        store = pack(bags);
    if (store != NULL)
        len = i2d_PKCS12(store, &bytes);
    if (len > 0)
        error = buf_append(out, bytes, (size_t)len);
    OPENSSL_free(bytes);
    PKCS12_free(store);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    return error;
}
