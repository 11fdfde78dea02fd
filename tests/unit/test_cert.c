/*
 * test_cert: the facts of a certificate, fingerprints as people write them, dates, and
 * names that are made to deceive.
 */
#include <string.h>

#include "certs/cert.h"
#include "certs/text.h"
#include "pki_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define DAY          ((int64_t)24 * 60 * 60)

static const struct {
    const char *name;
    const char *short_name;
    const char *issuer;
    bool ca, self_signed;
    unsigned flaws;
} FACTS[] = {
    {"root", "Test Corp Root CA", "Test Corp Root CA", true, true, 0},
    {"sub", "Test Corp Inspection CA", "Test Corp Root CA", true, false, 0},
    {"server", "server.test", "Test Corp Inspection CA", false, false, 0},
    {"self", "server.test", "server.test", false, true, 0},
    {"cross", "Test Corp Root CA", "Test Other Root CA", true, false, 0},
    {"plain", "Test Plain Root CA", "Test Plain Root CA", true, true,
     CERT_NO_KEY_USAGE | CERT_NO_SUBJECT_KEY_ID | CERT_SOFT_CONSTRAINTS},
    {"plain-server", "server.test", "Test Plain Root CA", false, false,
     CERT_NO_ISSUER_KEY_ID},
    {"short", "Test Short Root CA", "Test Short Root CA", true, true, CERT_WEAK_KEY},
    {"sha1", "Test SHA-1 CA", "Test Corp Root CA", true, false, CERT_WEAK_SIGNATURE},
    {"clients", "Test Clients CA", "Test Clients CA", true, true, CERT_NOT_FOR_SERVERS},
};

START_TEST(facts)
{
    struct cert *cert = cert_new(pki_cert(FACTS[_i].name));
    unsigned char hash[CERT_HASH];

    ck_assert_ptr_nonnull(cert);
    ck_assert_str_eq(cert->name, FACTS[_i].short_name);
    ck_assert_str_eq(cert->issuer_name, FACTS[_i].issuer);
    ck_assert_int_eq(cert->ca, FACTS[_i].ca);
    ck_assert_int_eq(cert->self_signed, FACTS[_i].self_signed);
    ck_assert_uint_eq(cert->flaws, FACTS[_i].flaws);
    ck_assert(cert_parse_fingerprint(span_of(cert->fingerprint), hash));
    ck_assert_mem_eq(hash, cert->sha256, CERT_HASH);
    ck_assert(!cert_has_scts(cert));
    ck_assert_ptr_null(cert_issuer_url(cert));
    cert_free(cert);
}
END_TEST

START_TEST(names_and_times)
{
    struct cert *cert = cert_new(pki_cert("short"));

    ck_assert_str_eq(cert->subject, "CN=Test Short Root CA, O=Test Corp");
    ck_assert_str_eq(cert->key, "RSA");
    ck_assert_int_eq(cert->key_bits, 1024);
    ck_assert_str_eq(cert->signature, "sha256WithRSAEncryption");
    ck_assert_int_eq(cert->not_before, PKI_NOW - 365 * DAY);
    ck_assert_int_eq(cert->not_after, PKI_NOW + 3650 * DAY);
    cert_free(cert);
}
END_TEST

/* The same name is not enough. */
START_TEST(issued)
{
    struct cert *root = cert_new(pki_cert("root"));
    struct cert *rotated = cert_new(pki_cert("rotated"));
    struct cert *sub = cert_new(pki_cert("sub"));
    struct cert *cross = cert_new(pki_cert("cross"));
    struct cert *twin = cert_new(pki_cert("plain-twin"));
    struct cert *nameless = cert_new(pki_cert("plain-server")); /* no key identifier */

    ck_assert(cert_issued(root, sub));
    ck_assert(cert_issued(cross, sub));
    ck_assert(!cert_issued(rotated, sub));
    ck_assert(!cert_issued(sub, root));
    ck_assert(!cert_issued(twin, nameless));
    ck_assert(cert_same(root, root) && !cert_same(root, cross));
    cert_free(root);
    cert_free(rotated);
    cert_free(sub);
    cert_free(cross);
    cert_free(twin);
    cert_free(nameless);
}
END_TEST

static const struct {
    int64_t before_end; /* seconds */
    enum cert_expiry expiry;
    int64_t days;
} STEPS[] = {
    {61 * DAY, CERT_FINE, 61},
    {60 * DAY + 1, CERT_FINE, 60},
    {60 * DAY, CERT_60_DAYS, 60},
    {30 * DAY + 1, CERT_60_DAYS, 30},
    {30 * DAY, CERT_30_DAYS, 30},
    {7 * DAY, CERT_7_DAYS, 7},
    {0, CERT_7_DAYS, 0},
    {-1, CERT_EXPIRED, -1},
    {-2 * DAY, CERT_EXPIRED, -3},
    {4000 * DAY, CERT_FINE, 4000},
    {5 * 3650 * DAY, CERT_NOT_YET, 18250},
};

START_TEST(expiry)
{
    struct cert *cert = cert_new(pki_cert("root"));
    int64_t now = cert->not_after - STEPS[_i].before_end;

    ck_assert_int_eq(cert_expiry(cert, now), STEPS[_i].expiry);
    ck_assert_int_eq(cert_days_left(cert, now), STEPS[_i].days);
    cert_free(cert);
}
END_TEST

#define H32 "00112233445566778899aabbccddeeff"

static const struct {
    const char *text;
    bool good;
} FINGERPRINTS[] = {
    {H32 H32, true},
    {" " H32 H32 "\n", false},
    {"  " H32 H32 "  ", true},
    {"SHA256:" H32 H32, true},
    {"sha-256 = " H32 H32, true},
    {"SHA256 Fingerprint=00:11:22:33:44:55:66:77:88:99:AA:BB:CC:DD:EE:FF:00:11:22:33:44:"
     "55:66:77:88:99:AA:BB:CC:DD:EE:FF",
     true},
    {"sha1:" H32 H32, false},
    {H32, false},
    {H32 H32 "0", false},
    {H32 H32 "00", false},
    {"", false},
    {"Test Corp Root CA", false},
    {H32 "00112233445566778899aabbccddeefg", false},
};

START_TEST(fingerprints)
{
    static const unsigned char EXPECTED[16] = {0x00, 0x11, 0x22, 0x33, 0x44, 0x55,
                                               0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb,
                                               0xcc, 0xdd, 0xee, 0xff};
    unsigned char hash[CERT_HASH];

    ck_assert_int_eq(cert_parse_fingerprint(span_of(FINGERPRINTS[_i].text), hash),
                     FINGERPRINTS[_i].good);
    if (FINGERPRINTS[_i].good) {
        ck_assert_mem_eq(hash, EXPECTED, 16);
        ck_assert_mem_eq(hash + 16, EXPECTED, 16);
    }
}
END_TEST

static const struct {
    const char *text;
    const char *clean;
} TEXTS[] = {
    {"plain", "plain"},
    {"K\xc3\xb6ln", "K\xc3\xb6ln"},
    {"a\x1b[31mb\r\n", "a?[31mb??"},
    {"a\xc2\x9b"
     "31m",
     "a?31m"},
    {"\xe2\x80\xae"
     "moc.live",
     "?moc.live"},
    {"\xff\xfe", "??"},
    {"\xed\xa0\x80", "???"},
    {"", ""},
};

START_TEST(texts)
{
    char *clean = text_clean(span_of(TEXTS[_i].text));

    ck_assert_str_eq(clean, TEXTS[_i].clean);
    free(clean);
}
END_TEST

START_TEST(long_text_ends_with_a_whole_character)
{
    char text[2 * TEXT_LIMIT + 2];
    char *clean;

    text[0] = 'x';
    for (size_t i = 1; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, "\xc3\xb6", 2);
    clean = text_clean((struct span){text, sizeof(text) - 1});
    ck_assert_uint_eq(strlen(clean), TEXT_LIMIT - 1);
    free(clean);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("cert");
    TCase *c = tcase_create("cert");

    tcase_add_checked_fixture(c, pki_begin, pki_end);
    tcase_add_loop_test(c, facts, 0, COUNT(FACTS));
    tcase_add_test(c, names_and_times);
    tcase_add_test(c, issued);
    tcase_add_loop_test(c, expiry, 0, COUNT(STEPS));
    tcase_add_loop_test(c, fingerprints, 0, COUNT(FINGERPRINTS));
    tcase_add_loop_test(c, texts, 0, COUNT(TEXTS));
    tcase_add_test(c, long_text_ends_with_a_whole_character);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
