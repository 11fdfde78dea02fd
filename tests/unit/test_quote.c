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
    {"Zugriff f\xc3\xbcr alle", "Zugriff f r alle"},
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
    ck_assert_int_eq(out[QUOTE_LIMIT - 1], ' ');
    memset(page, 0, sizeof(page));
    quote_page((struct span){page, sizeof(page)}, out);
    ck_assert_str_eq(out, "");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("quote");
    TCase *tcase = tcase_create("quote");

    tcase_add_loop_test(tcase, pages, 0, COUNT(cases));
    tcase_add_loop_test(tcase, cut_pages, 0, COUNT(cases));
    tcase_add_test(tcase, long_text_is_cut);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
