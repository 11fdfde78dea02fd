/*
 * test_ca: `ccgate ca`: what is imported, built and removed, and that what is built is
 * the same each time and survives files that break.
 */
#include "ca_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

/* ---- import ---- */

static const struct {
    const char *names; /* in the file */
    const char *held;  /* afterwards */
    int status;
    const char *said;
} IMPORTS[] = {
    {"root", "root", 0, "added: Test Corp Root CA\n  subject     CN=Test Corp Root CA"},
    {"root sub", "root sub", 0, "then: ccgate ca build"},
    {"root root", "root", 0, "note: "},
    {"server sub root", "sub root", 1, "error: "},
    {"self", "", 1, "nothing is added"},
    {"old root", "root", 1, "certificate 1 (Test Old Root CA): expired on 2026-12-16"},
    {"sub", "sub", 0, "its issuer is missing: CN=Test Corp Root CA, O=Test Corp; Node"},
    {"short", "short", 0, "warning: "},
};

START_TEST(imported)
{
    put("in.pem", IMPORTS[_i].names);
    ck_assert_int_eq(import("in.pem"), IMPORTS[_i].status);
    expect(IMPORTS[_i].said);
    expect_held(IMPORTS[_i].held);
    if (IMPORTS[_i].held[0] != '\0') {
        (void)import("in.pem");
        expect("held already: ");
        expect_held(IMPORTS[_i].held);
    }
}
END_TEST

START_TEST(a_private_key_is_not_copied)
{
    struct buf text;
    char command[256];

    buf_init(&text, 65536);
    pki_pem("root", &text);
    pki_key("root", false, &text);
    ck_assert_int_eq(file_replace(at("in.pem"), buf_span(&text), 0600), 0);
    ck_assert_int_eq(import("in.pem"), 1);
    expect("in.pem: holds a private key (line 1");
    snprintf(command, sizeof(command), "! grep -rq PRIVATE %s 2>/dev/null", state);
    ck_assert_int_eq(system(command), 0);
    expect_held("");
    buf_clear(&text);
}
END_TEST

START_TEST(a_folder_is_imported)
{
    put("in/a.pem", "root");
    put("in/b.crt", "vendor");
    put("in/README", "other");
    ck_assert_int_eq(import("in"), 0);
    expect_held("root vendor");
}
END_TEST

/* ---- build ---- */

static const struct {
    const char *held, *drop_in;
    const char *corporate, *all;
} BUILDS[] = {
    {"root sub", "", "root sub", "other root sub"},
    {"root", "vendor", "root vendor", "other root vendor"},
    {"root", "root sub", "root sub", "other root sub"},
    /* the issuer is among the roots: the whole chain goes into both */
    {"cross", "", "cross other", "cross other"},
    {"", "", "", "other"},
};

START_TEST(built)
{
    put("in.pem", BUILDS[_i].held);
    if (BUILDS[_i].held[0] != '\0')
        ck_assert_int_eq(import("in.pem"), 0);
    if (BUILDS[_i].drop_in[0] != '\0')
        put("ca.d/corp.crt", BUILDS[_i].drop_in);
    ck_assert_int_eq(run(ca_build), 0);
    expect_built(BUILDS[_i].corporate, BUILDS[_i].all);
    ck_assert_int_eq(access(at(CORP_ONLY), F_OK) == 0, BUILDS[_i].corporate[0] != '\0');
}
END_TEST

START_TEST(a_second_build_touches_nothing)
{
    struct stat before, after;

    put("ca.d/corp.pem", "root sub");
    ck_assert_int_eq(run(ca_build), 0);
    expect("written   ");
    ck_assert_int_eq(stat(at(BUNDLE), &before), 0);
    ck_assert_uint_eq(before.st_mode & 0777, 0644);
    ck_assert_int_eq(run(ca_build), 0);
    expect("unchanged ");
    expect_not("written");
    ck_assert_int_eq(stat(at(BUNDLE), &after), 0);
    ck_assert_int_eq(before.st_ino, after.st_ino);
    ck_assert_int_eq(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    /* a mode that would lock tools out is put right */
    ck_assert_int_eq(chmod(at(BUNDLE), 0600), 0);
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_int_eq(stat(at(BUNDLE), &after), 0);
    ck_assert_uint_eq(after.st_mode & 0777, 0644);
}
END_TEST

/* Whatever the order, the form and the place were. */
START_TEST(the_same_certificates_give_the_same_bytes)
{
    struct buf der;
    char command[512];

    put("ca.d/corp.pem", "root sub vendor");
    ck_assert_int_eq(run(ca_build), 0);
    snprintf(command, sizeof(command), "cp -r %s/ca %s/first && rm -rf %s %s", state,
             folder, state, drop_in);
    ck_assert_int_eq(system(command), 0);
    put("in.pem", "vendor sub");
    ck_assert_int_eq(import("in.pem"), 0);
    buf_init(&der, 65536);
    pki_der("root", &der);
    ck_assert_int_eq(file_replace(at("ca.d/x.der"), buf_span(&der), 0644), 0);
    buf_clear(&der);
    ck_assert_int_eq(run(ca_build), 0);
    snprintf(command, sizeof(command),
             "for f in corp-only.pem bundle.pem java.p12; do "
             "cmp %s/first/$f %s/ca/$f || exit 1; done",
             folder, state);
    ck_assert_int_eq(system(command), 0);
}
END_TEST

static const char *const BROKEN[] = {"", "<html>Sign in</html>", "nothing of the kind",
                                     "-----BEGIN CERTIFICATE-----\nMII"};

/* A file that breaks takes nothing away, and one that is put right counts again. */
START_TEST(a_broken_file_keeps_what_was_built)
{
    put("ca.d/corp.pem", "root sub");
    put("in.pem", "vendor");
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(run(ca_build), 0);
    put_text("ca.d/corp.pem", BROKEN[_i]);
    ck_assert_int_eq(run(ca_build), 0);
    expect("error: ");
    expect("2 certificates from the last build are kept");
    expect_built("root sub vendor", "other root sub vendor");
    ck_assert_int_eq(run(status), 1);
    ck_assert_int_eq(unlink(at("ca.d/corp.pem")), 0);
    ck_assert_int_eq(run(ca_build), 0);
    expect_built("vendor", "other vendor");
}
END_TEST

START_TEST(without_roots_nothing_is_written)
{
    put("ca.d/corp.pem", "root");
    ck_assert_int_eq(run(ca_build), 0);
    put_text("roots.pem", "nothing");
    put("ca.d/corp.pem", "root sub");
    ck_assert_int_eq(run(ca_build), 1);
    expect("holds no public roots; name a file that does: --roots FILE");
    expect_built("root", "other root");
}
END_TEST

START_TEST(the_last_one_gone)
{
    put("ca.d/corp.pem", "root");
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_int_eq(unlink(at("ca.d/corp.pem")), 0);
    ck_assert_int_eq(run(ca_build), 0);
    expect("removed   ");
    expect_built("", "other");
    ck_assert_int_ne(access(at(CORP_ONLY), F_OK), 0);
}
END_TEST

/* ---- remove ---- */

START_TEST(removed)
{
    put("in.pem", "root sub vendor");
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_int_eq(give_up("zscaler root ca"), 0);
    expect("removed: Zscaler Root CA");
    expect_built("root sub", "other root sub");
    ck_assert_int_eq(give_up(fingerprint("sub", 8)), 0);
    expect_built("root", "other root");
    ck_assert_int_eq(give_up(fingerprint("root", 64)), 0);
    expect_built("", "other");
    ck_assert_int_eq(give_up(fingerprint("root", 64)), 1);
    expect("nothing of that fingerprint or name is held");
}
END_TEST

START_TEST(not_removed)
{
    put("in.pem", "root rotated");
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(give_up("Test Corp Root CA"), 1);
    expect("several have that name; give the fingerprint of one:");
    expect_held("root rotated");
    ck_assert_int_eq(give_up(fingerprint("root", 7)), 1);
    put("ca.d/corp.pem", "vendor");
    ck_assert_int_eq(give_up("Zscaler Root CA"), 1);
    expect("which is not ccgate's to change: take certificate 1 out there");
    expect_certs("ca.d/corp.pem", "vendor");
}
END_TEST

/* It is still trusted: that is no success. */
START_TEST(removed_but_dropped_in_as_well)
{
    put("in.pem", "root");
    put("ca.d/corp.pem", "root");
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(give_up("Test Corp Root CA"), 1);
    expect("removed: Test Corp Root CA");
    expect("ca.d/corp.pem (drop-in), which is not ccgate's");
    expect_held("");
}
END_TEST

/* A broken file beside it does not bring it back. */
START_TEST(removed_beside_a_broken_file)
{
    put("in.pem", "root sub vendor");
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(run(ca_build), 0);
    put_text("ca.d/corp.pem", "<html>");
    ck_assert_int_eq(give_up("Zscaler Root CA"), 0);
    expect_built("root sub", "other root sub");
    ck_assert_int_eq(run(ca_build), 0);
    expect_built("root sub", "other root sub");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ca");
    TCase *c = tcase_create("ca");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, ca_begin, ca_end);
    tcase_add_loop_test(c, imported, 0, COUNT(IMPORTS));
    tcase_add_test(c, a_private_key_is_not_copied);
    tcase_add_test(c, a_folder_is_imported);
    tcase_add_loop_test(c, built, 0, COUNT(BUILDS));
    tcase_add_test(c, a_second_build_touches_nothing);
    tcase_add_test(c, the_same_certificates_give_the_same_bytes);
    tcase_add_loop_test(c, a_broken_file_keeps_what_was_built, 0, COUNT(BROKEN));
    tcase_add_test(c, without_roots_nothing_is_written);
    tcase_add_test(c, the_last_one_gone);
    tcase_add_test(c, removed);
    tcase_add_test(c, not_removed);
    tcase_add_test(c, removed_but_dropped_in_as_well);
    tcase_add_test(c, removed_beside_a_broken_file);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
