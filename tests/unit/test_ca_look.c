/*
 * test_ca_look: `ccgate ca list`, `status` and `check`, and what all verbs print as
 * JSON.
 */
#include <jansson.h>

#include "ca_rig.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define DAY          ((int64_t)24 * 60 * 60)

/* ---- list and status ---- */

START_TEST(listed)
{
    char *const files[] = {(char *)(uintptr_t)at("corp.pem"), NULL};

    ck_assert_int_eq(run(ca_list), 0);
    expect("no certificate of the company is held");
    put("in.pem", "root");
    put("ca.d/a.pem", "vendor");
    put("corp.pem", "sub");
    ca.places.files = files;
    ck_assert_int_eq(import("in.pem"), 0);
    ck_assert_int_eq(run(ca_list), 0);
    expect("  held        ");
    expect("  drop-in     ");
    expect("  tls.ca      ");
    expect("Zscaler Root CA\n  subject     CN=Zscaler Root CA, O=Test Corp\n");
}
END_TEST

static const struct {
    int64_t later; /* days */
    int status;
    const char *said;
} DATES[] = {
    {0, 0, "Test Corp Root CA: until 2037-01-12, 3650 days left\n"},
    {3650 - 61, 0, "61 days left\n"},
    {3650 - 60, 1, "60 days left: get the one that takes its place"},
    {3650 - 7, 1, "7 days left: get"},
    {3650 + 1, 1, "expired on 2037-01-12; ask for the one"},
    {-400, 1, "does not count before 2026-01-15"},
};

START_TEST(status_tells_what_expires)
{
    put("ca.d/a.pem", "root");
    ca.now = PKI_NOW + DATES[_i].later * DAY;
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_int_eq(run(status), DATES[_i].status);
    expect(DATES[_i].said);
}
END_TEST

START_TEST(status_tells_what_is_not_built)
{
    ck_assert_int_eq(run(status), 0);
    put("ca.d/a.pem", "root");
    ck_assert_int_eq(run(status), 1);
    expect("missing   ");
    ck_assert_int_eq(run(ca_build), 0);
    ck_assert_int_eq(run(status), 0);
    expect("current   ");
    put("ca.d/a.pem", "root sub");
    ck_assert_int_eq(run(status), 1);
    expect("outdated  ");
    expect(": run ccgate ca build");
}
END_TEST

static const struct {
    const char *names;
    int status;
    const char *said[3];
} CHECKS[] = {
    {"server sub",
     0,
     {"certificate 2\n", "  held        Test Corp Root CA", "  default        ok"}},
    {"server",
     1,
     {"  MISSING     CN=Test Corp Inspection CA", "fault         certificate 1 ("}},
    {"expired sub", 1, {"fault         certificate 1 (server.test) expired on"}},
    {"root", 0, {"  strict+partial ok"}},
    {"plain", 0, {"warning: ", "  strict         FAILS at Test Plain Root CA"}},
    {"short", 1, {"warning: ", "has a short key (RSA, 1024 bits)"}},
    {"sub", 0, {"  held        Test Corp Root CA", "  partial        ok"}},
    {"vendor server",
     1,
     {"error: ", "certificate 2 (server.test): is the certificate"}},
    {"old", 1, {"expired on 2026-12-16"}},
};

START_TEST(checked)
{
    put("in.pem", "root");
    ck_assert_int_eq(import("in.pem"), 0);
    put("x.pem", CHECKS[_i].names);
    ck_assert_int_eq(check("x.pem"), CHECKS[_i].status);
    for (int i = 0; i < 3 && CHECKS[_i].said[i] != NULL; i++)
        expect(CHECKS[_i].said[i]);
    expect_held("root");
}
END_TEST

START_TEST(all_that_is_held_is_checked)
{
    ck_assert_int_eq(check(NULL), 0);
    expect("no certificate of the company is held");
    put("ca.d/a.pem", "sub");
    ck_assert_int_eq(check(NULL), 1);
    expect("its issuer is missing");
    put("ca.d/b.pem", "root");
    ck_assert_int_eq(check(NULL), 0);
    put_text("ca.d/c.pem", "<html>");
    ck_assert_int_eq(check(NULL), 1);
    expect("is a web page");
}
END_TEST

/* ---- JSON ---- */

static json_t *parse(void)
{
    json_error_t error;
    json_t *json = json_loads(captured, 0, &error);

    ck_assert_msg(json != NULL, "%s\n%s", error.text, captured);
    return json;
}

static const char *text_at(json_t *json, const char *list, size_t i, const char *key)
{
    return json_string_value(
        json_object_get(json_array_get(json_object_get(json, list), i), key));
}

START_TEST(as_json)
{
    json_t *json;

    ca.json = true;
    put("in.pem", "root server");
    ck_assert_int_eq(import("in.pem"), 1);
    json = parse();
    ck_assert_str_eq(text_at(json, "certificates", 0, "done"), "added");
    ck_assert_str_eq(text_at(json, "problems", 0, "fault"), "leaf");
    json_decref(json);
    ck_assert_int_eq(run(ca_build), 0);
    json = parse();
    ck_assert_str_eq(text_at(json, "files", 0, "done"), "written");
    ck_assert_str_eq(text_at(json, "files", 0, "path"), at(CORP_ONLY));
    json_decref(json);
    ck_assert_int_eq(run(ca_list), 0);
    json = parse();
    ck_assert_str_eq(text_at(json, "certificates", 0, "place"), "held");
    ck_assert_str_eq(text_at(json, "certificates", 0, "expiry"), "fine");
    json_decref(json);
    ck_assert_int_eq(run(status), 0);
    json = parse();
    ck_assert(json_is_true(json_object_get(json, "good")));
    ck_assert_str_eq(text_at(json, "files", 0, "state"), "current");
    json_decref(json);
    ck_assert_int_eq(check("in.pem"), 1);
    json = parse();
    ck_assert_str_eq(text_at(json, "files", 0, "file"), at("in.pem"));
    json_decref(json);
    ck_assert_int_eq(give_up("Test Corp Root CA"), 0);
    json = parse();
    ck_assert_str_eq(text_at(json, "removed", 0, "sha256"), fingerprint("root", 64));
    json_decref(json);
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("ca_look");
    TCase *c = tcase_create("ca_look");

    tcase_set_timeout(c, 60);
    tcase_add_checked_fixture(c, ca_begin, ca_end);
    tcase_add_test(c, listed);
    tcase_add_loop_test(c, status_tells_what_expires, 0, COUNT(DATES));
    tcase_add_test(c, status_tells_what_is_not_built);
    tcase_add_loop_test(c, checked, 0, COUNT(CHECKS));
    tcase_add_test(c, all_that_is_held_is_checked);
    tcase_add_test(c, as_json);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
