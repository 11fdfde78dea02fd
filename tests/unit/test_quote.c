/*
 * test_quote: one line out of an error page.
 */
#include "http/quote.h"

#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    const char *page;
    const char *quote;
} cases[] = {
    {"", ""},
    {"   \r\n\t ", ""},
    {"Access denied", "Access denied"},
    {"  Access \r\n\t denied  ", "Access denied"},
    {"<html><head><title>Blocked</title></head><body>text</body>", "Blocked"},
    {"<TITLE lang=\"en\">\n  Blocked  by\n policy </TITLE>", "Blocked by policy"},
    {"<title></title><h1>Denied</h1>", "Denied"},
    {"<title>Cut off", "Cut off"},
    {"<title", ""},
    {"<title>", ""},
    {"<h1>Denied</h1><p>by <b>policy</b></p>", "Denied by policy"},
    {"<script>var a = 1 < 2;</script>Denied", "Denied"},
    {"<style>b { color: red }</style>Denied", "Denied"},
    {"<!-- <b>hidden</b> -->Denied", "Denied"},
    {"<script>never ends", ""},
    {"<!-- never ends", ""},
    {"<p never ends", ""},
    {"Denied\x1b[31m\x07 here", "Denied [31m here"},
    {"Zugriff f\xc3\xbcr alle", "Zugriff f\xc3\xbcr alle"},
    {"<title>Zugriff f\xc3\xbcr alle</title>", "Zugriff f\xc3\xbcr alle"},
    {"\xd0\x94\xd0\xbe\xd1\x81\xd1\x82\xd1\x83\xd0\xbf", /* Cyrillic */
     "\xd0\x94\xd0\xbe\xd1\x81\xd1\x82\xd1\x83\xd0\xbf"},
    {"\xe2\x82\xac \xf0\x9f\x9b\x91", "\xe2\x82\xac \xf0\x9f\x9b\x91"},
    {"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf", /* the edges of what is valid */
     "\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf"},
    {"f\xfcr", "f r"},                 /* Latin-1 */
    {"a\xc3", "a"},                    /* a sequence cut off */
    {"a\xe2\x82 b", "a b"},            /* and in the middle */
    {"a\xc3<b>d", "a d"},              /* a tag is not a part of it */
    {"a\xc0\xafz", "a z"},             /* overlong '/' */
    {"a\xe0\x80\xafz", "a z"},         /* again */
    {"a\xf0\x80\x80\xafz", "a z"},     /* again */
    {"a\xed\xa0\x80z", "a z"},         /* a surrogate */
    {"a\xf4\x90\x80\x80z", "a z"},     /* above U+10FFFF */
    {"a\xf8\x88\x80\x80\x80z", "a z"}, /* five bytes */
    {"a\x80\xbfz", "a z"},             /* no first byte */
    {"a\xc2\x9bz\xc2\x85y", "a z y"},  /* control characters: CSI, NEL */
    {"a\xc2\xa0 z", "a z"},            /* a blank that does not break */
    {"a\xe2\x80\xaez\xe2\x80\xa8y\xe2\x81\xa6x", "a z y x"}, /* RLO, LS, LRI */
    {"\xef\xbb\xbf"
     "Denied",
     "Denied"}, /* a byte order mark */
    {"Caf&#39;s &amp; &lt;b&gt; &quot;x&quot;", "Caf's & <b> \"x\""},
    {"&amp;lt;", "&lt;"}, /* decoded once */
    {"&nbsp;a&nbsp; &nbsp;b&nbsp;", "a b"},
    {"A&B &unknown; &am", "A&B &unknown; &am"},
    {"<title>A &amp; B</title>", "A & B"},
    {"a<b", "a"},
};

START_TEST(pages)
{
    char out[QUOTE_LIMIT + 1];

    memset(out, '#', sizeof(out));
    quote_page(span_of(cases[_i].page), out);
    ck_assert_str_eq(out, cases[_i].quote);
}
END_TEST

/* Every cut of every page: views must not be read beyond their end. */
START_TEST(cut_pages)
{
    for (size_t len = 0; len <= strlen(cases[_i].page); len++) {
        char out[QUOTE_LIMIT + 1];
        char *exact = malloc(len ? len : 1);

        memcpy(exact, cases[_i].page, len);
        quote_page((struct span){exact, len}, out);
        ck_assert_uint_le(strlen(out), len);
        free(exact);
    }
}
END_TEST

START_TEST(long_text_is_cut)
{
    char page[1000], out[QUOTE_LIMIT + 1];

    memset(page, 'a', sizeof(page));
    quote_page((struct span){page, sizeof(page)}, out);
    ck_assert_uint_eq(strlen(out), QUOTE_LIMIT);
    for (size_t i = 1; i < sizeof(page); i += 2)
        page[i] = ' ';
    quote_page((struct span){page, sizeof(page)}, out);
    ck_assert_uint_le(strlen(out), QUOTE_LIMIT);
    ck_assert_uint_eq(strlen(out), QUOTE_LIMIT - 1); /* no blank at the end */
    memset(page, 0, sizeof(page));
    quote_page((struct span){page, sizeof(page)}, out);
    ck_assert_str_eq(out, "");
}
END_TEST

/* At every offset a character of every length is whole or not there. */
START_TEST(no_character_is_cut)
{
    static const char *const characters[] = {"a", "\xc3\xbc", "\xe2\x82\xac",
                                             "\xf0\x9f\x9b\x91"};
    const char *character = characters[_i];
    size_t size = strlen(character);

    for (size_t begin = 0; begin < 4; begin++) {
        char page[1000], out[QUOTE_LIMIT + 1];
        size_t len = begin;

        memset(page, 'x', begin);
        for (; len + size <= sizeof(page); len += size)
            memcpy(page + len, character, size);
        quote_page((struct span){page, len}, out);
        ck_assert_uint_eq(strlen(out), begin + (QUOTE_LIMIT - begin) / size * size);
        ck_assert_int_eq(memcmp(out, page, strlen(out)), 0);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quote");
    TCase *tcase = tcase_create("quote");

    tcase_add_loop_test(tcase, pages, 0, COUNT(cases));
    tcase_add_loop_test(tcase, cut_pages, 0, COUNT(cases));
    tcase_add_test(tcase, long_text_is_cut);
    tcase_add_loop_test(tcase, no_character_is_cut, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
