/*
 * test_setting: a setting put into the files of programs and taken out again, in every
 * state that such a file may have.
 */
#include <errno.h>
#include <string.h>

#include "certs/setting.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define C            "# by \"ccgate ca install\""

static const struct setting SETTINGS[SETTING_FORMATS] = {
    [SETTING_CURL] = {SETTING_CURL, NULL, "cacert", "/s/b.pem"},
    [SETTING_WGET] = {SETTING_WGET, NULL, "ca_certificate", "/s/b.pem"},
    [SETTING_NPM] = {SETTING_NPM, NULL, "cafile", "/s/b.pem"},
    [SETTING_INI] = {SETTING_INI, "global", "cert", "/s/b.pem"},
    [SETTING_GIT] = {SETTING_GIT, "http", "sslCAInfo", "/s/b.pem"},
    [SETTING_JSON] = {SETTING_JSON, "env", "CA", "/s/b.pem"},
};

/* What stands there, what comes of it, and which value was there. */
static const struct {
    enum setting_format format;
    const char *before, *after, *value;
} CASES[] = {
    {SETTING_CURL, "", C "\ncacert = \"/s/b.pem\"\n", NULL},
    {SETTING_CURL, "silent\n", "silent\n" C "\ncacert = \"/s/b.pem\"\n", NULL},
    {SETTING_CURL, "silent", "silent\n" C "\ncacert = \"/s/b.pem\"\n", NULL},
    {SETTING_CURL, "silent\r\nfail",
     "silent\r\nfail\r\n" C "\r\ncacert = \"/s/b.pem\"\r\n", NULL},
    {SETTING_CURL, "# cacert = /x\n", "# cacert = /x\n" C "\ncacert = \"/s/b.pem\"\n",
     NULL},
    {SETTING_CURL, "cacerts = /x\n", "cacerts = /x\n" C "\ncacert = \"/s/b.pem\"\n",
     NULL},
    {SETTING_CURL, "a\n--cacert /x\nb\n", "a\n--cacert \"/s/b.pem\"\nb\n", "/x"},
    {SETTING_CURL, "cacert=/x # why", "cacert=\"/s/b.pem\" # why", "/x"},
    {SETTING_CURL, " cacert: \"/x \\\"y\\\\\"\n", " cacert: \"/s/b.pem\"\n",
     "/x \"y\\"},
    {SETTING_CURL, "cacert /x\r\ncacert /y\r\n", "cacert /x\r\ncacert \"/s/b.pem\"\r\n",
     "/y"},
    {SETTING_WGET, "", C "\nca_certificate = /s/b.pem\n", NULL},
    {SETTING_WGET, "tries = 2", "tries = 2\n" C "\nca_certificate = /s/b.pem\n", NULL},
    {SETTING_WGET, "#ca_certificate = /x\n",
     "#ca_certificate = /x\n" C "\nca_certificate = /s/b.pem\n", NULL},
    {SETTING_WGET, "ca_certificate=/x y\r\n", "ca_certificate=/s/b.pem\r\n", "/x y"},
    {SETTING_WGET, "CA-Certificate = /x", "CA-Certificate = /s/b.pem", "/x"},
    {SETTING_WGET, "cacertificate = /x", "cacertificate = /s/b.pem", "/x"},
    {SETTING_WGET, "ca_certificates = /x\n",
     "ca_certificates = /x\n" C "\nca_certificate = /s/b.pem\n", NULL},
    {SETTING_NPM, "", C "\ncafile=/s/b.pem\n", NULL},
    {SETTING_NPM, "a=b", "a=b\n" C "\ncafile=/s/b.pem\n", NULL},
    {SETTING_NPM, ";cafile=/x\r\n", ";cafile=/x\r\n" C "\r\ncafile=/s/b.pem\r\n", NULL},
    {SETTING_NPM, "a=b\n[x]\ncafile=/y\n",
     "a=b\n" C "\ncafile=/s/b.pem\n[x]\ncafile=/y\n", NULL},
    {SETTING_NPM, "cafile = /x ; why\n", "cafile = /s/b.pem ; why\n", "/x"},
    {SETTING_NPM, "cafile=\"/x;y\"", "cafile=/s/b.pem", "/x;y"},
    {SETTING_NPM, "cafile='/x'", "cafile=/s/b.pem", "/x"},
    {SETTING_INI, "", "[global]\n" C "\ncert = /s/b.pem\n", NULL},
    {SETTING_INI, "[install]\ncert = /x",
     "[install]\ncert = /x\n[global]\n" C "\ncert = /s/b.pem\n", NULL},
    {SETTING_INI, "[global]", "[global]\n" C "\ncert = /s/b.pem\n", NULL},
    {SETTING_INI, "[global]\r\ntimeout = 9\r\n",
     "[global]\r\n" C "\r\ncert = /s/b.pem\r\ntimeout = 9\r\n", NULL},
    {SETTING_INI, "[global]\n\n  timeout = 9\n  # x\n",
     "[global]\n  " C "\n  cert = /s/b.pem\n\n  timeout = 9\n  # x\n", NULL},
    {SETTING_INI, "[global]\nnested =\n  cert = /x\n",
     "[global]\n" C "\ncert = /s/b.pem\nnested =\n  cert = /x\n", NULL},
    {SETTING_INI, "[Global]\ncert = /x\n",
     "[Global]\ncert = /x\n[global]\n" C "\ncert = /s/b.pem\n", NULL},
    {SETTING_INI, "[global]\na = 1\n;cert = /y\nCert: /x\n[b]\n",
     "[global]\na = 1\n;cert = /y\nCert: /s/b.pem\n[b]\n", "/x"},
    {SETTING_GIT, "", "[http]\n\t" C "\n\tsslCAInfo = /s/b.pem\n", NULL},
    {SETTING_GIT, "[user]\n\tname = a b",
     "[user]\n\tname = a b\n[http]\n\t" C "\n\tsslCAInfo = /s/b.pem\n", NULL},
    {SETTING_GIT, "[http \"https://a]b\"]\n\tsslCAInfo = /x\n",
     "[http \"https://a]b\"]\n\tsslCAInfo = /x\n[http]\n\t" C
     "\n\tsslCAInfo = /s/b.pem\n",
     NULL},
    {SETTING_GIT, "[HTTP]\n    proxy = x # \"\n[b]\n",
     "[HTTP]\n    " C "\n    sslCAInfo = /s/b.pem\n    proxy = x # \"\n[b]\n", NULL},
    {SETTING_GIT, "[http] proxy = a\\\n  b\n",
     "[http] proxy = a\\\n  b\n\t" C "\n\tsslCAInfo = /s/b.pem\n", NULL},
    {SETTING_GIT, "[http]\nproxy = a\\\nsslCAInfo = b\n",
     "[http]\n" C "\nsslCAInfo = /s/b.pem\nproxy = a\\\nsslCAInfo = b\n", NULL},
    {SETTING_GIT, "[http] SSLCAINFO = \"/x;\" ; y\r\n",
     "[http] SSLCAINFO = /s/b.pem ; y\r\n", "/x;"},
    {SETTING_GIT, "[http]\n\tsslcainfo=/x\n[a]\n[http]\n\tsslcainfo=/y\n",
     "[http]\n\tsslcainfo=/x\n[a]\n[http]\n\tsslcainfo=/s/b.pem\n", "/y"},
    {SETTING_JSON, "", "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\"\n  }\n}\n", NULL},
    {SETTING_JSON, "{}", "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\"\n  }\n}", NULL},
    {SETTING_JSON, "{\n}\n", "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\"\n  }\n}\n",
     NULL},
    {SETTING_JSON, "{\r\n\t\"a\": [1, \"}\"]\r\n}",
     "{\r\n\t\"env\": {\r\n\t\t\"CA\": \"/s/b.pem\"\r\n\t},\r\n\t\"a\": [1, \"}\"]\r\n}",
     NULL},
    {SETTING_JSON, "{\"a\":1}", "{\"env\": {\"CA\": \"/s/b.pem\"},\"a\":1}", NULL},
    {SETTING_JSON, "{\n  \"env\": {}\n}",
     "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\"\n  }\n}", NULL},
    {SETTING_JSON, "{\n  \"env\": {\n    \"A\": \"{\\\"\"\n  }\n}",
     "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\",\n    \"A\": \"{\\\"\"\n  }\n}", NULL},
    {SETTING_JSON, "{\"x\": {\"CA\": 1}, \"env\": {\"A\": \"\"}}",
     "{\"x\": {\"CA\": 1}, \"env\": {\"CA\": \"/s/b.pem\",\"A\": \"\"}}", NULL},
    {SETTING_JSON, "\xef\xbb\xbf{\"env\": {\"CA\" : \"\\/x\"}}",
     "\xef\xbb\xbf{\"env\": {\"CA\" : \"/s/b.pem\"}}", "/x"},
    {SETTING_JSON, "{\"env\": {\"CA\": 7}}", "{\"env\": {\"CA\": \"/s/b.pem\"}}", "7"},
};

static void expect_text(struct buf *got, const char *wanted)
{
    char *text = span_dup(buf_span(got));

    ck_assert_str_eq(text, wanted);
    free(text);
    buf_clear(got);
}

static void expect_value(const struct setting *s, const char *text, const char *wanted)
{
    char *value;

    ck_assert_int_eq(setting_find(s, span_of(text), &value), 0);
    ck_assert_pstr_eq(value, wanted);
    free(value);
}

/* It comes to stand there, and the edit leads back. */
START_TEST(set)
{
    const struct setting *s = &SETTINGS[CASES[_i].format];
    struct setting_edit edit;
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_pstr_eq(setting_fault(s, span_of(CASES[_i].before)), NULL);
    expect_value(s, CASES[_i].before, CASES[_i].value);
    ck_assert_int_eq(setting_set(s, span_of(CASES[_i].before), &edit), 0);
    ck_assert_int_eq(setting_edit_apply(&edit, span_of(CASES[_i].before), &out), 0);
    expect_text(&out, CASES[_i].after);
    expect_value(s, CASES[_i].after, s->value);
    ck_assert_int_eq(setting_edit_reverse(&edit, span_of(CASES[_i].after), &out), 0);
    expect_text(&out, CASES[_i].before);
    setting_edit_clear(&edit);
}
END_TEST

/* The way back for a file that somebody has changed: here, the same way. */
START_TEST(unset)
{
    const struct setting *s = &SETTINGS[CASES[_i].format];
    struct setting_edit edit, back;
    struct buf out;
    char *value;

    buf_init(&out, 65536);
    ck_assert_int_eq(setting_set(s, span_of(CASES[_i].before), &edit), 0);
    ck_assert_int_eq(setting_unset(s, span_of(CASES[_i].after), &edit, &back), 0);
    ck_assert_int_eq(setting_edit_apply(&back, span_of(CASES[_i].after), &out), 0);
    value = span_dup(buf_span(&out));
    if (s->format != SETTING_JSON || CASES[_i].value != NULL)
        ck_assert_str_eq(value, CASES[_i].before);
    ck_assert_pstr_eq(setting_fault(s, buf_span(&out)), NULL);
    expect_value(s, value, CASES[_i].value);
    free(value);
    buf_clear(&out);
    setting_edit_clear(&edit);
    setting_edit_clear(&back);
}
END_TEST

/* ---- somebody has changed the file ---- */

static const struct {
    enum setting_format format;
    const char *before, *changed, *after;
} CHANGED[] = {
    {SETTING_CURL, "a", "a\n" C "\ncacert = \"/s/b.pem\"\nb\n", "a\nb\n"},
    {SETTING_CURL, "a\r\nb", "a\r\nb\r\n" C "\r\ncacert = \"/s/b.pem\"\r\nc",
     "a\r\nb\r\nc"},
    {SETTING_WGET, "a = 1", "a = 1\n" C "\nca_certificate = /s/b.pem\nb = 2\n",
     "a = 1\nb = 2\n"},
    {SETTING_NPM, "a=1", "a=1\n" C "\ncafile=/s/b.pem\n//r/:_authToken=t",
     "a=1\n//r/:_authToken=t"},
    {SETTING_INI, "[global]", "[global]\n" C "\ncert = /s/b.pem\nx = 1\n",
     "[global]\nx = 1\n"},
    {SETTING_INI, "[a]\nb = 1",
     "[a]\nb = 1\n[global]\n" C "\ncert = /s/b.pem\n[c]\nd = 2\n",
     "[a]\nb = 1\n[c]\nd = 2\n"},
    {SETTING_GIT, "[user]\n\ta = b",
     "[user]\n\ta = b\n[http]\n\t" C "\n\tsslCAInfo = /s/b.pem\n[alias]\n\tst = x\n",
     "[user]\n\ta = b\n[alias]\n\tst = x\n"},
    {SETTING_CURL, "a\n", "a\n" C "\ncacert = \"/s/b.pem\"\nb\n", "a\nb\n"},
    {SETTING_CURL, "a\n", C "\n cacert  \"/s/b.pem\"\nb\n", "b\n"},
    {SETTING_CURL, "a\n", "cacert=/s/b.pem\r\nb\n", "b\n"},
    {SETTING_INI, "", "[global]\n" C "\ncert = /s/b.pem\nx = 1\n", "[global]\nx = 1\n"},
    {SETTING_GIT, "", "[http]\n\tsslCAInfo = /s/b.pem\n\tproxy = x\n",
     "[http]\n\tproxy = x\n"},
    {SETTING_GIT, "", "[http] sslCAInfo = /s/b.pem\n\tproxy = x\n",
     "[http] \tproxy = x\n"},
    {SETTING_GIT, "[http]\n\tsslCAInfo = /x\n",
     "[user]\n\ta = b\n[http]\n\tsslCAInfo = /s/b.pem\n",
     "[user]\n\ta = b\n[http]\n\tsslCAInfo = /x\n"},
    {SETTING_JSON, "",
     "{\n  \"env\": {\n    \"CA\": \"/s/b.pem\"\n  },\n  \"a\": 1\n}\n",
     "{\n  \"a\": 1\n}\n"},
    {SETTING_JSON, "", "{\"a\": 1, \"env\": {\"CA\": \"/s/b.pem\"}}", "{\"a\": 1}"},
    {SETTING_JSON, "", "{\"env\": {\"A\": \"1\", \"CA\": \"/s/b.pem\"}}",
     "{\"env\": {\"A\": \"1\"}}"},
    {SETTING_JSON, "{\"env\": {}}", "{\"env\": {\"CA\": \"/s/b.pem\"}, \"a\": 1}",
     "{\"env\": {}, \"a\": 1}"},
    {SETTING_JSON, "{\"env\": {\"CA\": \"/x\"}}",
     "{\"env\": {\"B\": \"\", \"CA\": \"/s/b.pem\"}}",
     "{\"env\": {\"B\": \"\", \"CA\": \"/x\"}}"},
};

START_TEST(unset_in_a_changed_file)
{
    const struct setting *s = &SETTINGS[CHANGED[_i].format];
    struct setting_edit edit, back;
    struct buf out;

    buf_init(&out, 65536);
    ck_assert_int_eq(setting_set(s, span_of(CHANGED[_i].before), &edit), 0);
    ck_assert_int_eq(setting_unset(s, span_of(CHANGED[_i].changed), &edit, &back), 0);
    ck_assert_int_eq(setting_edit_apply(&back, span_of(CHANGED[_i].changed), &out), 0);
    expect_text(&out, CHANGED[_i].after);
    setting_edit_clear(&edit);
    setting_edit_clear(&back);
}
END_TEST

/* ---- what cannot be edited, and values that need quotes ---- */

static const struct {
    struct setting setting;
    const char *text, *fault;
} FAULTS[] = {
    {{SETTING_JSON, "env", "CA", "/b"}, "{\"a\": 1, // b\n}", "is no JSON that can be"},
    {{SETTING_JSON, "env", "CA", "/b"},
     "{\"env\": {\"A\": \"\"}",
     "is no JSON that can be"},
    {{SETTING_JSON, "env", "CA", "/b"}, "[]", "is no JSON object"},
    {{SETTING_JSON, "env", "CA", "/b"}, "{\"env\": []}", "has no object where"},
    {{SETTING_JSON, "env", "CA", "/b"}, "{\"\\u0065nv\": {}}", "names with escapes"},
    {{SETTING_NPM, NULL, "cafile", "/${x}/b"}, "", "takes for a variable"},
    {{SETTING_NPM, NULL, "cafile", "/b"}, "a=b\ncafile[] = /x\n", "as a list"},
    {{SETTING_INI, "global", "cert", "/b"},
     "\xef\xbb\xbf[global]\n",
     "byte order mark"},
    {{SETTING_GIT, "http", "sslCAInfo", "/b"}, "[a]\nb = \\", "ends within a value"},
    {{SETTING_GIT, "http", "sslCAInfo", "/b"},
     "[http]\nsslCAInfo = /x\\\n  y\n",
     "one of several lines"},
    {{SETTING_INI, "global", "cert", "/b"},
     "[global]\ncert = /x\n  y\n",
     "one of several lines"},
    {{SETTING_CURL, NULL, "cacert", "/a\nb"}, "", "control characters"},
    {{SETTING_CURL, NULL, "cacert", "/b"}, "cacert\n", "without a value"},
    {{SETTING_GIT, "http", "sslCAInfo", "/b"},
     "[http]\nsslCAInfo =\n",
     "without a value"},
};

START_TEST(faults)
{
    const char *fault = setting_fault(&FAULTS[_i].setting, span_of(FAULTS[_i].text));

    ck_assert_ptr_nonnull(fault);
    ck_assert_msg(strstr(fault, FAULTS[_i].fault) != NULL, "%s", fault);
}
END_TEST

START_TEST(bytes_that_are_no_text)
{
    ck_assert_ptr_nonnull(setting_fault(&SETTINGS[SETTING_CURL], SPAN("a\0b")));
}
END_TEST

/* What is written is what is read. */
START_TEST(odd_values)
{
    static const char *const VALUES[] = {"/a b.pem", "/it's \"odd\"\\;#= \xc3\xa9.pem"};
    struct setting s = SETTINGS[_i % SETTING_FORMATS];
    struct setting_edit edit;
    struct buf out;
    char *text;

    s.value = VALUES[_i / SETTING_FORMATS];
    buf_init(&out, 65536);
    ck_assert_int_eq(setting_set(&s, SPAN(""), &edit), 0);
    ck_assert_int_eq(setting_edit_apply(&edit, SPAN(""), &out), 0);
    text = span_dup(buf_span(&out));
    expect_value(&s, text, s.value);
    free(text);
    buf_clear(&out);
    setting_edit_clear(&edit);
}
END_TEST

START_TEST(an_edit_that_does_not_fit)
{
    struct setting_edit edit = {.at = 2, .out = "b", .in = "c"};
    struct buf out;

    buf_init(&out, 100);
    ck_assert_int_eq(setting_edit_apply(&edit, SPAN("aac"), &out), -EINVAL);
    ck_assert_int_eq(setting_edit_apply(&edit, SPAN("a"), &out), -EINVAL);
    ck_assert_int_eq(setting_edit_reverse(&edit, SPAN("aac"), &out), 0);
    expect_text(&out, "aab");
}
END_TEST

static Suite *suite(void)
{
    Suite *s = suite_create("setting");
    TCase *c = tcase_create("setting");

    tcase_add_loop_test(c, set, 0, COUNT(CASES));
    tcase_add_loop_test(c, unset, 0, COUNT(CASES));
    tcase_add_loop_test(c, unset_in_a_changed_file, 0, COUNT(CHANGED));
    tcase_add_loop_test(c, faults, 0, COUNT(FAULTS));
    tcase_add_test(c, bytes_that_are_no_text);
    tcase_add_loop_test(c, odd_values, 0, 2 * SETTING_FORMATS);
    tcase_add_test(c, an_edit_that_does_not_fit);
    suite_add_tcase(s, c);
    return s;
}

int main(void)
{
    return suite_run(suite());
}
