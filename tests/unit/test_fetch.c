/*
 * test_fetch: bytes to a PAC script, and file: and data: URLs.
 */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "pac/fetch.h"
#include "pac/fetch_text.h"
#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))
#define PAC          "function FindProxyForURL(u, h) { return 'DIRECT'; }"

static void ck_text(struct span got, struct span want)
{
    ck_assert_msg(span_equal(got, want), "got \"%.*s\", want \"%.*s\"", SPAN_ARG(got),
                  SPAN_ARG(want));
}

static const struct {
    const char *type;
    const char *charset;
} charsets[] = {
    {"", ""},
    {"text/plain", ""},
    {"text/plain; charset=utf-8", "utf-8"},
    {"text/plain;CHARSET = \"UTF-16\" ; x=y", "UTF-16"},
    {"a/b; charsets=x; charset=Shift_JIS", "Shift_JIS"},
    {"a/b; charset", ""},
    {"charset=utf-8", ""},
};

START_TEST(test_charset)
{
    ck_text(fetch_charset(span_of(charsets[_i].type)), span_of(charsets[_i].charset));
}
END_TEST

static const struct {
    struct span bytes;
    const char *charset;
    const char *want;
} texts[] = {
    {{"plain", 5}, "", "plain"},
    /* No charset: UTF-8 if all of it is, else Latin-1. */
    {{"\xc3\xa4", 2}, "", "\xc3\xa4"},
    {{"\xe4", 1}, "", "\xc3\xa4"},
    {{"\xc3\xa4\xe4", 3}, "", "\xc3\x83\xc2\xa4\xc3\xa4"},
    {{"\xc0\xaf", 2}, "", "\xc3\x80\xc2\xaf"},             /* overlong */
    {{"\xed\xa0\x80", 3}, "", "\xc3\xad\xc2\xa0\xc2\x80"}, /* a surrogate */
    {{"\xf4\x90\x80\x80", 4}, "", "\xc3\xb4\xc2\x90\xc2\x80\xc2\x80"},
    {{"\xf0\x9f\x98\x80", 4}, "", "\xf0\x9f\x98\x80"},
    /* A charset that is wrong does not fail it. */
    {{"a\xe4z", 3}, "utf-8", "a\xef\xbf\xbdz"},
    {{"\xf0\x9f\x98", 3}, "UTF-8", "\xef\xbf\xbd"},
    {{"\xc3\xa4", 2}, "iso-8859-1", "\xc3\x83\xc2\xa4"},
    {{"\xc3\xa4", 2}, "klingon", "\xc3\xa4"},
    {{"\xe4", 1}, "../../etc/passwd", "\xc3\xa4"},
    {{"\xe4", 1}, "ASCII//TRANSLIT", "\xc3\xa4"},
    {{"\x80", 1}, "windows-1252", "\xe2\x82\xac"},
    {{"\x83\x65x\x83", 4}, "shift_jis", "\xe3\x83\x86x\xef\xbf\xbd"},
    /* A byte order mark is never part of the text, and wins. */
    {{"\xef\xbb\xbfz", 4}, "", "z"},
    {{"\xef\xbb\xbf\xc3\xa4", 5}, "iso-8859-1", "\xc3\xa4"},
    {{"\xff\xfe\xe4\0", 4}, "", "\xc3\xa4"},
    {{"\xfe\xff\0\xe4", 4}, "", "\xc3\xa4"},
    {{"\xe4\0", 2}, "utf-16", "\xc3\xa4"},
    {{"\0\xe4", 2}, "utf-16be", "\xc3\xa4"},
    {{"\x3d\xd8\0\xde", 4}, "utf-16le", "\xf0\x9f\x98\x80"},
    {{"\x3d\xd8z\0", 4}, "utf-16le", "\xef\xbf\xbdz"}, /* half a pair */
    {{"z\0z", 3}, "utf-16le", "z\xef\xbf\xbd"},        /* half a unit */
};

START_TEST(test_decode)
{
    struct buf out;

    buf_init(&out, 64);
    ck_assert_int_eq(fetch_decode(texts[_i].bytes, span_of(texts[_i].charset), &out),
                     0);
    ck_text(buf_span(&out), span_of(texts[_i].want));
    buf_clear(&out);
}
END_TEST

static const struct {
    const char *text;
    bool html;
    const char *title;
} pages[] = {
    {PAC, false, ""},
    {"", false, ""},
    {"<", false, ""},
    {"<html>", true, ""},
    {" \r\n<!DOCTYPE html><HTML><Title id=x>Guest \n WiFi\x07 </title>", true,
     "Guest WiFi"},
    {"<?xml version='1.0'?><html><title>A</title>" PAC, true, "A"},
    {"<!-- portal --> <body>" PAC, true, ""},
    {"<!-- hide\n" PAC "\n// -->", false, ""},
    {"<!-- hide\n" PAC, false, ""},
    {"/* <html> */" PAC, false, ""},
    {"<script>" PAC "</script>", true, ""},
    {"<title>", true, ""},
    {"<meta http-equiv=refresh content='0;url=http://10.0.0.1/'>", true, ""},
};

START_TEST(test_html)
{
    char title[FETCH_TITLE];

    ck_assert_int_eq(fetch_is_html(span_of(pages[_i].text), title), pages[_i].html);
    ck_assert_str_eq(title, pages[_i].title);
}
END_TEST

/* It is cut between characters. */
START_TEST(test_long_title)
{
    char page[1024] = "<html><title>x";
    char title[FETCH_TITLE];

    for (int i = 0; i < 200; i++)
        memcpy(page + strlen(page), "\xc3\xa4", 3);
    ck_assert(fetch_is_html(span_of(page), title));
    ck_assert_uint_lt(strlen(title), FETCH_TITLE);
    ck_assert(span_starts(span_of(page + 13), span_of(title)));
    ck_assert_uint_eq(strlen(title) % 2, 1);
}
END_TEST

/* ---- URLs without a server ---- */

static struct fetch fetch;

static enum system_result run(const char *url)
{
    struct system_fetch ask = {.url = span_of(url), .limit_ms = 10000};

    fetch_run(&fetch, &ask);
    return fetch.answer.result;
}

static const struct {
    const char *url;
    enum system_result result;
    const char *says; /* the script, or a part of why */
} urls[] = {
    {"data:," PAC, SYSTEM_OK, PAC},
    {"DATA:text/plain,%66unction%20FindProxyForURL", SYSTEM_OK,
     "function FindProxyForURL"},
    {"data:;base64,RmluZFByb3h5Rm9yVVJM", SYSTEM_OK, "FindProxyForURL"},
    {"data:;base64,RmluZFByb3h5Rm9yVVJMKA==", SYSTEM_OK, "FindProxyForURL("},
    {"data:;base64,RmluZFByb3h5Rm9yVVJMKA%3D%3d", SYSTEM_OK, "FindProxyForURL("},
    {"data:;base64,RmluZFByb3h5 Rm9yVVJMKDs", SYSTEM_OK, "FindProxyForURL(;"},
    {"data:text/plain;charset=iso-8859-1,FindProxyForURL%c3%a4", SYSTEM_OK,
     "FindProxyForURL\xc3\x83\xc2\xa4"},
    {"data:,FindProxyForURL#fragment", SYSTEM_OK, "FindProxyForURL"},
    {"data:,FindProxyForURL%2", SYSTEM_OK, "FindProxyForURL%2"},
    {"data:;base64,Rm!", SYSTEM_BAD_URL, "no base64"},
    {"data:;base64,RmluZ", SYSTEM_BAD_URL, "no whole base64"},
    {"data:FindProxyForURL", SYSTEM_BAD_URL, "no comma"},
    {"data:,", SYSTEM_NOT_PAC, "is empty"},
    {"data:,function%20FindProxy", SYSTEM_NOT_PAC, "FindProxyForURL does not stand"},
    {"data:,%3Chtml%3E%3Ctitle%3EHi%3C/title%3E" PAC, SYSTEM_HTML,
     "a page of HTML (\"Hi\")"},
    {"ftp://example/proxy.pac", SYSTEM_BAD_URL, "no http, https, file or data"},
    {"/etc/proxy.pac", SYSTEM_BAD_URL, "no http, https, file or data"},
    {"", SYSTEM_BAD_URL, "no http"},
    {"file://server/proxy.pac", SYSTEM_BAD_URL, "another host"},
    {"file:proxy.pac", SYSTEM_BAD_URL, "whole path"},
    {"file:///", SYSTEM_FILE, "no regular file"},
    {"file:///dev/zero", SYSTEM_FILE, "no regular file"},
    {"file:///etc%00/passwd", SYSTEM_BAD_URL, "names no file"},
    {"file:///nowhere/proxy%0a.pac", SYSTEM_FILE,
     "/nowhere/proxy?.pac: No such file or directory"},
    {"http://alice:secret@127.0.0.1:1/p.pac", SYSTEM_BAD_URL, "has a user name"},
};

START_TEST(test_url)
{
    fetch_init(&fetch);
    ck_assert_msg(run(urls[_i].url) == urls[_i].result, "%s: %s: %s", urls[_i].url,
                  system_result_name(fetch.answer.result), fetch.why);
    if (urls[_i].result == SYSTEM_OK) {
        ck_text(fetch.answer.script, span_of(urls[_i].says));
        ck_assert_uint_eq(fetch.answer.why.len, 0);
    } else {
        ck_assert_uint_eq(fetch.answer.script.len, 0);
        ck_assert_msg(strstr(fetch.why, urls[_i].says) != NULL, "%s", fetch.why);
        ck_assert_ptr_null(strstr(fetch.why, "secret"));
    }
    fetch_clear(&fetch);
}
END_TEST

START_TEST(test_file)
{
    char folder[] = "/tmp/ccgate-test-XXXXXX";
    char path[64], url[96];
    FILE *file;

    ck_assert_ptr_nonnull(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a b.pac", folder);
    file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    fputs(PAC, file);
    fflush(file);
    fetch_init(&fetch);
    snprintf(url, sizeof(url), "file://%s/a%%20b.pac#x", folder);
    ck_assert_int_eq(run(url), SYSTEM_OK);
    ck_text(fetch.answer.script, SPAN(PAC));
    snprintf(url, sizeof(url), "FILE://localhost%s/a b.pac", folder);
    ck_assert_int_eq(run(url), SYSTEM_OK);

    /* 1 MiB, and a byte more. */
    for (int n = sizeof(PAC) - 1; n < SYSTEM_FETCH_LIMIT; n++)
        fputc(' ', file);
    fflush(file);
    ck_assert_int_eq(run(url), SYSTEM_OK);
    ck_assert_uint_eq(fetch.answer.script.len, SYSTEM_FETCH_LIMIT);
    fputc(' ', file);
    fclose(file);
    ck_assert_int_eq(run(url), SYSTEM_TOO_LONG);

    /* Nobody writes to it, and it must not be waited for. */
    ck_assert_int_eq(unlink(path), 0);
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_int_eq(run(url), SYSTEM_FILE);
    fetch_clear(&fetch);
    unlink(path);
    rmdir(folder);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("fetch");
    TCase *tcase = tcase_create("fetch");

    tcase_set_timeout(tcase, 60);
    tcase_add_loop_test(tcase, test_charset, 0, COUNT(charsets));
    tcase_add_loop_test(tcase, test_decode, 0, COUNT(texts));
    tcase_add_loop_test(tcase, test_html, 0, COUNT(pages));
    tcase_add_test(tcase, test_long_title);
    tcase_add_loop_test(tcase, test_url, 0, COUNT(urls));
    tcase_add_test(tcase, test_file);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
