/*
 * pki_rig: the certificates of certs/testpki.h as text and bytes, for tests.
 */
#ifndef CCGATE_TESTS_UNIT_PKI_RIG_H
#define CCGATE_TESTS_UNIT_PKI_RIG_H

#include <openssl/pem.h>
#include <openssl/pkcs12.h>

#include "base/buf.h"
#include "certs/testpki.h"
#include "suite.h"

#define PKI_NOW 1800000000 /* 2027-01-15 */

static struct testpki *pki;

static inline void pki_begin(void)
{
    pki = testpki_new(PKI_NOW);
    ck_assert_ptr_nonnull(pki);
}

static inline void pki_end(void)
{
    testpki_free(pki);
    pki = NULL;
}

/* Appends what a memory BIO holds, and frees it. */
static inline void pki_take(BIO *bio, struct buf *out)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);

    ck_assert_int_eq(buf_append(out, bytes, (size_t)len), 0);
    BIO_free(bio);
}

static inline X509 *pki_cert(const char *name)
{
    X509 *cert = testpki_cert(pki, name);

    ck_assert_msg(cert != NULL, "%s", name);
    return cert;
}

static inline void pki_pem(const char *name, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(PEM_write_bio_X509(bio, pki_cert(name)), 1);
    pki_take(bio, out);
}

static inline void pki_der(const char *name, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(i2d_X509_bio(bio, pki_cert(name)), 1);
    pki_take(bio, out);
}

/* The private key in one of its forms. */
static inline void pki_key(const char *name, bool der, struct buf *out)
{
    BIO *bio = BIO_new(BIO_s_mem());
    EVP_PKEY *key = testpki_key(pki, name);

    ck_assert_int_eq(
        der ? i2d_PrivateKey_bio(bio, key)
            : PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL),
        1);
    pki_take(bio, out);
}

/* A PKCS#7 of these two, as DER or PEM. */
static inline void pki_pkcs7(const char *a, const char *b, bool der, struct buf *out)
{
    PKCS7 *p7 = PKCS7_new();
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(PKCS7_set_type(p7, NID_pkcs7_signed), 1);
    ck_assert_int_eq(PKCS7_content_new(p7, NID_pkcs7_data), 1);
    ck_assert_int_eq(PKCS7_add_certificate(p7, pki_cert(a)), 1);
    ck_assert_int_eq(PKCS7_add_certificate(p7, pki_cert(b)), 1);
    ck_assert_int_eq(der ? i2d_PKCS7_bio(bio, p7) : PEM_write_bio_PKCS7(bio, p7), 1);
    PKCS7_free(p7);
    pki_take(bio, out);
}

static inline void pki_pkcs12(const char *name, struct buf *out)
{
    PKCS12 *p12 = PKCS12_create("secret", name, testpki_key(pki, name), pki_cert(name),
                                NULL, 0, 0, 0, 0, 0);
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_ptr_nonnull(p12);
    ck_assert_int_eq(i2d_PKCS12_bio(bio, p12), 1);
    PKCS12_free(p12);
    pki_take(bio, out);
}

#endif
