/*
 * test_body: bodies of every framing, in pieces of every size.
 */
#include "http/body.h"

#include <stdio.h>
#include <string.h>

#include "suite.h"

#define COUNT(array) ((int)(sizeof(array) / sizeof((array)[0])))

static const struct {
    enum framing_kind kind;
    uint64_t length;
    const char *in;
    enum body_progress end;
    const char *data;
    const char *rest; /* what is left of the input at the end */
    const char *trailers;
} cases[] = {
    {FRAMING_NONE, 0, "GET / HTTP/1.1", BODY_END, "", "GET / HTTP/1.1", ""},
    {FRAMING_NONE, 0, "", BODY_END, "", "", ""},
    {FRAMING_LENGTH, 0, "next", BODY_END, "", "next", ""},
    {FRAMING_LENGTH, 5, "helloGET", BODY_END, "hello", "GET", ""},
    {FRAMING_LENGTH, 5, "hello", BODY_END, "hello", "", ""},
    {FRAMING_LENGTH, 6, "hello", BODY_MORE, "hello", "", ""},
    {FRAMING_LENGTH, UINT64_MAX, "hello", BODY_MORE, "hello", "", ""},
    {FRAMING_CLOSE, 0, "all of it", BODY_MORE, "all of it", "", ""},
    {FRAMING_CHUNKED, 0, "0\r\n\r\nGET", BODY_END, "", "GET", ""},
    {FRAMING_CHUNKED, 0, "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\n\r\nGET", BODY_END, "abcde",
     "GET", ""},
    {FRAMING_CHUNKED, 0, "3\r\nabc\r\n0\r\nA: b\r\n\r\nGET", BODY_END, "abc", "GET",
     "A: b\r\n"},
    {FRAMING_CHUNKED, 0, "3\r\nab", BODY_MORE, "ab", "", ""},
    {FRAMING_CHUNKED, 0, "xyz\r\n", BODY_BAD, "", NULL, ""},
    {FRAMING_CHUNKED, 0, "3\r\nabcde", BODY_BAD, "abc", NULL, ""},
};

static void read_in_pieces(int i, size_t piece, bool strict)
{
    struct framing framing = {cases[i].kind, cases[i].length};
    struct span all = span_of(cases[i].in), in = {all.at, 0}, data;
    enum body_progress progress = BODY_MORE;
    struct body body;
    char got[64] = "";

    body_init(&body, &framing, strict);
    for (;;) {
        progress = body_read(&body, &in, &data);
        if (progress == BODY_DATA) {
            ck_assert_uint_gt(data.len, 0);
            strncat(got, data.at, data.len);
        } else if (progress == BODY_MORE) {
            size_t left = (size_t)(all.at + all.len - in.at);

            ck_assert_uint_eq(in.len, 0);
            if (left == 0)
                break;
            in.len = left < piece ? left : piece;
        } else {
            break;
        }
    }
    ck_assert_int_eq(progress, cases[i].end);
    ck_assert_str_eq(got, cases[i].data);
    ck_assert_int_eq(body.error != NULL, progress == BODY_BAD);
    ck_assert_int_eq(body_ends_by_close(&body), cases[i].kind == FRAMING_CLOSE);
    if (cases[i].rest)
        ck_assert_str_eq(in.at, cases[i].rest);
    if (progress == BODY_END) {
        ck_assert(span_equal(body_trailers(&body), span_of(cases[i].trailers)));
        ck_assert_int_eq(body_read(&body, &in, &data),
                         BODY_END); /* it stays at the end */
        ck_assert_str_eq(in.at, cases[i].rest);
    }
    body_clear(&body);
}

START_TEST(any_framing_in_pieces)
{
    for (size_t piece = 1; piece < 40; piece++) {
        read_in_pieces(_i, piece, true);
        read_in_pieces(_i, piece, false);
    }
}
END_TEST

START_TEST(bare_newlines_only_where_lenient)
{
    struct framing framing = {FRAMING_CHUNKED, 0};
    struct body body;
    struct span data;

    for (int strict = 0; strict < 2; strict++) {
        struct span in = SPAN("1\na");

        body_init(&body, &framing, strict);
        ck_assert_int_eq(body_read(&body, &in, &data), strict ? BODY_BAD : BODY_DATA);
        body_clear(&body);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("body");
    TCase *tcase = tcase_create("body");

    tcase_add_loop_test(tcase, any_framing_in_pieces, 0, COUNT(cases));
    tcase_add_test(tcase, bare_newlines_only_where_lenient);
    suite_add_tcase(suite, tcase);
    return suite_run(suite);
}
