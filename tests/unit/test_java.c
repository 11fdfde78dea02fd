/*
 * test_java: the trust store for Java, taken apart again.
 */
#include "certs/java.h"

#include <errno.h>
#include <openssl/pkcs12.h>

#include "pki_rig.h"

#define TRUSTED_KEY_USAGE "2.16.840.1.113894.746875.1.1"

static struct bundle bundle;
static struct buf out;

static void setup(void)
{
    pki_begin();
    bundle_init(&bundle, false, PKI_NOW);
    buf_init(&out, 65536);
}

static void teardown(void)
{
    bundle_clear(&bundle);
    buf_clear(&out);
    pki_end();
}

static void add(const char *name)
{
    struct buf pem;

    buf_init(&pem, 65536);
    pki_pem(name, &pem);
    bundle_add(&bundle, name, buf_span(&pem));
    buf_clear(&pem);
}

/* What keytool puts beside a certificate that is trusted for everything. */
static void assert_trusted(const PKCS12_SAFEBAG *bag)
{
    const STACK_OF(X509_ATTRIBUTE) *attributes = PKCS12_SAFEBAG_get0_attrs(bag);
    ASN1_OBJECT *wanted = OBJ_txt2obj(TRUSTED_KEY_USAGE, 1);
    int place = X509at_get_attr_by_OBJ(attributes, wanted, -1);
    ASN1_TYPE *value;

    ASN1_OBJECT_free(wanted);
    ck_assert_int_ge(place, 0);
    value = X509_ATTRIBUTE_get0_type(sk_X509_ATTRIBUTE_value(attributes, place), 0);
    ck_assert_int_eq(value->type, V_ASN1_OBJECT);
    ck_assert_int_eq(OBJ_obj2nid(value->value.object), NID_anyExtendedKeyUsage);
}

static void assert_bag(const PKCS12_SAFEBAG *bag, const struct cert *cert)
{
    char *name = PKCS12_get_friendlyname((PKCS12_SAFEBAG *)(size_t)bag);
    X509 *x509 = PKCS12_SAFEBAG_get1_cert(bag);

    ck_assert_int_eq(X509_cmp(x509, cert->x509), 0);
    ck_assert_str_eq(name, cert->fingerprint);
    assert_trusted(bag);
    X509_free(x509);
    OPENSSL_free(name);
}

START_TEST(each_certificate_is_trusted)
{
    const unsigned char *at;
    STACK_OF(PKCS12_SAFEBAG) * bags;
    STACK_OF(PKCS7) * safes;
    PKCS12 *store;

    add("root");
    add("sub");
    add("other");
    ck_assert_int_eq(java_store(&bundle, &out), 0);
    at = (const unsigned char *)buf_span(&out).at;
    store = d2i_PKCS12(NULL, &at, (long)out.len);
    ck_assert_ptr_nonnull(store);
    ck_assert(!PKCS12_mac_present(store));
    safes = PKCS12_unpack_authsafes(store);
    ck_assert_int_eq(sk_PKCS7_num(safes), 1);
    bags = PKCS12_unpack_p7data(sk_PKCS7_value(safes, 0));
    ck_assert_int_eq(sk_PKCS12_SAFEBAG_num(bags), 3);
    for (int i = 0; i < 3; i++)
        assert_bag(sk_PKCS12_SAFEBAG_value(bags, i), bundle.entries[i].cert);
    sk_PKCS12_SAFEBAG_pop_free(bags, PKCS12_SAFEBAG_free);
    sk_PKCS7_pop_free(safes, PKCS7_free);
    PKCS12_free(store);
}
END_TEST

START_TEST(nothing_in_it_is_random)
{
    struct buf again;

    add("root");
    add("sub");
    buf_init(&again, 65536);
    ck_assert_int_eq(java_store(&bundle, &out), 0);
    ck_assert_int_eq(java_store(&bundle, &again), 0);
    ck_assert(span_equal(buf_span(&out), buf_span(&again)));
    buf_clear(&again);
}
END_TEST

START_TEST(ceiling)
{
    add("root");
    out.ceiling = 100;
    ck_assert_int_eq(java_store(&bundle, &out), -EMSGSIZE);
    ck_assert_uint_eq(out.len, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("java");
    TCase *tc = tcase_create("java");

    tcase_add_checked_fixture(tc, setup, teardown);
    tcase_add_test(tc, each_certificate_is_trusted);
    tcase_add_test(tc, nothing_in_it_is_random);
    tcase_add_test(tc, ceiling);
    suite_add_tcase(suite, tc);
    return suite_run(suite);
}
