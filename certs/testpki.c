/*
 * testpki: see testpki.h.
 */
#include "certs/testpki.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { DAY = 24 * 60 * 60, YEAR = 365 };

enum {
    KIND_CA = 1,
    KIND_PLAIN = 2,   /* a CA without what strict verification asks for */
    KIND_CLIENTS = 4, /* a CA whose extended key usage leaves servers out */
    KIND_SHORT = 8,   /* RSA, 1024 bits */
    KIND_SHA1 = 16,
};

#define HERE "DNS:server.test,DNS:localhost,IP:127.0.0.1,IP:::1"

static const struct recipe {
    const char *name;
    const char *subject;
    const char *issuer; /* stands above it in the table; NULL: itself */
    const char *key_of; /* has the key of that one; NULL: one of its own */
    int from, until;    /* days */
    unsigned kind;
    const char *hosts; /* of a server */
} RECIPES[] = {
    {"root", "Test Corp Root CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA, NULL},
    {"sub", "Test Corp Inspection CA", "root", NULL, -90, 5 * YEAR, KIND_CA, NULL},
    {"server", "server.test", "sub", NULL, -1, 300, 0, HERE},
    {"direct", "server.test", "root", NULL, -1, 300, 0, HERE},
    {"wrong-name", "other.test", "sub", NULL, -1, 300, 0, "DNS:other.test"},
    {"expired", "server.test", "sub", NULL, -60, -30, 0, HERE},
    {"soon", "server.test", "sub", NULL, -60, 5, 0, HERE},
    {"future", "server.test", "sub", NULL, 30, 300, 0, HERE},
    {"self", "server.test", NULL, NULL, -1, 300, 0, HERE},
    {"other", "Test Other Root CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA, NULL},
    {"cross", "Test Corp Root CA", "other", "root", -90, 5 * YEAR, KIND_CA, NULL},
    {"rotated", "Test Corp Root CA", NULL, NULL, -1, 10 * YEAR, KIND_CA, NULL},
    {"rotated-server", "server.test", "rotated", NULL, -1, 300, 0, HERE},
    {"old", "Test Old Root CA", NULL, NULL, -10 * YEAR, -30, KIND_CA, NULL},
    {"old-server", "server.test", "old", NULL, -1, 300, 0, HERE},
    {"plain", "Test Plain Root CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA | KIND_PLAIN,
     NULL},
    {"plain-twin", "Test Plain Root CA", NULL, NULL, -YEAR, 10 * YEAR,
     KIND_CA | KIND_PLAIN, NULL},
    {"plain-server", "server.test", "plain", NULL, -1, 300, 0, HERE},
    {"short", "Test Short Root CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA | KIND_SHORT,
     NULL},
    {"short-server", "server.test", "short", NULL, -1, 300, 0, HERE},
    {"sha1", "Test SHA-1 CA", "root", NULL, -YEAR, 5 * YEAR, KIND_CA | KIND_SHA1, NULL},
    {"sha1-server", "server.test", "sha1", NULL, -1, 300, 0, HERE},
    {"clients", "Test Clients CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA | KIND_CLIENTS,
     NULL},
    {"vendor", "Zscaler Root CA", NULL, NULL, -YEAR, 10 * YEAR, KIND_CA, NULL},
    {"vendor-server", "server.test", "vendor", NULL, -1, 300, 0, HERE},
};

enum { COUNT = sizeof(RECIPES) / sizeof(RECIPES[0]) };

struct testpki {
    int64_t now;
    X509 *certs[COUNT];
    EVP_PKEY *keys[COUNT];
};

/* COUNT if there is none. */
static size_t place_of(const char *name)
{
    size_t i = 0;

    while (i < COUNT && strcmp(RECIPES[i].name, name) != 0)
        i++;
    return i;
}

static bool is_self(size_t i)
{
    return RECIPES[i].issuer == NULL;
}

/* ---- keys ---- */

static void hash_of(const char *name, unsigned char hash[32])
{
    char text[64];
    int n = snprintf(text, sizeof(text), "ccgate test pki: %s", name);

    EVP_Digest(text, (size_t)n, hash, NULL, EVP_sha256(), NULL);
}

static EVP_PKEY *key_build(const BIGNUM *secret, const unsigned char *point, size_t len)
{
    OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    OSSL_PARAM *params = NULL;
    EVP_PKEY *key = NULL;

    if (build != NULL && ctx != NULL &&
        OSSL_PARAM_BLD_push_utf8_string(build, OSSL_PKEY_PARAM_GROUP_NAME, "P-256",
                                        0) == 1 &&
        OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_PRIV_KEY, secret) == 1 &&
        OSSL_PARAM_BLD_push_octet_string(build, OSSL_PKEY_PARAM_PUB_KEY, point, len) ==
            1)
        params = OSSL_PARAM_BLD_to_param(build);
    if (params != NULL && EVP_PKEY_fromdata_init(ctx) == 1)
        (void)EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_KEYPAIR, params);
    OSSL_PARAM_free(params);
    EVP_PKEY_CTX_free(ctx);
    OSSL_PARAM_BLD_free(build);
    return key;
}

/* A hash is a private key of P-256, but for one of 2^32. */
static EVP_PKEY *key_of_name(const char *name)
{
    EC_GROUP *group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
    EC_POINT *point = group != NULL ? EC_POINT_new(group) : NULL;
    unsigned char hash[32], bytes[128];
    EVP_PKEY *key = NULL;
    BIGNUM *secret;
    size_t len = 0;

    hash_of(name, hash);
    secret = BN_bin2bn(hash, sizeof(hash), NULL);
    if (point != NULL && secret != NULL &&
        EC_POINT_mul(group, point, secret, NULL, NULL, NULL) == 1)
        len = EC_POINT_point2oct(group, point, POINT_CONVERSION_UNCOMPRESSED, bytes,
                                 sizeof(bytes), NULL);
    if (len > 0)
        key = key_build(secret, bytes, len);
    BN_free(secret);
    EC_POINT_free(point);
    EC_GROUP_free(group);
    return key;
}

static EVP_PKEY *key_new(const struct testpki *pki, const struct recipe *recipe)
{
    EVP_PKEY *key;

    if ((recipe->kind & KIND_SHORT) != 0)
        return EVP_RSA_gen(1024);
    if (recipe->key_of == NULL)
        return key_of_name(recipe->name);
    key = pki->keys[place_of(recipe->key_of)];
    EVP_PKEY_up_ref(key);
    return key;
}

/* ---- certificates ---- */

static bool extend(X509 *cert, X509 *issuer, int nid, const char *value)
{
    X509_EXTENSION *extension;
    X509V3_CTX ctx;
    bool good;

    X509V3_set_ctx(&ctx, issuer, cert, NULL, NULL, 0);
    extension = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    good = extension != NULL && X509_add_ext(cert, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return good;
}

static bool extend_ca(X509 *cert, X509 *issuer, unsigned kind)
{
    if ((kind & KIND_PLAIN) != 0)
        return extend(cert, issuer, NID_basic_constraints, "CA:TRUE");
    return extend(cert, issuer, NID_basic_constraints, "critical,CA:TRUE") &&
           extend(cert, issuer, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           extend(cert, issuer, NID_subject_key_identifier, "hash") &&
           ((kind & KIND_CLIENTS) == 0 ||
            extend(cert, issuer, NID_ext_key_usage, "clientAuth"));
}

static bool extend_server(X509 *cert, X509 *issuer, const char *hosts)
{
    return extend(cert, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           extend(cert, issuer, NID_key_usage, "critical,digitalSignature") &&
           extend(cert, issuer, NID_ext_key_usage, "serverAuth") &&
           extend(cert, issuer, NID_subject_key_identifier, "hash") &&
           extend(cert, issuer, NID_subject_alt_name, hosts);
}

/* An issuer without a key identifier has none that could be named. */
static bool extend_all(X509 *cert, X509 *issuer, const struct recipe *recipe)
{
    bool good = (recipe->kind & KIND_CA) != 0
                    ? extend_ca(cert, issuer, recipe->kind)
                    : extend_server(cert, issuer, recipe->hosts);

    if (!good || cert == issuer || X509_get0_subject_key_id(issuer) == NULL)
        return good;
    return extend(cert, issuer, NID_authority_key_identifier, "keyid:always");
}

static bool fill(const struct testpki *pki, size_t i, X509 *issuer)
{
    const struct recipe *recipe = &RECIPES[i];
    X509 *cert = pki->certs[i];
    X509_NAME *subject = X509_get_subject_name(cert);
    time_t now = (time_t)pki->now;
    unsigned char hash[32];
    uint64_t serial = 0;

    hash_of(recipe->name, hash);
    for (size_t b = 0; b < 7; b++)
        serial = serial << 8 | hash[b];
    return X509_set_version(cert, X509_VERSION_3) == 1 &&
           ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial + 1) == 1 &&
           X509_time_adj_ex(X509_getm_notBefore(cert), recipe->from, 0, &now) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(cert), recipe->until, 0, &now) != NULL &&
           X509_NAME_add_entry_by_txt(subject, "O", MBSTRING_ASC,
                                      (const unsigned char *)"Test Corp", -1, -1,
                                      0) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                      (const unsigned char *)recipe->subject, -1, -1,
                                      0) == 1 &&
           X509_set_issuer_name(cert, X509_get_subject_name(issuer)) == 1 &&
           X509_set_pubkey(cert, pki->keys[i]) == 1;
}

static bool make(struct testpki *pki, size_t i)
{
    const struct recipe *recipe = &RECIPES[i];
    size_t by = is_self(i) ? i : place_of(recipe->issuer);

    pki->keys[i] = key_new(pki, recipe);
    pki->certs[i] = X509_new();
    return pki->keys[i] != NULL && pki->certs[i] != NULL &&
           fill(pki, i, pki->certs[by]) &&
           extend_all(pki->certs[i], pki->certs[by], recipe) &&
           X509_sign(pki->certs[i], pki->keys[by],
                     (recipe->kind & KIND_SHA1) != 0 ? EVP_sha1() : EVP_sha256()) > 0;
}

struct testpki *testpki_new(int64_t now)
{
    struct testpki *pki = calloc(1, sizeof(*pki));

    if (pki == NULL)
        return NULL;
    pki->now = now;
    for (size_t i = 0; i < COUNT; i++)
        if (!make(pki, i)) {
            testpki_free(pki);
            return NULL;
        }
    return pki;
}

void testpki_free(struct testpki *pki)
{
    if (pki == NULL)
        return;
    for (size_t i = 0; i < COUNT; i++) {
        X509_free(pki->certs[i]);
        EVP_PKEY_free(pki->keys[i]);
    }
    free(pki);
}

X509 *testpki_cert(const struct testpki *pki, const char *name)
{
    size_t i = place_of(name);

    return i < COUNT ? pki->certs[i] : NULL;
}

EVP_PKEY *testpki_key(const struct testpki *pki, const char *name)
{
    size_t i = place_of(name);

    return i < COUNT ? pki->keys[i] : NULL;
}

/* ---- files ---- */

static FILE *open_file(const char *folder, const char *name, const char *end)
{
    char path[PATH_MAX];
    int n = snprintf(path, sizeof(path), "%s/%s%s", folder, name, end);

    return n > 0 && (size_t)n < sizeof(path) ? fopen(path, "w") : NULL;
}

static bool close_file(FILE *file, bool good)
{
    return fclose(file) == 0 && good;
}

static bool save_cert(const struct testpki *pki, size_t i, const char *folder)
{
    FILE *file = open_file(folder, RECIPES[i].name, ".pem");

    return file != NULL && close_file(file, PEM_write_X509(file, pki->certs[i]) == 1);
}

static bool save_key(const struct testpki *pki, size_t i, const char *folder)
{
    FILE *file = open_file(folder, RECIPES[i].name, ".key");

    if (file == NULL)
        return false;
    return close_file(file, fchmod(fileno(file), 0600) == 0 &&
                                PEM_write_PrivateKey(file, pki->keys[i], NULL, NULL, 0,
                                                     NULL, NULL) == 1);
}

static bool save_chain(const struct testpki *pki, size_t i, const char *folder)
{
    FILE *file = open_file(folder, RECIPES[i].name, "-chain.pem");
    bool good = file != NULL;

    for (; good && !is_self(i); i = place_of(RECIPES[i].issuer))
        good = PEM_write_X509(file, pki->certs[i]) == 1;
    return file != NULL && close_file(file, good);
}

bool testpki_save(const struct testpki *pki, const char *folder)
{
    for (size_t i = 0; i < COUNT; i++)
        if (!save_cert(pki, i, folder) || !save_key(pki, i, folder) ||
            (!is_self(i) && !save_chain(pki, i, folder)))
            return false;
    return true;
}
