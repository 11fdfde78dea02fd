/*
 * test_bundle: every state that a file of certificates was found in, and the line that
 * is said about it.
 */
#include <openssl/pkcs12.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "certs/bundle.h"
#include "pki_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static struct bundle bundle;
static struct buf bytes;
static char folder[64];

static void setup(void)
{
    pki_begin();
    bundle_init(&bundle, true, PKI_NOW);
    buf_init(&bytes, 64 * 1024 * 1024);
    snprintf(folder, sizeof(folder), "/tmp/test_bundle.XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(folder));
}

static void teardown(void)
{
    char command[128];

    ck_assert(!bundle.no_memory);
    bundle_clear(&bundle);
    buf_clear(&bytes);
    pki_end();
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    ck_assert_int_eq(system(command), 0);
}

/* ---- what is in a file: words of a row, '+' for a certificate as PEM ---- */

static void put(const char *text)
{
    ck_assert_int_eq(buf_append_text(&bytes, text), 0);
}

static void put_with_line_ends(const char *name, const char *end)
{
    struct span rest, line;
    struct buf pem;

    buf_init(&pem, 65536);
    pki_pem(name, &pem);
    rest = buf_span(&pem);
    while (span_next(&rest, "\n", &line))
        if (line.len > 0) {
            ck_assert_int_eq(buf_append_span(&bytes, line), 0);
            put(end);
        }
    buf_clear(&pem);
}

/* Without the newline at its end. */
static void put_glued(const char *name)
{
    pki_pem(name, &bytes);
    bytes.len--;
}

static void put_trusted(const char *name)
{
    BIO *bio = BIO_new(BIO_s_mem());
    X509 *cert = X509_dup(pki_cert(name));

    ck_assert_int_eq(X509_add1_trust_object(cert, OBJ_nid2obj(NID_server_auth)), 1);
    ck_assert_int_eq(PEM_write_bio_X509_AUX(bio, cert), 1);
    X509_free(cert);
    pki_take(bio, &bytes);
}

static void put_bare(const char *name)
{
    struct span text;
    struct buf pem;

    buf_init(&pem, 65536);
    pki_pem(name, &pem);
    text = span_skip(buf_span(&pem), strlen("-----BEGIN CERTIFICATE-----\n"));
    text.len -= strlen("-----END CERTIFICATE-----\n");
    ck_assert_int_eq(buf_append_span(&bytes, text), 0);
    buf_clear(&pem);
}

/* The text with a byte of the middle replaced. */
static void put_damaged(const char *name, char with)
{
    size_t before = bytes.len;

    pki_pem(name, &bytes);
    bytes.data[before + (bytes.len - before) / 2] = with;
}

static void two(void)
{
    pki_pem("root", &bytes);
    pki_pem("sub", &bytes);
}

static void glued(void)
{
    put_glued("root");
    put_glued("sub");
}

static void glued_crlf(void)
{
    put_with_line_ends("root", "\r\n");
    bytes.len -= 2;
    put_with_line_ends("sub", "\r\n");
}

static void crlf_and_comments(void)
{
    put("# the company's roots\r\nSubject: O=x\r\n\r\n");
    put_with_line_ends("root", "\r\n");
    put("-- and the next one --\r\n");
    put_with_line_ends("sub", "\r\n");
    put("the end\r\n");
}

static void trailing_blanks(void)
{
    put_with_line_ends("root", "  \t\n");
}

static void indented(void)
{
    put("ca: |\n  ");
    put_with_line_ends("root", "\n  ");
}

static void marked(void)
{
    put("\xef\xbb\xbf");
    pki_pem("root", &bytes);
}

static void der(void)
{
    pki_der("root", &bytes);
}

static void der_twice(void)
{
    pki_der("root", &bytes);
    pki_der("sub", &bytes);
    put("\n");
}

static void pkcs7_der(void)
{
    pki_pkcs7("root", "sub", true, &bytes);
}

static void pkcs7_pem(void)
{
    pki_pkcs7("root", "sub", false, &bytes);
}

static void trusted(void)
{
    put_trusted("root");
}

static void bare(void)
{
    put_bare("root");
}

static void html(void)
{
    put("\r\n <!DOCTYPE html>\n<html><body>Sign in</body></html>\n");
}

static void html_bare(void)
{
    put("<HTML><pre>-----BEGIN CERTIFICATE-----</pre>");
}

static void blank(void)
{
    put(" \n\r\n");
}

static void nothing(void)
{
}

static void other_text(void)
{
    put("not found\n");
}

static void key_behind(void)
{
    pki_pem("root", &bytes);
    pki_key("root", false, &bytes);
}

static void key_der(void)
{
    pki_key("root", true, &bytes);
}

static void key_encrypted(void)
{
    put("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE "
        "KEY-----\n");
}

static void key_encrypted_der(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(i2d_PKCS8PrivateKey_bio(bio, testpki_key(pki, "root"),
                                             EVP_aes_128_cbc(), "pw", 2, NULL, NULL),
                     1);
    pki_take(bio, &bytes);
}

static void key_glued(void)
{
    put_glued("root");
    pki_key("root", false, &bytes);
}

static void public_key(void)
{
    BIO *bio = BIO_new(BIO_s_mem());

    ck_assert_int_eq(i2d_PUBKEY_bio(bio, testpki_key(pki, "root")), 1);
    pki_take(bio, &bytes);
}

static void store(void)
{
    pki_pkcs12("root", &bytes);
}

static void utf16(void)
{
    ck_assert_int_eq(buf_append(&bytes, "\xff\xfe-\0-\0", 6), 0);
}

static void huge(void)
{
    while (bytes.len < 20 * 1024 * 1024)
        two();
}

static void leaf(void)
{
    pki_pem("server", &bytes);
    pki_pem("root", &bytes);
}

static void leaf_alone(void)
{
    pki_pem("self", &bytes);
}

static void expired(void)
{
    pki_pem("old", &bytes);
    pki_pem("root", &bytes);
}

static void twice(void)
{
    two();
    pki_pem("root", &bytes);
}

static void broken_base64(void)
{
    put_damaged("root", '!');
    pki_pem("sub", &bytes);
}

static void broken_der(void)
{
    put("-----BEGIN CERTIFICATE-----\nMIIBAAAA\n-----END CERTIFICATE-----\n");
    pki_pem("sub", &bytes);
}

static void cut_off(void)
{
    pki_pem("root", &bytes);
    pki_pem("sub", &bytes);
    bytes.len -= 40;
}

static void without_end(void)
{
    pki_pem("root", &bytes);
    bytes.len -= strlen("-----END CERTIFICATE-----\n");
    pki_pem("sub", &bytes);
}

static void weak_key(void)
{
    pki_pem("short", &bytes);
}

static void weak_signature(void)
{
    pki_pem("sha1", &bytes);
}

static void not_strict(void)
{
    pki_pem("plain", &bytes);
}

static void clients(void)
{
    pki_pem("clients", &bytes);
}

static void request(void)
{
    put("-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE "
        "REQUEST-----\n");
    pki_pem("root", &bytes);
}

static const struct {
    void (*make)(void);
    size_t kept;
    const char *faults; /* in this order, with blanks between */
    const char *line;   /* part of the first problem */
} FILES[] = {
    {two, 2, "", NULL},
    {glued, 2, "glued", "a.pem: certificate 2: begins in the line in which"},
    {glued_crlf, 2, "cr-lf glued", "a.pem: has lines that end in CR LF; what ccgate"},
    {crlf_and_comments, 2, "cr-lf", "a.pem: has lines that end in CR LF; "},
    {trailing_blanks, 1, "", NULL},
    {indented, 1, "", NULL},
    {marked, 1, "byte-order-mark", "a.pem: begins with a byte order mark; Claude Code"},
    {der, 1, "not-pem", "a.pem: is DER; most tools"},
    {der_twice, 2, "not-pem", "a.pem: is DER; "},
    {pkcs7_der, 2, "not-pem", "a.pem: is PKCS#7 in DER; "},
    {pkcs7_pem, 2, "", NULL},
    {trusted, 1, "trust-settings", "a.pem: certificate 1: has trust settings"},
    {bare, 1, "not-pem", "a.pem: is base64 without a line BEGIN; "},
    {html, 0, "html", "a.pem: is a web page, no certificate; a page for logging in"},
    {html_bare, 0, "html", "is a web page"},
    {blank, 0, "empty", "a.pem: is empty; export the certificate again"},
    {nothing, 0, "empty", "is empty"},
    {other_text, 0, "no-certificate", "a.pem: holds no certificate; a PEM file has"},
    {key_behind, 0, "private-key", "a.pem: holds a private key (line 1"},
    {key_der, 0, "private-key", "a.pem: holds a private key, so that nothing"},
    {key_encrypted, 0, "private-key", "holds a private key (line 1)"},
    {key_encrypted_der, 0, "private-key", "holds a private key"},
    {key_glued, 0, "private-key", "holds a private key"},
    {public_key, 0, "no-certificate", "holds no certificate"},
    {store, 0, "pkcs12", "a.pem: is a PKCS#12 store"},
    {utf16, 0, "utf-16", "a.pem: is UTF-16 text; save it as ASCII"},
    {huge, 0, "too-large", "bytes, more than the 8 MiB that are read; keep only"},
    {leaf, 1, "leaf",
     "a.pem: certificate 1 (server.test): is the certificate of a server or user, not of "
     "a CA; it was issued by CN=Test Corp Inspection CA, O=Test Corp; name the "},
    {leaf_alone, 0, "leaf", "it was issued by itself"},
    {expired, 1, "expired",
     "a.pem: certificate 1 (Test Old Root CA): expired on 2026-12-16; ask for"},
    {twice, 2, "duplicate",
     "a.pem: certificate 3 (Test Corp Root CA): is certificate 1 of a.pem again"},
    {broken_base64, 1, "broken",
     "a.pem: certificate 1: has characters between BEGIN and END that do not belong"},
    {broken_der, 1, "broken", "a.pem: certificate 1: is damaged or no certificate"},
    {cut_off, 1, "broken", "a.pem: certificate 2: is cut off: its line END is missing"},
    {without_end, 1, "broken", "a.pem: certificate 1: is cut off"},
    {weak_key, 1, "weak-key",
     "a.pem: certificate 1 (Test Short Root CA): has a short key (RSA, 1024 bits)"},
    {weak_signature, 1, "weak-signature", "with a weak hash (ecdsa-with-SHA1)"},
    {not_strict, 1, "not-strict",
     "strict verification: no keyUsage, no subject key identifier, basicConstraints not "
     "critical; Python from 3.13 on"},
    {clients, 1, "not-for-servers", "is a CA for other purposes than servers"},
    {request, 1, "other-block",
     "a.pem: has a block in line 1 that is no certificate (CERTIFICATE REQUEST)"},
};

static void expect_faults(const char *expected)
{
    char faults[256] = "";

    for (size_t i = 0; i < bundle.problem_count; i++)
        snprintf(faults + strlen(faults), sizeof(faults) - strlen(faults), "%s%s",
                 i > 0 ? " " : "", bundle_fault_name(bundle.problems[i].fault));
    ck_assert_str_eq(faults, expected);
}

START_TEST(files)
{
    FILES[_i].make();
    bundle_add(&bundle, "a.pem", buf_span(&bytes));
    expect_faults(FILES[_i].faults);
    ck_assert_uint_eq(bundle.count, FILES[_i].kept);
    if (FILES[_i].line != NULL)
        ck_assert_msg(strstr(bundle.problems[0].text, FILES[_i].line) != NULL, "%s",
                      bundle.problems[0].text);
}
END_TEST

/* What was good before stays, whatever comes. */
START_TEST(working_set_stays)
{
    pki_pem("vendor", &bytes);
    bundle_add(&bundle, "good.pem", buf_span(&bytes));
    buf_reset(&bytes);
    FILES[_i].make();
    bundle_add(&bundle, "a.pem", buf_span(&bytes));
    ck_assert_uint_eq(bundle.count, 1 + FILES[_i].kept);
    ck_assert_str_eq(bundle.entries[0].cert->name, "Zscaler Root CA");
}
END_TEST

/* A leaf and an expired CA are kept by who explains them. */
START_TEST(without_vetting)
{
    bundle.vet = false;
    leaf();
    expired();
    bundle_add(&bundle, "a.pem", buf_span(&bytes));
    expect_faults("duplicate");
    ck_assert_uint_eq(bundle.count, 3);
}
END_TEST

START_TEST(problems_of_a_file_are_bounded)
{
    for (int i = 0; i < 3 * BUNDLE_PROBLEM_LIMIT; i++)
        put("-----BEGIN CERTIFICATE-----\n");
    bundle_add(&bundle, "a.pem", buf_span(&bytes));
    ck_assert_uint_eq(bundle.problem_count, BUNDLE_PROBLEM_LIMIT);
    buf_reset(&bytes);
    bundle_add(&bundle, "b.pem", buf_span(&bytes));
    ck_assert_uint_eq(bundle.problem_count, BUNDLE_PROBLEM_LIMIT + 1);
}
END_TEST

/* ---- files ---- */

static const char *path_of(const char *name)
{
    static char path[128];

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static void write_bytes(const char *name, mode_t mode)
{
    FILE *file = fopen(path_of(name), "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(bytes.data, 1, bytes.len, file), bytes.len);
    ck_assert_int_eq(fclose(file), 0);
    ck_assert_int_eq(chmod(path_of(name), mode), 0);
    buf_reset(&bytes);
}

START_TEST(a_file_of_20_megabytes)
{
    huge();
    write_bytes("big.pem", 0600);
    bundle_read(&bundle, path_of("big.pem"));
    expect_faults("too-large");
    ck_assert_ptr_nonnull(
        strstr(bundle.problems[0].text, "big.pem: has 20.0 MiB, more than the 8 MiB"));
}
END_TEST

START_TEST(what_is_no_file)
{
    bundle_read(&bundle, path_of("absent.pem"));
    bundle_read(&bundle, folder);
    ck_assert_int_eq(mkfifo(path_of("pipe"), 0600), 0);
    bundle_read(&bundle, path_of("pipe"));
    expect_faults("unreadable no-file no-file");
    ck_assert_ptr_nonnull(
        strstr(bundle.problems[0].text, "absent.pem: cannot be read (No such file"));
}
END_TEST

/* Root may read everything, so that it is somebody else for a moment. */
START_TEST(a_file_that_is_not_ours)
{
    two();
    write_bytes("locked.pem", 0);
    if (geteuid() == 0)
        ck_assert_int_eq(seteuid(65534), 0);
    bundle_read(&bundle, path_of("locked.pem"));
    if (getuid() == 0)
        ck_assert_int_eq(seteuid(0), 0);
    expect_faults("unreadable");
    ck_assert_ptr_nonnull(strstr(bundle.problems[0].text, "Permission denied"));
}
END_TEST

START_TEST(a_folder)
{
    two();
    write_bytes("20-two.crt", 0644);
    pki_der("vendor", &bytes);
    write_bytes("10-vendor.der", 0644);
    html();
    write_bytes("15-page.pem", 0644);
    pki_pem("other", &bytes);
    write_bytes("30-open.pem", 0666);
    pki_pem("other", &bytes);
    write_bytes(".hidden.pem", 0644);
    pki_pem("other", &bytes);
    write_bytes("README", 0644);
    bundle_read_folder(&bundle, folder);
    expect_faults("not-pem html unsafe");
    ck_assert_uint_eq(bundle.count, 3);
    ck_assert_str_eq(bundle.entries[0].cert->name, "Zscaler Root CA");
    ck_assert_str_eq(bundle.entries[2].file, path_of("20-two.crt"));
    ck_assert_uint_eq(bundle.entries[2].number, 2);
}
END_TEST

START_TEST(folders_that_do_not_count)
{
    two();
    write_bytes("a.pem", 0644);
    bundle_read_folder(&bundle, path_of("absent"));
    expect_faults("");
    ck_assert_int_eq(chmod(folder, 0777), 0);
    bundle_read_folder(&bundle, folder);
    expect_faults("unsafe");
    ck_assert_uint_eq(bundle.count, 0);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("bundle");
    TCase *c = tcase_create("bundle");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, setup, teardown);
    tcase_add_loop_test(c, files, 0, COUNT(FILES));
    tcase_add_loop_test(c, working_set_stays, 0, COUNT(FILES));
    tcase_add_test(c, without_vetting);
    tcase_add_test(c, problems_of_a_file_are_bounded);
    tcase_add_test(c, a_file_of_20_megabytes);
    tcase_add_test(c, what_is_no_file);
    tcase_add_test(c, a_file_that_is_not_ours);
    tcase_add_test(c, a_folder);
    tcase_add_test(c, folders_that_do_not_count);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
